"""Published complexity and relatedness against the formulas in Python, from the published cells and
the promoted rows: what is built in SQL and pairs is what the matrices give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines import warehouse
from pipelines.metrics.advantage import presence, rca
from pipelines.metrics.complexity import eci_pci
from pipelines.metrics.relatedness import density, proximity


@pytest.fixture(scope="module")
def cells(demo_home: Path) -> pl.DataFrame:
    with warehouse.open_published(demo_home) as con:
        return con.sql(
            """
            select indicator_id, geo_id, cluster_id, period, value, obs_status, source_ids,
                components['is_in_sample'] as in_sample,
                components['rca_is_at_least_1'] as has_advantage,
            from marts.fct_indicator_value
            where indicator_id in ('eci', 'relatedness_density', 'rsca_export')
                and geo_id in (select geo_id from marts.dim_geo where geo_type = 'economy')
            """
        ).pl()


def _newest(cells: pl.DataFrame, indicator: str) -> pl.DataFrame:
    found = cells.filter(pl.col("indicator_id") == indicator)
    return found.filter(pl.col("period") == found["period"].max())


def test_eci_is_that_of_the_flows(demo_home: Path, cells: pl.DataFrame) -> None:
    """Headings summed, RCA and presence in doubles, the eigenvector of the matrix."""
    found = _newest(cells, "eci").sort("geo_id")
    year = int(found["period"][0])
    with warehouse.open_published(demo_home) as con:
        vintage = con.sql("select vintage from meta.source_snapshot where source_id = 'baci'").pl()
    promoted = demo_home / "raw" / "synthetic" / "baci" / f"vintage={vintage.item()}"
    flows = pl.scan_parquet(promoted / "flows" / "*.parquet")
    codes = pl.read_parquet(promoted / "economies" / "*.parquet")
    names = dict(codes.select("economy_code", "economy_code_iso3").rows()) | {"490": "TWN"}
    exports = (
        flows.filter(pl.col("period_year") == year)
        .with_columns(pl.col("product_code").str.head(4).alias("heading"))
        .filter(pl.col("heading") != "9999")
        .group_by("exporter_code", "heading")
        .agg(pl.col("value_kusd").cast(pl.Float64).sum())
        .collect()
        .pivot("heading", index="exporter_code", values="value_kusd")
        .fill_null(0)
        .with_columns(pl.col("exporter_code").replace_strict(names))
        .sort("exporter_code")
    )
    matrix = presence(rca(exports.drop("exporter_code").to_numpy()))
    who = exports["exporter_code"].to_list()
    assert who == found["geo_id"].to_list()
    sample = found["in_sample"].to_numpy() == 1
    eigen = eci_pci(matrix & sample[:, None], normalise="population")
    mean = (matrix @ np.nan_to_num(eigen.pci)) / (matrix & ~np.isnan(eigen.pci)).sum(axis=1)
    assert found["value"].to_numpy() == pytest.approx(mean, abs=1e-9)
    inside = found.filter(pl.col("in_sample") == 1)
    assert set(inside["obs_status"]) == {"A"} and inside.height >= 30
    assert inside["value"].mean() == pytest.approx(0, abs=1e-12)
    assert inside["value"].std(ddof=0) == pytest.approx(1)
    # Brunei has less than a million people: read off the products, not ranked
    assert found.filter(pl.col("in_sample") == 0).select("geo_id", "obs_status").rows() == [
        ("BRN", "U")
    ]
    assert all(any(s.startswith("baci/") for s in used) for used in found["source_ids"])
    with warehouse.open_published(demo_home) as con:
        listed = con.sql("select period, product_code_hs4, pci from marts.product_complexity").pl()
    listed = listed.filter(pl.col("period") == str(year))
    headings = exports.columns[1:]
    pci = dict(zip(headings, eigen.pci, strict=True))
    assert sorted(headings) == sorted(listed["product_code_hs4"])
    assert listed["pci"].to_numpy() == pytest.approx(
        np.array([pci[code] for code in listed["product_code_hs4"]]), abs=1e-9, nan_ok=True
    )


def test_relatedness_density_is_that_of_the_matrix(cells: pl.DataFrame) -> None:
    found = _newest(cells, "relatedness_density")
    year = found["period"][0]
    wide = (
        cells.filter(
            pl.col("indicator_id") == "rsca_export", pl.col("period") == year,
            pl.col("cluster_id") != "all", pl.col("has_advantage").is_not_null(),
        )
        .pivot("cluster_id", index="geo_id", values="has_advantage")
        .sort("geo_id")
    )  # fmt: skip
    eci = _newest(cells, "eci")
    sample = wide["geo_id"].is_in(eci.filter(pl.col("in_sample") == 1)["geo_id"].to_list())
    matrix = wide.drop("geo_id").to_numpy().astype(bool)
    phi = proximity(matrix[sample.to_numpy()])
    expected = matrix @ np.nan_to_num(phi) / np.nan_to_num(phi).sum(axis=0)
    ours = found.pivot("cluster_id", index="geo_id", values="value").sort("geo_id")
    assert ours["geo_id"].to_list() == wide["geo_id"].to_list()
    assert ours.select(wide.columns[1:]).to_numpy() == pytest.approx(expected, abs=1e-12)
    # with everybody in the sample it is the public function
    assert density(matrix[sample.to_numpy()])[0] == pytest.approx(
        expected[sample.to_numpy()][0], abs=1e-12
    )


def test_members_are_all_there(demo_home: Path, cells: pl.DataFrame) -> None:
    with warehouse.open_published(demo_home) as con:
        apec = {row[0] for row in con.execute("from reference.apec_economies").fetchall()}
    for indicator in ("eci", "relatedness_density"):
        for _, part in cells.filter(pl.col("indicator_id") == indicator).group_by(
            "period", "cluster_id"
        ):
            assert apec <= set(part["geo_id"])
