"""The method of complexity on world trade of 2017, against figures that others published.

The oracle's ECI is its 20th reflection, a power iteration that had not quite ended: it is compared
by correlation. Presence, diversity and ubiquity are compared exactly.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.metrics.complexity_table import Panel, Tables, panels, tables

pytestmark = pytest.mark.real


def _panel(real_data: Path, year: int) -> Panel:
    file = real_data / "trade" / "panels" / "ots_hs4_exports_1962_1980_2017.csv.gz"
    rows = pl.read_csv(file, infer_schema=False).filter(pl.col("year") == str(year))
    rows = rows.select(
        pl.col("country").alias("location"),
        "product",
        pl.col("export_value_usd").cast(pl.Float64).alias("value"),
    )
    (panel,) = panels(rows, missing="zero")
    return panel


@pytest.fixture(scope="module")
def of_2017(real_data: Path) -> Tables:
    return tables(_panel(real_data, 2017))


def _oracle(real_data: Path, name: str) -> pl.DataFrame:
    file = real_data / "trade" / "oracles" / f"oracle_2017_{name}.csv.gz"
    return pl.read_csv(file, schema_overrides={"product": pl.String}, null_values=[])


def test_presence_is_that_of_the_oracle_pair_by_pair(real_data: Path, of_2017: Tables) -> None:
    listed = _oracle(real_data, "rca_ge1")
    assert set(listed["rca_binary"]) == {1.0}
    theirs = set(listed.select("country", "product").rows())
    ours = set(of_2017.cells.filter(pl.col("m") == 1).select("location", "product").rows())
    assert ours == theirs and len(theirs) == 28_688


def test_diversity_and_ubiquity_are_those_of_the_oracle(real_data: Path, of_2017: Tables) -> None:
    for name, table, ours, theirs in (
        ("country", of_2017.locations, "location", "diversity"),
        ("product", of_2017.products, "product", "ubiquity"),
    ):
        listed = _oracle(real_data, name)
        both = table.join(listed, left_on=ours, right_on=name, suffix="_listed")
        assert both.height == listed.height
        assert both[theirs].to_list() == both[f"{theirs}_listed"].to_list()
        # the oracle leaves out nobody with any presence
        assert table.filter(pl.col(theirs) > 0).height == listed.height


def test_eci_and_pci_correlate_with_the_reflections(real_data: Path, of_2017: Tables) -> None:
    for name, table, ours, value in (
        ("country", of_2017.locations, "location", "eci"),
        ("product", of_2017.products, "product", "pci"),
    ):
        both = table.join(_oracle(real_data, name), left_on=ours, right_on=name)
        r = np.corrcoef(both[value], both[f"{value}_reflections20"])[0, 1]
        assert r >= 0.9999, f"{value}: {r}"


@pytest.mark.parametrize(
    ("year", "shape"), [(1962, (158, 991)), (1980, (193, 1106)), (2017, (224, 1222))]
)
def test_every_year_has_an_eci_and_bounded_densities(
    real_data: Path, year: int, shape: tuple[int, int]
) -> None:
    panel = _panel(real_data, year)
    found = tables(panel)
    assert panel.values.shape == shape and found.cells.height == shape[0] * shape[1]
    assert found.problem is None
    # 1980: the French Southern Territories are listed without any export
    silent = ["atf"] if year == 1980 else []
    assert found.locations.filter(pl.col("eci").is_null())["location"].to_list() == silent
    assert found.cells["density"].is_between(0, 1).all()
    eci = found.locations["eci"].drop_nulls()
    assert eci.mean() == pytest.approx(0, abs=1e-12) and eci.std(ddof=0) == pytest.approx(1, 1e-5)
    mean = (
        found.cells.filter(pl.col("m") == 1)
        .join(found.products, on="product")
        .group_by("location")
        .agg(pl.col("pci").mean())
        .join(found.locations, on="location")
    )
    assert mean["pci"].to_numpy() == pytest.approx(mean["eci"].to_numpy(), abs=1e-10)
