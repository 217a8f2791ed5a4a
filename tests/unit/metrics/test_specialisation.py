"""Location quotients: by hand, by identity, and bounds against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics import specialisation as sp


def test_location_quotient_by_hand() -> None:
    """North: 30 of 100 jobs in ships, nation 40 of 400: 0.3 / 0.1 = 3. South 10 of 300: 1/3."""
    lq = sp.location_quotient([[30, 70], [10, 290]])
    assert lq == pytest.approx(np.array([[3, 7 / 9], [1 / 3, 29 / 27]]))


def test_the_national_mix_is_exactly_one() -> None:
    """By two divisions (1/49)/(10/490) is below 1 in doubles; the product form is not."""
    lq = sp.location_quotient([[1, 48], [9, 432]])
    assert lq[0, 0] == 1.0


def test_undefined_is_nan_and_zero_is_zero() -> None:
    lq = sp.location_quotient([[0, 5, 0], [0, 0, 0], [0, 7, np.nan]], cluster_totals=[0, 12, 4])
    assert np.isnan(lq[:, 0]).all() and np.isnan(lq[1]).all() and np.isnan(lq[2]).all()
    assert lq[0, 2] == 0.0


def test_weighted_mean_is_one_and_shares_sum_to_one() -> None:
    rng = np.random.default_rng(5)
    cells = rng.integers(0, 500, size=(40, 9)) * rng.integers(0, 2, size=(40, 9))
    lq = sp.location_quotient(cells)
    weights = cells.sum(axis=1) / cells.sum()
    assert weights @ lq == pytest.approx(np.ones(9), abs=1e-12)
    assert (cells / cells.sum(axis=0)).sum(axis=0) == pytest.approx(np.ones(9), abs=1e-12)


def brute(low: np.ndarray, high: np.ndarray, steps: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Extremes of LQ over every corner of the other cells and a fine grid of the own one."""
    least, most = np.full(low.shape, np.inf), np.full(low.shape, -np.inf)
    hidden = np.argwhere(high > low)
    for r, c in np.ndindex(low.shape):
        others = [tuple(h) for h in hidden if tuple(h) != (r, c)]
        for ends in itertools.product([0, 1], repeat=len(others)):
            table = low.copy()
            for (i, j), end in zip(others, ends, strict=True):
                table[i, j] = (low, high)[end][i, j]
            for e in np.linspace(low[r, c], high[r, c], steps):
                table[r, c] = e
                value = sp.location_quotient(table)[r, c]
                if np.isfinite(value):
                    least[r, c], most[r, c] = min(least[r, c], value), max(most[r, c], value)
    return least, most


@pytest.mark.parametrize("seed", range(8))
def test_bounds_are_the_extremes_over_all_tables(seed: int) -> None:
    rng = np.random.default_rng(seed)
    low = rng.integers(1, 60, size=(3, 3)).astype(float)
    hidden = rng.random((3, 3)) < 0.45
    high = np.where(hidden, low + rng.integers(1, 90, size=(3, 3)), low)
    bounds = sp.lq_bounds(low, high)
    least, most = brute(low, high)
    assert bounds.lower == pytest.approx(least, rel=1e-9)
    # the grid misses an inner maximum by a little, never the other way
    assert (bounds.upper >= most * (1 - 1e-9)).all()
    assert bounds.upper == pytest.approx(most, rel=2e-3)


def test_quotient_is_not_monotone_in_its_own_cell() -> None:
    """A town that is its cluster: e hidden in 10 to 1,000, a = 1, b = 1, d = 998.

    LQ = e(e + 1000) / (e + 1)²: 83.5 at 10, 2.0 at 1,000; the slope changes sign at
    e* = (1 + sqrt(999²)) / 998 = 1.002, so that the greatest value is at the least cell.
    With e from 0 the peak lies inside: e* = 1000/998.
    """
    low, high = np.array([[10.0, 1], [1, 998]]), np.array([[1000.0, 1], [1, 998]])
    bounds = sp.lq_bounds(low, high)
    assert bounds.upper[0, 0] == pytest.approx(10 * 1010 / 121)
    assert bounds.lower[0, 0] == pytest.approx(1000 * 2000 / 1001**2)
    low[0, 0] = 0
    star = 1000 / 998
    inside = sp.lq_bounds(low, high)
    assert inside.upper[0, 0] == pytest.approx(star * (star + 1000) / (star + 1) ** 2, rel=1e-12)
    assert inside.lower[0, 0] == 0.0


