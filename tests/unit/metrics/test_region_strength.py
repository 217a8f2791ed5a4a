"""Groups keep to themselves, and the long table says what the formulas say."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pipelines.metrics.region_strength import SCHEMA, strengths
from pipelines.metrics.specialisation import standardised_lq


def cells(kind: str, quotients: list[float | None], **more: object) -> pl.DataFrame:
    number = len(quotients)
    frame = pl.DataFrame(
        {
            "geo_type": [kind] * number,
            "period_year": [2021] * number,
            "scheme": ["s"] * number,
            "cluster_class": ["traded"] * number,
            "geo_id": [f"{kind}{n:02d}" for n in range(number)],
            "cluster_id": ["food"] * number,
            "lq": quotients,
            "lq_lower": [None] * number,
            "lq_upper": [None] * number,
            "employment": [None if q is None else 100.0 * q for q in quotients],
            "employment_lower": [0.0] * number,
            "employment_upper": [None] * number,
            "establishments": [10.0 + n for n in range(number)],
        },
        schema_overrides={"lq_lower": pl.Float64, "lq_upper": pl.Float64,
                          "employment_upper": pl.Float64},
    )  # fmt: skip
    return frame.with_columns(**{name: pl.Series(value) for name, value in more.items()})


def test_a_group_is_judged_by_itself() -> None:
    counties = cells("county", [0.5, 1.0, 2.0, 4.0, 8.0])
    states = cells("state", [1.0, 1.1, 1.2])
    alone = strengths(counties, draws=99)
    both = strengths(pl.concat([states, counties]), draws=99)
    assert alone.schema == pl.Schema(SCHEMA)
    assert alone.equals(both.filter(pl.col("geo_id").str.starts_with("county")))
    found = standardised_lq(np.array([[0.5], [1.0], [2.0], [4.0], [8.0]]), draws=99)
    np.testing.assert_allclose(alone["slq"].to_numpy(), found.slq[:, 0])
    # ln LQ = ln 2 · (-1, 0, 1, 2, 3): mean ln 2, deviation ln 2 · sqrt(2.5)
    assert alone["ln_mean"][0] == pytest.approx(np.log(2))
    assert alone["ln_sd"][0] == pytest.approx(np.log(2) * np.sqrt(2.5))
    assert (alone["draws_count"] == 99).all() and (alone["regions_count"] == 5).all()
    # the 75th percentile is 4: at or above it, at or above 1, and not at the base's limits
    assert alone["strong"].to_list() == [False, False, False, True, True]


def test_a_withheld_cell_has_no_significance_and_a_verdict_only_where_bounds_agree() -> None:
    hidden = cells(
        "county",
        [0.5, 1.0, 2.0, 4.0, None, None, None],
        lq_lower=[None, None, None, None, 5.0, 0.1, 0.1],
        lq_upper=[None, None, None, None, 9.0, 9.0, 0.2],
        employment_lower=[0.0, 0.0, 0.0, 0.0, 500.0, 10.0, 10.0],
        employment_upper=[None, None, None, None, 900.0, None, 20.0],
    )
    found = strengths(hidden, draws=19)
    assert found["slq"].to_list()[4:] == found["p_value"].to_list()[4:] == [None] * 3
    assert found["strong"].to_list()[4:] == [True, None, False]


def test_no_cells_are_no_rows() -> None:
    assert strengths(cells("county", []), draws=19).schema == pl.Schema(SCHEMA)
