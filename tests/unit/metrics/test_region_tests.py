"""Estimates over all regions: the long tables say what the formulas say."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pipelines.metrics.concentration import SizeMoments, ellison_glaeser, gamma_under_chance
from pipelines.metrics.region_tests import (
    DIFFUSION_SCHEMA,
    GAMMA_SCHEMA,
    ICT_SCHEMA,
    PANEL_SCHEMA,
    chance,
    concentrations,
    diffusions,
    entry_gradients,
    entry_panels,
    ict_interactions,
)

TOTALS = pl.DataFrame(
    {
        "period_year": [2021] * 4,
        "geo_type": ["county"] * 4,
        "geo_id": list("abcd"),
        "employment": [250] * 4,
    },
)


def cells(*rows: tuple[str, int | None, int, int | None]) -> pl.DataFrame:
    names = ["geo_id", "employment", "employment_lower", "employment_upper"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        period_year=pl.lit(2021, pl.Int64),
        geo_type=pl.lit("county"),
        kind=pl.lit("cluster"),
        industry=pl.lit("food"),
    )


def sizes(shown: int = 10, all_: int = 10, year: int = 2020) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "period_year": [year], "kind": ["cluster"], "industry": ["food"],
            "size_lower": [10], "size_upper": [10], "plants_count": [shown],
            "plants_all_count": [all_],
        }
    )  # fmt: skip


def test_gamma_by_hand() -> None:
    # ten plants of 10 jobs: H = 0.1. Shares 0.6 and 0.4 against four times 0.25:
    # G = 0.35² + 0.15² + 2 · 0.25² = 0.27; γ = (0.27 − 0.75 · 0.1) / (0.75 · 0.9) = 0.28889
    found = concentrations(cells(("a", 60, 60, 60), ("b", 40, 40, 40)), sizes(), TOTALS)
    assert found.schema == pl.Schema(GAMMA_SCHEMA)
    row = found.row(0, named=True)
    assert row["raw_concentration"] == pytest.approx(0.27)
    assert row["gamma"] == pytest.approx((0.27 - 0.075) / 0.675)
    assert row["size_year"] == 2020 and row["plants_count"] == 10
    assert row["gamma_lower"] is None and row["withheld_count"] == 0


def test_kinds_of_regions_are_apart() -> None:
    # two states of two counties each: shares 0.6 and 0.4 against 0.5 and 0.5, G = 0.02
    counties = cells(("a", 60, 60, 60), ("b", 0, 0, 0), ("c", 40, 40, 40))
    states = cells(("S", 60, 60, 60), ("T", 40, 40, 40)).with_columns(geo_type=pl.lit("state"))
    totals = pl.concat(
        [TOTALS, TOTALS[:2].with_columns(geo_type=pl.lit("state"), geo_id=pl.Series(["S", "T"]))]
    )
    found = concentrations(pl.concat([counties, states]), sizes(), totals)
    assert found["geo_type"].to_list() == ["county", "state"]
    assert found["raw_concentration"].to_list() == pytest.approx([0.27, 0.02])
    assert found["gamma"][1] == pytest.approx((0.02 - 0.5 * 0.1) / (0.5 * 0.9))


def test_a_withheld_county_bounds_gamma() -> None:
    found = concentrations(cells(("a", 60, 60, 60), ("b", None, 20, 60)), sizes(), TOTALS)
    row = found.row(0, named=True)
    x, h = np.full(4, 0.25), 0.1
    at = [ellison_glaeser([60 / (60 + b), b / (60 + b), 0, 0], x, h).gamma for b in (20, 40, 60)]
    assert row["gamma"] == pytest.approx(at[1])
    assert row["gamma_lower"] <= min(at) + 1e-9 and row["gamma_upper"] >= max(at) - 1e-9
    assert row["withheld_count"] == 1


def test_sizes_that_are_hardly_shown_give_no_gamma_and_no_zero() -> None:
    found = concentrations(cells(("a", 60, 60, 60)), sizes(shown=6), TOTALS)
    row = found.row(0, named=True)
    assert row["gamma"] is None and row["raw_concentration"] == pytest.approx(0.75)
    none = concentrations(cells(("a", 60, 60, 60)), sizes().clear(), TOTALS)
    assert none["gamma"].to_list() == [None]


def test_variance_under_chance_is_that_of_the_simulation() -> None:
    rng = np.random.default_rng(7)
    x = rng.dirichlet(np.full(60, 2.0))
    plants = rng.lognormal(3, 0.8, 3000)
    exact = chance(0.0005, x, SizeMoments.of(plants))
    drawn = gamma_under_chance(plants, x, observed=0.0005, draws=4000)
    width = exact["chance_upper"] - exact["chance_lower"]
    assert width == pytest.approx(drawn.upper - drawn.lower, rel=0.1)
    assert exact["p_value"] == pytest.approx(drawn.p_value, abs=0.02)


def test_gradients_join_gamma_with_the_entry_of_the_next_year() -> None:
    gamma = pl.DataFrame(
        {"period_year": [2020] * 12, "industry": [f"{n:02d}" for n in range(12)],
         "gamma": [n / 10 for n in range(12)]}
    )  # fmt: skip
    entry = gamma.select(
        pl.col("period_year") + 1, "industry", (2 * pl.col("gamma")).alias("entry_rate")
    )
    found = entry_gradients(
        gamma, pl.concat([entry, entry.with_columns(period_year=pl.lit(2020, pl.Int64))]), draws=49
    )
    assert found["period_year"].to_list() == [2021]
    assert found["rho"].to_list() == pytest.approx([1.0])


def panel_of_entry(regions: int, seed: int = 5) -> pl.DataFrame:
    """Entry that falls by 2 in ln(1 + own jobs) and rises by 3 in ln(1 + related jobs)."""
    rng = np.random.default_rng(seed)
    jobs = rng.lognormal(6, 1, (6, regions, 5)).round()
    share = jobs[0] * jobs[0].sum() / np.outer(jobs[0].sum(axis=1), jobs[0].sum(axis=0)) >= 1
    both = share.T.astype(float) @ share
    near = both / np.maximum.outer(share.sum(axis=0), share.sum(axis=0))
    np.fill_diagonal(near, 0)
    effects = rng.normal(0, 5, (6, regions, 1)) + rng.normal(0, 5, (6, 1, 5))
    entry = effects + rng.normal(0, 0.01, jobs.shape)
    entry[1:] += -2 * np.log1p(jobs[:-1]) + 3 * np.log1p(jobs[:-1] @ near)
    return pl.DataFrame(
        [
            (2015 + t, f"r{r:03d}", f"i{i}", entry[t, r, i], jobs[t, r, i])
            for t in range(6)
            for r in range(regions)
            for i in range(5)
        ],
        schema=["period_year", "geo_id", "industry", "entry_rate", "employment"],
        orient="row",
    )


def test_panel_finds_convergence_and_agglomeration_that_are_in_the_figures() -> None:
    found = entry_panels(panel_of_entry(40))
    assert found.schema == pl.Schema(PANEL_SCHEMA)
    assert found["term"].to_list() == ["own", "related"]
    assert found["beta"].to_list() == pytest.approx([-2, 3], abs=0.01)
    assert (found["beta_lower"] < found["beta"]).all() and (found["beta_upper"] < 3.1).all()
    row = found.row(0, named=True)
    assert (row["first_year"], row["period_year"], row["observations_count"]) == (2016, 2020, 1000)


def test_panel_with_few_regions_or_one_year_says_nothing() -> None:
    few = entry_panels(panel_of_entry(12))
    assert few["beta"].to_list() == [None, None] and few["regions_count"].to_list() == [12, 12]
    table = panel_of_entry(40)
    assert entry_panels(table.filter(pl.col("period_year") == 2015)).is_empty()
    # a figure that is not known takes its own rows along, and those that it is related to
    gap = pl.when(pl.col("geo_id").eq("r003") & pl.col("period_year").eq(2016)).then(None)
    hidden = entry_panels(
        table.with_columns(gap.otherwise(pl.col("employment")).alias("employment"))
    )
    assert hidden["observations_count"][0] == 995


def test_diffusion_knows_neighbours_and_gaps() -> None:
    # a line of 60 regions, the first ten specialised; then the next twelve too, one of which
    # touches the old ones; one region is withheld
    regions = [f"r{n:02d}" for n in range(60)]
    rows = []
    for year, last in ((2017, 10), (2020, 22)):
        for n, region in enumerate(regions):
            rows.append((year, region, "food", 0.01 if n < last else 0.9, n != 59))
    table = pl.DataFrame(
        rows, schema=["period_year", "geo_id", "cluster_id", "p_value", "is_known"], orient="row"
    )
    pairs = pl.DataFrame({"geo_id": regions[:-1], "neighbour_geo_id": regions[1:]})
    found = diffusions(table, pairs, spans=(3, 5))
    assert found.schema == pl.Schema(DIFFUSION_SCHEMA) and found.height == 1
    row = found.row(0, named=True)
    assert (row["new_count"], row["eligible_count"], row["adjacent_count"]) == (12, 49, 1)
    assert row["observed"] == pytest.approx(1 / 12)
    assert row["expected"] == pytest.approx(1 / 49, abs=0.01)


def test_interaction_finds_the_premium_that_is_in_the_figures() -> None:
    rng = np.random.default_rng(3)
    rows = []
    for region in range(120):
        broadband = rng.uniform(0.4, 0.9)
        for cluster in range(6):
            lq = rng.lognormal(0, 0.7)
            growth = 0.1 * np.log1p(lq) * (broadband - 0.65) + rng.normal(0, 0.01)
            place = (f"r{region}", f"c{cluster}")
            rows.append((2024, "acs", "employment", *place, growth, lq, broadband))
    names = [
        "period_year", "survey", "outcome", "geo_id", "cluster_id",
        "growth", "lq", "broadband_share",
    ]  # fmt: skip
    table = pl.DataFrame(rows, schema=names, orient="row")
    found = ict_interactions(table)
    row = found.row(0, named=True)
    assert found.schema == pl.Schema(ICT_SCHEMA)
    assert row["delta"] == pytest.approx(0.1, abs=0.02)
    assert row["delta_lower"] < 0.1 < row["delta_upper"]
    assert row["regions_count"] == 120 and row["observations_count"] == 720
    gaps = table.with_columns(lq=pl.when(pl.col("geo_id") != "r0").then("lq"))
    assert ict_interactions(gaps)["observations_count"].to_list() == [714]
    assert ict_interactions(table.clear()).schema == pl.Schema(ICT_SCHEMA)
    two = pl.concat([table, table.with_columns(survey=pl.lit("microsoft"))])
    apart = ict_interactions(two)  # surveys are never pooled
    assert apart["survey"].to_list() == ["acs", "microsoft"]
    assert apart["observations_count"].to_list() == [720, 720]