def test_one_hidden_cell_decides_whether_a_cluster_is_strong() -> None:
    """Design note's case: 20 to 99 hidden jobs beside 180 known, national share fixed at 7%.

    20 / 200 / 0.07 = 1.4286 and 99 / 279 / 0.07 = 5.069.
    """
    bounds = sp.lq_bounds(
        [[20, 180]],
        [[99, 180]],
        cluster_totals=([7000, 93000], [7000, 93000]),
        total=(100_000, 100_000),
        regions_exhaust=False,
    )
    assert bounds.lower[0, 0] == pytest.approx(20 / 200 / 0.07)
    assert bounds.upper[0, 0] == pytest.approx(99 / 279 / 0.07)
    assert bounds.lower[0, 1] == pytest.approx(180 / 279 / 0.93)
    assert bounds.upper[0, 1] == pytest.approx(180 / 200 / 0.93)


def test_a_known_region_total_narrows_the_cell_and_stays_put() -> None:
    """Region of 250 with 180 known leaves exactly 70: a point although 20 to 99 was published."""
    bounds = sp.lq_bounds(
        [[20, 180], [50, 700]],
        [[99, 180], [50, 700]],
        region_totals=([250, 750], [250, 750]),
    )
    point = sp.location_quotient([[70, 180], [50, 700]])
    assert bounds.lower == pytest.approx(point)
    assert bounds.upper == pytest.approx(point)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("parents", ["regions", "clusters", "both", "none", "total"])
def test_bounds_hold_the_truth_whatever_parents_are_known(seed: int, parents: str) -> None:
    rng = np.random.default_rng(100 + seed)
    truth = rng.integers(0, 80, size=(7, 4)).astype(float)
    hidden = rng.random(truth.shape) < 0.4
    low = np.where(hidden, np.floor(truth * rng.random(truth.shape)), truth)
    high = np.where(hidden, truth + rng.integers(0, 60, size=truth.shape), truth)
    high[hidden & (rng.random(truth.shape) < 0.2)] = np.inf
    rows, columns = truth.sum(axis=1), truth.sum(axis=0)
    known = {
        "regions": {"region_totals": (rows, rows)},
        "clusters": {"cluster_totals": (columns, columns + 10)},
        "both": {"region_totals": (rows, rows), "cluster_totals": (columns, columns)},
        "none": {},
        "total": {"total": (truth.sum(), truth.sum())},
    }[parents]
    bounds = sp.lq_bounds(low, high, **known)
    lq = sp.location_quotient(truth)
    defined = np.isfinite(lq)
    assert (bounds.lower[defined] <= lq[defined] * (1 + 1e-9) + 1e-12).all()
    assert (bounds.upper[defined] >= lq[defined] * (1 - 1e-9)).all()
    exact = (low == high) & (parents == "both")
    if parents == "both":  # R, C, N and the cell are known: the quotient is a point
        assert bounds.upper[exact & defined] == pytest.approx(lq[exact & defined])
    wider = sp.lq_bounds(low, high)
    assert (bounds.lower >= wider.lower - 1e-12).all() and (
        bounds.upper <= wider.upper + 1e-9
    ).all()


def test_known_regions_give_attained_bounds() -> None:
    """Totals of regions known: extremes over the integer tables with those totals."""
    low = np.array([[0.0, 0, 5], [2, 0, 0], [4, 6, 1]])
    high = np.array([[9.0, 8, 5], [9, 7, 6], [4, 6, 1]])
    rows = np.array([14.0, 12, 11])
    bounds = sp.lq_bounds(low, high, region_totals=(rows, rows))
    cells = [np.arange(low[i, j], high[i, j] + 1) for i in range(3) for j in range(3)]
    least, most = np.full((3, 3), np.inf), np.full((3, 3), -np.inf)
    for values in itertools.product(*cells):
        table = np.reshape(values, (3, 3))
        if not np.array_equal(table.sum(axis=1), rows):
            continue
        lq = sp.location_quotient(table)
        least, most = np.fmin(least, lq), np.fmax(most, lq)
    assert bounds.lower == pytest.approx(least)
    assert bounds.upper == pytest.approx(most)


def test_nothing_known_is_not_bounded_and_zero_is_exact() -> None:
    bounds = sp.lq_bounds([[0, 10, 0], [10, 10, 0]], [[np.inf, 10, 0], [10, 10, 0]])
    # LQ = e(e + 30) / ((e + 10)(e + 10)) rises to e* = (100 + sqrt(100·20·20)) / 10 = 30
    assert bounds.lower[0, 0] == 0 and bounds.upper[0, 0] == pytest.approx(30 * 60 / 1600)
    assert np.isnan(bounds.lower[:, 2]).all()  # no jobs in the cluster at all
    assert bounds.upper[1, 1] == np.inf  # what is hidden elsewhere has no end
    assert bounds.lower[1, 1] == pytest.approx(10 * 30 / (20 * 20))


