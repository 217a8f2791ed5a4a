"""The composite: worked by hand, published examples, and rules that fail loudly."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics.composite import (
    Input,
    Normalisation,
    Panel,
    across_guidelines,
    aggregate,
    carry_forward,
    check_admissible,
    check_statuses,
    check_units,
    membership_of_top,
    normalise,
    ranks,
    score,
    within_guidelines,
)

NAN = float("nan")


def panel_of(values: np.ndarray, inputs: list[Input], first_year: int = 2019) -> Panel:
    values = np.asarray(values, dtype=float)
    blank = np.full(values.shape, NAN)
    return Panel(
        tuple(str(first_year + t) for t in range(values.shape[0])),
        tuple(f"U{u:02d}" for u in range(values.shape[1])),
        tuple(inputs),
        values,
        blank,
        blank,
    )


def inputs_of(guidelines: int, each: int = 1) -> list[Input]:
    return [
        Input(f"i{g}_{n}", f"g{g}", "b", 0, 100) for g in range(guidelines) for n in range(each)
    ]


# --- worked by hand ---------------------------------------------------------------------------


def test_normalisations_by_hand() -> None:
    """x = 2, 4, 4, 10 with goalposts 0 and 8.

    goalposts: 25, 50, 50, 125 cut to 100. mean 5, sd 3: z = -1, -1/3, -1/3, 5/3.
    percentile of 4: (1 below + 1/2 equal) / 3 = 50. frontier: best 10, so 20, 40, 40, 100.
    """
    up = [Input("a", "g", "b", 0, 8)]
    x = np.array([[2.0], [4.0], [4.0], [10.0]])

    def one(method: Normalisation) -> list[float]:
        return normalise(x, up, method)[:, 0].tolist()

    assert one(Normalisation.GOALPOSTS) == [25, 50, 50, 100]
    assert one(Normalisation.Z_SCORE) == pytest.approx(
        [50 - 100 / 6, 50 - 100 / 18, 50 - 100 / 18, 50 + 500 / 18]
    )
    assert one(Normalisation.PERCENTILE) == pytest.approx([0, 50, 50, 100])
    assert one(Normalisation.FRONTIER) == [20, 40, 40, 100]


def test_less_is_better_is_mirrored_and_missing_stays_missing() -> None:
    """Days 0 to 100, less is better: 20 days score 80; frontier: worst 100, best 20: 60 → 50."""
    down = [Input("days", "g", "b", 0, 100, is_up=False)]
    x = np.array([[20.0], [60.0], [NAN]])
    assert normalise(x, down)[:2, 0].tolist() == [80, 40]
    assert normalise(x, down, Normalisation.FRONTIER)[:2, 0].tolist() == [100, 50]
    assert normalise(x, down, Normalisation.PERCENTILE)[:2, 0].tolist() == [100, 0]
    for method in Normalisation:
        assert np.isnan(normalise(x, down, method)[2, 0])


def test_means_by_hand() -> None:
    """Within: (3·80 + 1·40) / 4 = 70. Across: geometric of 70 and 30 is √2100; all
    exponents below 1 stay below the arithmetic 50."""
    guideline, share = within_guidelines(np.array([[80.0, 40.0]]), np.array([[3.0], [1.0]]))
    assert guideline.item() == 70 and share.item() == 1
    two = np.array([[70.0, 30.0]])
    half = np.array([0.5, 0.5])
    assert across_guidelines(two, half, 0.0, guidelines_needed=2).item() == pytest.approx(2100**0.5)
    assert across_guidelines(two, half, 1.0, guidelines_needed=2).item() == pytest.approx(50)
    # p = 1/2: ((√70 + √30) / 2)²
    assert across_guidelines(two, half, 0.5, guidelines_needed=2).item() == pytest.approx(
        ((70**0.5 + 30**0.5) / 2) ** 2
    )


def test_the_power_mean_runs_into_the_geometric_one() -> None:
    scores = np.random.default_rng(1).uniform(1, 100, (50, 7))
    weights = np.full(7, 1 / 7)
    near = across_guidelines(scores, weights, 1e-5)
    assert np.allclose(near, across_guidelines(scores, weights, 0.0), rtol=1e-4)
    ladder = [across_guidelines(scores, weights, p) for p in (0.0, 0.25, 0.5, 0.75, 1.0)]
    for low, high in itertools.pairwise(ladder):
        assert (high >= low - 1e-9).all()  # power means ascend with the exponent


def test_coverage_rule() -> None:
    """Two of three inputs are two thirds: scored. One of three: not. Four of seven guidelines:
    no overall score, and the guidelines keep theirs."""
    values = np.full((1, 3, 21), 50.0)
    values[0, 1, 0] = NAN  # one of three inputs of g0
    values[0, 2, [0, 1, 3, 4, 6, 7]] = NAN  # two of three in g0, g1, g2: four guidelines left
    scores = score(panel_of(values, inputs_of(7, 3)))
    assert np.isnan(scores.overall[0]).tolist() == [False, False, True]
    assert np.isnan(scores.guideline[0, 2]).sum() == 3
    assert scores.inputs_present[0, 1, 0] == pytest.approx(2 / 3)


def test_floor_and_cells_beyond_the_goalposts() -> None:
    scores = score(panel_of([[[0.0, 120.0, 50, 50, 50]]], inputs_of(5)))
    assert scores.guideline[0, 0, 0] == 1.0  # the floor keeps a geometric mean alive
    assert scores.overall[0, 0] == pytest.approx((1 * 100 * 50**3) ** 0.2)
    assert scores.beyond_goalposts[0, 0].tolist() == [False, True, False, False, False]


def test_ranks_and_places_among_the_first() -> None:
    """Scores 5, 7, 7, missing, 1: ranks 3, 1.5, 1.5, -, 4; the two first share the first place."""
    scores = np.array([5.0, 7, 7, NAN, 1])
    assert np.array_equal(ranks(scores), [3, 1.5, 1.5, NAN, 4], equal_nan=True)
    assert np.array_equal(membership_of_top(scores, 1), [0, 0.5, 0.5, NAN, 0], equal_nan=True)
    assert np.array_equal(membership_of_top(scores, 2), [0, 1, 1, NAN, 0], equal_nan=True)
    assert np.nansum(membership_of_top(scores, 3)) == 3


def test_carried_figures_are_flagged_and_grow_old() -> None:
    values = np.full((5, 1, 1), NAN)
    values[0] = 10.0
    carried, flags = carry_forward(panel_of(values, inputs_of(1)), 3)
    assert carried.values[:4, 0, 0].tolist() == [10, 10, 10, 10] and np.isnan(carried.values[4])
    assert flags[:, 0, 0].tolist() == [False, True, True, True, False]
    with pytest.raises(MetricInput, match="at most 3"):
        carry_forward(panel_of(values, inputs_of(1)), 4)


def test_a_cell_with_bounds_only_is_scored_in_the_middle() -> None:
    blank = np.full((1, 1, 1), NAN)
    panel = Panel(("2020",), ("U",), tuple(inputs_of(1)), blank, blank + 0, blank + 0)
    object.__setattr__(panel, "lower", np.array([[[20.0]]]))
    object.__setattr__(panel, "upper", np.array([[[60.0]]]))
    assert score(panel, guidelines_needed=1).overall.item() == pytest.approx(40)


# --- published examples -----------------------------------------------------------------------


def test_handbook_example_of_compensation() -> None:
    """OECD/JRC, Handbook on Constructing Composite Indicators (2008), step 7: indicators 21, 1, 1
    and 1 have the additive composite of 6, 6, 6 and 6; geometric, they have 2.14 and 6."""
    both = np.array([[21.0, 1, 1, 1], [6.0, 6, 6, 6]])
    equal = np.full(4, 0.25)
    additive = across_guidelines(both, equal, 1.0, guidelines_needed=4)
    geometric = across_guidelines(both, equal, 0.0, guidelines_needed=4)
    assert additive.tolist() == pytest.approx([6, 6])
    assert geometric.round(2).tolist() == [2.14, 6.0]


COINR = """
CHE 68.38 62.79 73.98 63.41 32.87 74.78 85.94 56.93 77.21 87.85 56.88
NLD 64.82 61.94 67.70 64.87 46.62 84.55 71.74 41.92 58.73 86.58 57.78
DNK 64.80 57.10 72.51 50.52 30.43 78.13 75.35 51.04 69.83 86.40 61.29
NOR 64.47 57.44 71.50 58.18 25.70 80.03 89.46 33.80 70.90 87.00 56.59
BEL 63.54 63.99 63.09 71.97 48.22 80.84 75.60 43.32 53.01 86.17 50.09
SWE 63.00 53.87 72.12 51.51 23.87 80.98 74.51 38.50 66.37 87.74 62.27
"""


def test_coinr_example() -> None:
    """COINr's documentation, vignette "Presenting Results" (version 1.0.0): the first six units of
    the ASEM portal's index, with the sub-pillars of connectivity and of sustainability, printed to
    two decimals; arithmetic means with equal weights throughout."""
    rows = np.array([line.split()[1:] for line in COINR.split("\n") if line], dtype=float)
    published, parts = rows[:, :3], rows[:, 3:]
    inputs = [Input(f"c{n}", "conn", "b", 0, 100) for n in range(5)]
    inputs += [Input(f"s{n}", "sust", "b", 0, 100) for n in range(3)]
    scores = score(panel_of(parts[None], inputs), exponent=1.0, guidelines_needed=2)
    assert np.abs(scores.guideline[0] - published[:, 1:]).max() <= 0.011
    assert np.abs(scores.overall[0] - published[:, 0]).max() <= 0.011
    assert ranks(scores.overall[0]).tolist() == [1, 2, 3, 4, 5, 6]


# --- rules that fail loudly -------------------------------------------------------------------

SCORED = {"a": "scored", "eci": "scored", "fdi": "context"}
UP = {"a": "up", "eci": "up", "fdi": "neutral"}


def test_an_index_inside_an_index_is_refused() -> None:
    row = Input("eci", "structure", "b", 0, 1)
    with pytest.raises(MetricInput, match="index inside an index"):
        check_admissible([row], roles=SCORED, directions=UP, indexes={"eci"})
    check_admissible([Input("a", "g", "b", 0, 1)], roles=SCORED, directions=UP, indexes={"eci"})


def test_context_and_other_directions_are_refused() -> None:
    with pytest.raises(MetricInput, match="fdi: its role is 'context'"):
        check_admissible(
            [Input("fdi", "g2", "b", 0, 1)], roles=SCORED, directions=UP, indexes=set()
        )
    with pytest.raises(MetricInput, match="direction is 'up'"):
        check_admissible(
            [Input("a", "g", "b", 0, 1, is_up=False)], roles=SCORED, directions=UP, indexes=set()
        )


def test_pooled_bases_are_refused() -> None:
    two = [Input("entry", "g7", "bds", 0, 20), Input("entry", "g7", "wdi_llc_density", 0, 30)]
    with pytest.raises(MetricInput, match="entry: named on more than one basis"):
        panel_of(np.zeros((1, 1, 2)), two)


def test_a_missing_economy_is_refused() -> None:
    with pytest.raises(MetricInput, match="1 of 3 units are missing: TWN"):
        check_units(["AUS", "USA"], ["AUS", "TWN", "USA"])
    check_units(["AUS", "TWN", "USA", "ISL"], ["AUS", "TWN", "USA"])


def test_a_new_year_moves_no_earlier_score() -> None:
    """The goalposts are data: a record year changes no score before it, by any normalisation."""
    rng = np.random.default_rng(3)
    early = rng.uniform(10, 90, (3, 21, 7))
    record = np.concatenate([early, rng.uniform(200, 900, (1, 21, 7))])
    for method in Normalisation:
        before = score(panel_of(early, inputs_of(7)), method=method).overall
        after = score(panel_of(record, inputs_of(7)), method=method).overall
        assert np.array_equal(before, after[:3])


@pytest.mark.parametrize(("low", "high"), [(NAN, 1), (0, NAN), (1, 1), (2, 1)])
def test_goalposts_are_never_taken_from_the_figures(low: float, high: float) -> None:
    with pytest.raises(MetricInput, match="goalpost"):
        panel_of(np.ones((1, 2, 1)), [Input("a", "g", "b", low, high)])


def test_an_aggregate_under_two_thirds_is_refused() -> None:
    """By units: 2 of 4. By weight: 3 of 4 units, 3 of 10 of the weight."""
    with pytest.raises(MetricInput, match="50% of the units"):
        aggregate(np.array([1.0, 2, NAN, NAN]), np.ones(4))
    with pytest.raises(MetricInput, match="75% of the units and 30% of the weight"):
        aggregate(np.array([1.0, 2, 3, NAN]), np.array([1.0, 1, 1, 7]))
    mean, units, weight = aggregate(np.array([1.0, 2, NAN]), np.array([3.0, 1, 1]))
    assert (mean, round(units, 4), weight) == (1.25, 0.6667, 0.8)


def test_a_zero_that_stands_for_missing_is_refused() -> None:
    statuses = np.array(["A", "M", "Z"])
    with pytest.raises(MetricInput, match=r"value 0\.0 under status 'M'"):
        check_statuses(np.array([1.0, 0.0, 0.0]), statuses, without_value="MLCQ", where="x")
    with pytest.raises(MetricInput, match="no value under status 'A'"):
        check_statuses(np.array([NAN, NAN, 0.0]), statuses, without_value="MLCQ", where="x")
    check_statuses(np.array([1.0, NAN, 0.0]), statuses, without_value="MLCQ", where="x")


def test_weights_have_to_weigh() -> None:
    with pytest.raises(MetricInput, match="weighs more than 0"):
        panel_of(np.ones((1, 1, 1)), [Input("a", "g", "b", 0, 1, weight=0)])
