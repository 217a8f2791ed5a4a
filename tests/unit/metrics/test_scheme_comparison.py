"""Two sets of definitions over the same regions: by hand, against scipy, and what is withheld."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from pipelines.errors import MetricInput
from pipelines.metrics.scheme_comparison import SCHEMA, compare


def cells(**clusters: list[tuple[float | None, bool | None]]) -> pl.DataFrame:
    """`own__cars=[(lq, is_strong), …]`, one pair a region."""
    return pl.DataFrame(
        [
            (*name.split("__"), f"r{at}", lq, strong)
            for name, pairs in clusters.items()
            for at, (lq, strong) in enumerate(pairs)
        ],
        schema={
            "scheme": pl.String, "cluster_id": pl.String, "geo_id": pl.String,
            "lq": pl.Float64, "is_strong": pl.Boolean,
        },
        orient="row",
    )  # fmt: skip


HAND = cells(
    own__cars=[(1.0, False), (2.0, True), (3.0, True), (4.0, True), (None, None)],
    mine__vehicles=[(1.0, False), (3.0, True), (2.0, False), (9.0, True), (7.0, True)],
    mine__food=[(4.0, True), (3.0, False), (2.0, False), (1.0, False), (0.0, False)],
)


def test_by_hand() -> None:
    """Ranks 1 2 3 4 and 1 3 2 4: 1 − 6 · 2 / (4 · 15) = 0.8. Strong in both 2, in either 3."""
    found = compare(HAND, "own", "mine")
    assert found.schema == pl.Schema(SCHEMA)
    assert found.rows() == [
        ("cars", "food", False, 4, pytest.approx(-1.0), 3, 1, 0, 0.0),
        ("cars", "vehicles", True, 4, pytest.approx(0.8), 3, 2, 2, pytest.approx(2 / 3)),
    ]


def test_a_set_agrees_with_itself() -> None:
    found = compare(HAND, "mine", "mine").filter(pl.col("cluster_id") == pl.col("other_cluster_id"))
    assert found["is_closest"].all() and found["strong_overlap"].to_list() == [1.0, 1.0]
    assert found["rank_correlation"].to_list() == pytest.approx([1.0, 1.0])


def test_correlation_is_that_of_scipy_with_ties() -> None:
    rng = np.random.default_rng(6)
    one, two = rng.integers(0, 9, 60) / 2, rng.integers(0, 9, 60) / 2
    frame = cells(a__x=[(v, True) for v in one], b__y=[(v, True) for v in two])
    expected = stats.spearmanr(one, two).statistic
    assert compare(frame, "a", "b")["rank_correlation"].item() == pytest.approx(expected, abs=1e-12)


def test_what_is_not_known_has_no_figure() -> None:
    few = cells(a__x=[(1.0, None), (2.0, None)], b__y=[(1.0, True), (2.0, True)])
    assert compare(few, "a", "b").row(0)[2:] == (False, 2, None, 0, 0, 0, None)
    flat = cells(a__x=[(1.0, False)] * 4, b__y=[(n, False) for n in (1.0, 2.0, 3.0, 4.0)])
    assert compare(flat, "a", "b").row(0)[2:] == (False, 4, None, 0, 0, 0, None)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(MetricInput, match="no cells of the scheme 'theirs'; there are mine, own"):
        compare(HAND, "own", "theirs")
    with pytest.raises(MetricInput, match="stand twice"):
        compare(pl.concat([HAND, HAND.head(1)]), "own", "mine")
    with pytest.raises(MetricInput, match="column is_strong is not there"):
        compare(HAND.drop("is_strong"), "own", "mine")
