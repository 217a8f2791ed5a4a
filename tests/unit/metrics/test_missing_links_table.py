"""The long table of missing links says what the formula says, for every region at once."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.metrics.missing_links_table import NEAR, OWN, SCHEMA, missing_links

# The nation: 1,000 jobs in food, 400 in steel, 200 in glass; food buys 3/4 steel and 1/4 glass.
WEIGHTS = pl.DataFrame(
    {
        "period_year": [2021, 2021],
        "cluster_id": ["food", "food"],
        "supplier_code_bea": ["glass", "steel"],
        "weight": [0.25, 0.75],
    }
)
NEIGHBOURS = pl.DataFrame(
    {"geo_id": ["a"], "neighbour_geo_id": ["b"], "distance_km": [50.0]},
)


def clusters(*rows: tuple[str, str, float | None, float, float | None]) -> pl.DataFrame:
    names = ["geo_type", "geo_id", "emp_count", "emp_lower_count", "emp_upper_count"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        period_year=pl.lit(2021, pl.Int64), cluster_id=pl.lit("food"), nation_emp_count=1000
    )


def suppliers(*rows: tuple[str, str, str, float, float | None]) -> pl.DataFrame:
    names = ["geo_type", "geo_id", "bea_summary_code", "emp_lower_count", "emp_upper_count"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        period_year=pl.lit(2021, pl.Int64)
    )


NATION = (("state", "S", "steel", 400, 400), ("state", "S", "glass", 200, 200))


def test_index_and_links_by_hand() -> None:
    # a has a tenth of food, 20 of 400 in steel (CILQ 0.5) and no glass (0): 0.75·0.5 + 0.25 = 0.625
    # b is withheld, 50 to 100 jobs; steel 40 (CILQ 1 to 2), glass 0 to 20 (0 to 2): index 0 to 0.25
    # S is all of the nation: nothing is missing. c is too small.
    found = missing_links(
        clusters(
            ("county", "a", 100, 100, 100), ("county", "b", None, 50, 100),
            ("state", "S", 1000, 1000, 1000), ("county", "c", 20, 20, 20),
        ),
        suppliers(
            *NATION, ("county", "a", "steel", 20, 20), ("county", "b", "steel", 40, 40),
            ("county", "b", "glass", 0, 20),
        ),
        WEIGHTS,
        NEIGHBOURS,
    )  # fmt: skip
    assert found.schema == pl.Schema(SCHEMA)
    own = found.filter(pl.col("basis") == OWN)
    index = own.filter(pl.col("supplier_code_bea").is_null())
    columns = ("value", "value_lower", "value_upper")
    cells = {row[0]: row[1:] for row in index.select("geo_id", *columns).iter_rows()}
    assert cells == {
        "a": pytest.approx((0.625, 0.625, 0.625)),
        "b": (None, pytest.approx(0.0), pytest.approx(0.25)),
        "S": pytest.approx((0.0, 0.0, 0.0)),
    }
    links = own.filter(pl.col("supplier_code_bea").is_not_null())
    assert links.select("geo_id", "supplier_code_bea", "weight", *columns, "is_sure").rows() == [
        ("a", "glass", 0.25, 0.0, 0.0, 0.0, True),
        ("b", "glass", 0.25, None, 0.0, 2.0, False),
    ]
    # around a: b's 40 jobs in steel at e^-1, so that CILQ is (20 + 40/e) / 400 / 0.1 = 0.868
    near = found.filter((pl.col("basis") == NEAR) & (pl.col("geo_id") == "a"))
    steel = (20 + 40 * 2.718281828459045**-1) / 400 / 0.1
    assert near["value_upper"][0] == pytest.approx(0.75 * (1 - steel) + 0.25)
    glass = 20 * 2.718281828459045**-1 / 200 / 0.1
    assert near["value_lower"][0] == pytest.approx(0.75 * (1 - steel) + 0.25 * (1 - glass))
    assert found.filter((pl.col("basis") == NEAR) & (pl.col("geo_id") == "S")).is_empty()


def test_an_open_supplier_bounds_nothing_from_above() -> None:
    found = missing_links(
        clusters(("county", "a", 100, 100, None), ("state", "S", 1000, 1000, 1000)),
        suppliers(*NATION, ("county", "a", "steel", 20, None), ("county", "a", "glass", 20, 20)),
        WEIGHTS,
        NEIGHBOURS.clear(),
    )
    own = found.filter((pl.col("geo_id") == "a") & pl.col("supplier_code_bea").is_null())
    # the cluster is open upwards as well: every quotient could be 0
    assert own.select("value", "value_lower", "value_upper").row(0) == pytest.approx(
        (0.375, 0.0, 1.0)
    )
    assert set(found["basis"]) == {OWN}


def test_only_the_newest_year_is_named_and_years_without_accounts_have_no_cell() -> None:
    cells = clusters(("county", "a", 100, 100, 100), ("state", "S", 1000, 1000, 1000))
    earlier = cells.with_columns(period_year=pl.lit(2020, pl.Int64))
    weights = pl.concat([WEIGHTS, WEIGHTS.with_columns(period_year=pl.lit(2020, pl.Int64))])
    there = pl.concat(
        [suppliers(*NATION), suppliers(*NATION).with_columns(period_year=pl.lit(2020, pl.Int64))]
    )
    found = missing_links(pl.concat([cells, earlier]), there, weights, NEIGHBOURS.clear())
    named = found.filter(pl.col("supplier_code_bea").is_not_null())
    assert set(found["period_year"]) == {2020, 2021} and set(named["period_year"]) == {2021}
    alone = missing_links(pl.concat([cells, earlier]), there, WEIGHTS, NEIGHBOURS.clear())
    assert set(alone["period_year"]) == {2021}
    none = missing_links(cells, there, WEIGHTS.clear(), NEIGHBOURS.clear())
    assert none.is_empty() and none.schema == pl.Schema(SCHEMA)
