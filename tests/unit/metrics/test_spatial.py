"""Space: by hand on a line of regions, and against plain permutations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics import spatial as sp


def grid(side: int) -> np.ndarray:
    """Rook neighbours of a square of regions."""
    place = np.arange(side * side).reshape(side, side)
    right = np.column_stack([place[:, :-1].ravel(), place[:, 1:].ravel()])
    down = np.column_stack([place[:-1].ravel(), place[1:].ravel()])
    return np.vstack([right, down])


LINE = [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]


def test_diffusion_by_hand() -> None:
    """A line of six, the first specialised: of five candidates one touches it.

    Two new regions, one beside the old: observed ½; expected 1/5; excess 0.3. The share is 0.5
    with chance 2/5, so that p is about 0.4.
    """
    found = sp.adjacent_diffusion(
        [1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 1, 0], LINE, permutations=20_000, min_new=2
    )
    assert (found.new, found.eligible, found.adjacent) == (2, 5, 1)
    assert found.observed == 0.5
    assert found.expected == pytest.approx(0.2, abs=0.01)
    assert found.excess == pytest.approx(0.3, abs=0.01)
    assert found.p_value == pytest.approx(0.4, abs=0.02)


def test_too_few_events_have_no_figure_and_unknown_regions_no_part() -> None:
    found = sp.adjacent_diffusion([1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 1, 0], LINE)
    assert np.isnan(found.excess) and found.new == 2
    gap = sp.adjacent_diffusion([1, np.nan, 0, 0, 0, 0], [1, 1, 0, 0, 1, np.nan], LINE, min_new=1)
    assert (gap.new, gap.eligible, gap.adjacent) == (1, 3, 0)


def test_drawing_equals_permuting() -> None:
    """Three clusters on a grid of 64: the relabellings' law, against shuffled labels."""
    rng = np.random.default_rng(3)
    pairs = grid(8)
    before = (rng.random((64, 3)) < 0.15).astype(float)
    after = np.maximum(before, rng.random((64, 3)) < 0.2)
    found = sp.adjacent_diffusion(before, after, pairs, permutations=20_000)
    shares = []
    for _ in range(3000):
        hits = total = 0
        for c in range(3):
            candidates = np.flatnonzero(before[:, c] == 0)
            n = int(((after == 1) & (before == 0))[:, c].sum())
            drawn = set(rng.choice(candidates, size=n, replace=False).tolist())
            old = set(np.flatnonzero(before[:, c]).tolist())
            near = {a for a, b in pairs.tolist() if b in old} | {
                b for a, b in pairs.tolist() if a in old
            }
            hits, total = hits + len(drawn & near), total + n
        shares.append(hits / total)
    assert found.expected == pytest.approx(np.mean(shares), abs=0.01)
    ends = np.quantile(shares, [0.025, 0.975]) - np.mean(shares)
    assert [found.lower, found.upper] == pytest.approx(
        ends, abs=1.5 / found.new
    )  # steps of one region


def test_spread_to_neighbours_is_found_and_chance_is_not() -> None:
    pairs, rng = grid(20), np.random.default_rng(1)
    before = np.zeros(400)
    before[rng.choice(400, 25, replace=False)] = 1
    touching = np.zeros(400, dtype=bool)
    for a, b in pairs:
        touching[a] |= before[b] == 1
        touching[b] |= before[a] == 1
    candidates = np.flatnonzero((before == 0) & touching)
    spread = before.copy()
    spread[rng.choice(candidates, 25, replace=False)] = 1
    found = sp.adjacent_diffusion(before, spread, pairs)
    assert found.observed == 1 and found.excess > 0.5 and found.p_value == 0.001
    p_values = []
    for _ in range(300):
        chance = before.copy()
        chance[rng.choice(np.flatnonzero(before == 0), 25, replace=False)] = 1
        p_values.append(sp.adjacent_diffusion(before, chance, pairs, permutations=199).p_value)
    assert np.mean(np.array(p_values) <= 0.05) < 0.09


def test_join_counts_by_hand() -> None:
    """A line of six with the first three marked: BB 2, BW 1, WW 2; E[BB] = 5·6/30 = 1."""
    found = sp.join_counts([1, 1, 1, 0, 0, 0], LINE, permutations=5000)
    assert (found.bb, found.bw, found.ww) == (2, 1, 2)
    assert (found.bb_expected, found.bw_expected, found.ww_expected) == (1, 3, 1)
    # all 20 ways to mark three of six, counted out
    ways = [
        sum(a in marked and b in marked for a, b in LINE)
        for marked in itertools.combinations(range(6), 3)
    ]
    assert np.mean(ways) == found.bb_expected
    assert found.p_value_bb == pytest.approx(np.mean(np.array(ways) >= 2), abs=0.03)


def test_a_chessboard_is_the_opposite_of_a_cluster() -> None:
    board = np.indices((6, 6)).sum(axis=0).ravel() % 2
    found = sp.join_counts(board, grid(6), permutations=499)
    assert (found.bb, found.ww, found.bw) == (0, 0, 60)
    assert found.p_value_bb == 1.0 and found.p_value_bw == 1.0


@pytest.mark.parametrize("pairs", [[[0, 9]], [[0, 0]], [[0, 1], [1, 0]]])
def test_wrong_neighbours_are_refused(pairs: list) -> None:
    with pytest.raises(MetricInput):
        sp.adjacent_diffusion([1, 0, 0], [1, 1, 0], pairs)
    with pytest.raises(MetricInput, match="0, 1 or NaN"):
        sp.join_counts([2, 0, 0], [[0, 1]])
