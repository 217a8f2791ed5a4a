"""Densities of regions by hand, with cells that are not known."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.metrics.region_relatedness import SCHEMA, region_densities

CLUSTERS = ("cars", "ships", "toys")


def cells(kind: str, rows: dict[str, tuple[object, object, object]]) -> pl.DataFrame:
    """Quotients by region in the order of CLUSTERS; a pair is an interval."""
    table = []
    for region, figures in rows.items():
        for cluster, figure in zip(CLUSTERS, figures, strict=True):
            lq, low, high = (None, *figure) if isinstance(figure, tuple) else (figure, None, None)
            table.append((kind, 2021, "s", region, cluster, lq, low, high))
    names = [
        "geo_type",
        "period_year",
        "scheme",
        "geo_id",
        "cluster_id",
        "lq",
        "lq_lower",
        "lq_upper",
    ]
    types = dict.fromkeys(("lq", "lq_lower", "lq_upper"), pl.Float64)
    return pl.DataFrame(table, schema=names, orient="row", schema_overrides=types)


def test_density_by_hand() -> None:
    # cars in a, b, c; toys in a, b; ships in a. With 3, 2 and 1 regions: cars-toys 2/3,
    # cars-ships 1/3, toys-ships 1/2. b has cars and toys.
    found = region_densities(
        cells("state", {"a": (2.0, 1.0, 1.5), "b": (1.0, 0.0, 3.0), "c": (1.2, 0.9, 0.1)})
    )
    assert found.schema == pl.Schema(SCHEMA) and found.height == 9
    b = dict(found.filter(pl.col("geo_id") == "b").select("cluster_id", "density").iter_rows())
    assert b == {
        "cars": pytest.approx((2 / 3) / (2 / 3 + 1 / 3)),
        "toys": pytest.approx((2 / 3) / (2 / 3 + 1 / 2)),
        "ships": pytest.approx(1.0),
    }
    assert found["density"].equals(found["density_lower"])
    assert found["density"].equals(found["density_upper"])


def test_what_is_not_known_is_left_out_and_bounded() -> None:
    rows = {
        "a": (2.0, 2.0, 2.0), "b": (2.0, 2.0, 2.0), "c": (2.0, 0.0, 2.0), "d": (0.0, 0.0, 2.0),
        "e": (2.0, (0.5, 3.0), 0.0),
    }  # fmt: skip
    found = region_densities(cells("state", rows)).filter(pl.col("geo_id") == "e")
    cars = found.row(by_predicate=pl.col("cluster_id") == "cars", named=True)
    # near cars: ships (not known) and toys (not there): 0 of toys; with ships 0 or 1
    assert cars["density"] == 0 and cars["density_lower"] == 0 and cars["unknown_count"] == 1
    assert 0 < cars["density_upper"] < 1
    # an interval on one side of 1 is known
    sure = region_densities(cells("state", rows | {"e": (2.0, (1.5, None), 0.0)}))
    row = sure.row(
        by_predicate=(pl.col("geo_id") == "e") & (pl.col("cluster_id") == "cars"), named=True
    )
    assert row["unknown_count"] == 0 and row["density"] == row["density_upper"] > 0


def test_kinds_of_regions_are_apart() -> None:
    states = cells("state", {"a": (2.0, 1.0, 1.5), "b": (1.0, 0.0, 3.0)})
    areas = cells("economic_area", {"x": (2.0, 2.0, 0.0), "y": (2.0, 2.0, 0.0)})
    alone = region_densities(states)
    both = region_densities(pl.concat([states, areas]))
    assert both.filter(pl.col("geo_id").is_in(["a", "b"])).equals(alone)
    assert region_densities(states.clear()).schema == pl.Schema(SCHEMA)