def test_contradictions_are_refused() -> None:
    with pytest.raises(MetricInput, match="region 0 and cluster 0"):
        sp.tighten([[20.0, 5]], [[99.0, 5]], region_totals=([10], [10]))
    with pytest.raises(MetricInput, match="lower ≤ upper"):
        sp.tighten([[5.0]], [[4.0]])
    with pytest.raises(MetricInput, match="cluster_totals and total"):
        sp.lq_bounds([[1.0]], [[2.0]], regions_exhaust=False)


def test_masked_cells_hold_their_truth_and_coverage_is_complete(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rng = np.random.default_rng(3)
    truth = np.ceil(rng.lognormal(4, 1.6, size=(200, 12)))
    hidden = rng.random(truth.shape) < 0.35
    edges = np.array([0, 20, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000])
    place = np.searchsorted(edges, truth, side="right")
    low = np.where(hidden, edges[place - 1], truth)
    high = np.where(hidden, edges[np.minimum(place, edges.size - 1)] - 1, truth)
    rows = truth.sum(axis=1)
    lq, loose = sp.location_quotient(truth), sp.lq_bounds(low, high)
    tight = sp.lq_bounds(low, high, region_totals=(rows, rows))
    for name, bounds in {"cells only": loose, "regions known": tight}.items():
        holds = (bounds.lower <= lq * (1 + 1e-9)) & (lq <= bounds.upper * (1 + 1e-9))
        width = np.median((bounds.upper - bounds.lower)[hidden] / lq[hidden])
        print(f"{name}: {holds.mean():.1%} of {holds.size} LQ covered, median width {width:.2f} LQ")
        assert holds.all()
    assert "100.0%" in capsys.readouterr().out
    assert (tight.upper <= loose.upper * (1 + 1e-9)).all()
    midpoints = np.where(hidden, (low + high) / 2, truth)
    assert not np.allclose(sp.location_quotient(midpoints)[hidden], lq[hidden], rtol=0.05)


def test_share_out_keeps_the_total() -> None:
    """20 to 99 and 0 to 19 beside 180, total 250: 50 of a width of 98 above the least."""
    shared = sp.share_out([[20, 0, 180]], [[99, 19, 180]], [250])
    theta = 50 / 98
    assert shared == pytest.approx(np.array([[20 + 79 * theta, 19 * theta, 180]]))
    with pytest.raises(MetricInput, match="row 0: total 400"):
        sp.share_out([[20, 0, 180]], [[99, 19, 180]], [400])
    with pytest.raises(MetricInput, match="no upper bound"):
        sp.share_out([[20.0, 0]], [[np.inf, 5]], [30])


def test_standardised_quotient_by_hand() -> None:
    """LQ of 1, e and e²: logs 0, 1, 2, mean 1, sd 1."""
    result = sp.standardised_lq([[1.0, 0], [np.e, 2], [np.e**2, 0]], draws=50)
    assert result.slq[:, 0] == pytest.approx(np.array([-1.0, 0, 1]))
    assert np.isnan(result.slq[:, 1]).all() and np.isnan(result.p_value[:, 1]).all()
    assert result.regions.tolist() == [3, 1]


def test_bootstrap_agrees_with_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    lq = rng.lognormal(0, 1, size=(30, 1))
    result = sp.standardised_lq(lq, draws=400, seed=7)
    z = np.sort((np.log(lq[:, 0]) - np.log(lq).mean()) / np.log(lq).std(ddof=1))
    stream = np.random.default_rng(np.random.SeedSequence(7).spawn(1)[0])
    tails, cutoffs = np.zeros(30), []
    for picks in stream.integers(0, 30, size=(400, 30)):
        drawn = z[picks]
        own = (drawn - drawn.mean()) / drawn.std(ddof=1)
        tails += (own[:, None] >= z[None, :]).mean(axis=0)
        cutoffs.append(np.quantile(own, 0.95))
    order = np.argsort(lq[:, 0])
    # ties of a rounding apart decide single counts of 12,000
    assert result.p_value[order, 0] == pytest.approx(tails / 400, abs=2e-3)
    assert result.cutoff[0] == pytest.approx(np.mean(cutoffs), rel=1e-9)


def test_cutoff_of_normal_logs_is_the_normal_one() -> None:
    """O'Donoghue and Gleave's 1.645 where their assumption holds; not where it does not."""
    rng = np.random.default_rng(11)
    normal = np.exp(rng.normal(size=(4000, 1)))
    skewed = np.exp(rng.exponential(size=(4000, 1)))
    result = sp.standardised_lq(np.hstack([normal, skewed]), draws=200, seed=1)
    assert result.cutoff[0] == pytest.approx(1.645, abs=0.06)
    assert result.cutoff[1] == pytest.approx(-np.log(0.05) - 1, abs=0.12)  # exponential quantile
    significant = np.nanmean(result.p_value <= 0.05, axis=0)
    assert significant == pytest.approx([0.05, 0.05], abs=0.005)


def test_bootstrap_is_reproducible_and_a_column_does_not_move_the_others() -> None:
    lq = np.random.default_rng(2).lognormal(size=(50, 3))
    one, two = (sp.standardised_lq(lq, draws=99, seed=4) for _ in range(2))
    assert np.array_equal(one.p_value, two.p_value)
    other = sp.standardised_lq(lq, draws=99, seed=5)
    assert not np.array_equal(one.p_value, other.p_value)
    lq[:, 0] = 0
    assert np.array_equal(
        sp.standardised_lq(lq, draws=99, seed=4).p_value[:, 1:], one.p_value[:, 1:]
    )


@pytest.mark.parametrize("wrong", [{"draws": 0}, {"level": 1.0}])
def test_bootstrap_refuses_nonsense(wrong: dict) -> None:
    with pytest.raises(MetricInput):
        sp.standardised_lq([[1.0], [2.0]], **wrong)
    with pytest.raises(MetricInput, match="finite and not negative"):
        sp.standardised_lq([[1.0], [-2.0]])


def test_rivalry_by_hand() -> None:
    """10 plants of 200 jobs against 30 of 1,200: (1/20) / (1/40) = 2; no jobs, no index."""
    index = sp.rivalry_index([[10], [20], [0]], [[200], [1000], [0]])
    assert index[:2, 0] == pytest.approx([2.0, 20 / 1000 / (30 / 1200)])
    assert np.isnan(index[2, 0])
    benchmark = sp.rivalry_index([[10]], [[200]], benchmark=([50], [500]))
    assert benchmark[0, 0] == pytest.approx(0.5)
    assert np.isnan(sp.rivalry_index([[5], [5]], [[np.nan], [50]])[0, 0])


def test_growth_of_counts_by_hand() -> None:
    assert sp.dhs_growth([10, 0, 8, 0], [12, 5, 0, 0])[:3] == pytest.approx([4 / 22, 2, -2])
    assert np.isnan(sp.dhs_growth([0], [0])).all() and np.isnan(sp.dhs_growth([np.nan], [1])).all()
    with pytest.raises(MetricInput):
        sp.dhs_growth([-1], [1])


def test_share_of_a_group_with_hidden_jobs() -> None:
    """20 to 99 of KIBS beside 180: 20/200 to 99/279, not 20/279 to 99/200."""
    least, most = sp.employment_share(([20, 0, 0], [99, 0, 5]), ([180, 0, 0], [180, 0, np.inf]))
    assert least[0] == pytest.approx(0.1) and most[0] == pytest.approx(99 / 279)
    assert np.isnan(least[1]) and np.isnan(most[1])
    assert least[2] == 0.0 and most[2] == 1.0


def test_share_of_small_suppliers_by_hand() -> None:
    small, whole = [[10, 5, 100]], [[20, 40, 100]]
    assert sp.specialised_supplier_share(small, whole, [0.6, 0.4, 0])[0] == pytest.approx(15 / 60)
    assert sp.specialised_supplier_share(small, whole, [0.6, 0.4, 0], top=1)[0] == 0.5
    with pytest.raises(MetricInput, match="supplier 0"):
        sp.specialised_supplier_share([[30, 5, 1]], whole, [1, 1, 1])


def test_strength_share_by_hand() -> None:
    """100 strong, 50 not, 50 undecided: 0.5 to 0.75; a hidden strong cell moves the total too."""
    share = sp.cluster_strength_share([[100, 50, 50]], [[1, 0, np.nan]])
    assert (share.lower[0], share.upper[0]) == (0.5, 0.75)
    hidden = sp.cluster_strength_share(
        [[np.nan, 100]], [[1, 0]], lower=[[100, 100]], upper=[[300, 100]]
    )
    assert (hidden.lower[0], hidden.upper[0]) == (0.5, 0.75)
