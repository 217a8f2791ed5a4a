"""Supply chains: by hand, by identity, and with withheld cells."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics import supply_chain as sc

NATION = {"suppliers_national": [1000, 500, 200], "clusters_national": [400]}


def index(suppliers: list, cluster: float, weights: tuple = (0.5, 0.3, 0.2), **more):
    s, c = [suppliers], [[cluster]]
    return sc.missing_link_index((s, s), (c, c), np.array(weights)[:, None], **{**NATION, **more})


def test_index_by_hand() -> None:
    """Cluster 100 of 400 = ¼. Suppliers ¼, 1/20 and 0 of the nation's: CILQ 1, 0.2 and 0.

    MLI = 0.5·0 + 0.3·0.8 + 0.2·1 = 0.44; links below 0.25: the second and the third.
    """
    found = index([250, 25, 0], 100)
    assert found.index[0, 0] == found.lower[0, 0] == found.upper[0, 0] == pytest.approx(0.44)
    assert found.supplier.tolist() == [1, 2] and found.sure.all()
    assert found.weight == pytest.approx([0.3, 0.2])
    assert found.cilq_lower == pytest.approx([0.2, 0])
    assert index([250, 25, 0], 100, min_weight=0.25).supplier.tolist() == [1]


def test_one_without_suppliers_and_zero_with_proportional_ones() -> None:
    assert index([0, 0, 0], 100).index[0, 0] == 1.0
    assert index([250, 125, 50], 100).index[0, 0] == pytest.approx(0)
    assert index([900, 400, 150], 100).index[0, 0] == 0.0  # more than enough is not negative
    rng = np.random.default_rng(1)
    jobs = rng.integers(1, 50, size=(20, 1)) * np.array([[3, 7, 11]])
    same = jobs[:, :1] * 5
    found = sc.missing_link_index((jobs, jobs), (same, same), [[0.2], [0.3], [0.5]], min_jobs=1)
    assert found.index == pytest.approx(np.zeros((20, 1)), abs=1e-12)


def test_small_clusters_have_no_index_and_absent_suppliers_of_the_nation_no_part() -> None:
    small = index([0, 0, 0], 49)
    assert np.isnan(small.upper).all() and small.supplier.size == 0
    found = index([250, 25, 0], 100, suppliers_national=[1000, 500, 0])
    assert found.index[0, 0] == pytest.approx(0.3 / 0.8 * 0.8)
    assert np.isnan(index([1, 1, 1], 100, (np.nan,) * 3).upper).all()


def test_withheld_jobs_give_bounds_that_hold_every_table() -> None:
    rng = np.random.default_rng(3)
    s_low = rng.integers(0, 80, size=(5, 3)).astype(float)
    c_low = rng.integers(50, 90, size=(5, 1)).astype(float)
    s_high = s_low + rng.integers(0, 60, size=s_low.shape) * (rng.random(s_low.shape) < 0.5)
    c_high = c_low + rng.integers(0, 60, size=c_low.shape) * (rng.random(c_low.shape) < 0.5)
    weights = np.array([[0.5], [0.3], [0.2]])
    bounds = sc.missing_link_index((s_low, s_high), (c_low, c_high), weights)
    for _ in range(500):
        s = s_low + rng.integers(0, 2, size=s_low.shape) * (s_high - s_low)
        c = c_low + rng.integers(0, 2, size=c_low.shape) * (c_high - c_low)
        one = sc.missing_link_index((s, s), (c, c), weights)
        assert (bounds.lower <= one.index + 1e-12).all()
        assert (one.index <= bounds.upper + 1e-12).all()
    assert np.isnan(bounds.index[bounds.upper - bounds.lower > 1e-9]).all()
    withheld = sc.missing_link_index(
        ([[0.0]], [[np.inf]]),
        ([[60]], [[60]]),
        [[1.0]],
        suppliers_national=[100],
        clusters_national=[600],
    )
    assert (withheld.lower[0, 0], withheld.upper[0, 0]) == (0.0, 1.0)
    assert withheld.supplier.tolist() == [0] and not withheld.sure.any()  # possible, not sure


def test_links_agree_with_the_plain_formula() -> None:
    rng = np.random.default_rng(5)
    s, c = rng.integers(0, 90, size=(8, 4)), rng.integers(50, 400, size=(8, 2))
    w = rng.dirichlet(np.ones(4), size=2).T
    found = sc.missing_link_index((s, s), (c, c), w)
    for cluster in range(2):
        quotient = sc.cilq(s, c[:, cluster])
        plain = (w[:, cluster] * np.maximum(0, 1 - quotient)).sum(axis=1)
        assert found.index[:, cluster] == pytest.approx(plain)
        named = {
            (r, k) for r, k in np.argwhere((quotient < 0.25) & (w[:, cluster] >= 0.01)).tolist()
        }
        here = found.cluster == cluster
        assert (
            set(zip(found.region[here].tolist(), found.supplier[here].tolist(), strict=True))
            == named
        )


def test_weights_leave_out_the_cluster_itself_and_utilities() -> None:
    """Cluster 0 of users 0 and 1 buys 6, 20, 14 and 10; itself (6) and power (10) are left out."""
    use = [[4, 2, 9], [15, 5, 0], [10, 4, 1], [5, 5, 5]]
    weights = sc.input_weights(use, [0, 0, -1], [0, -1, 1, -1], clusters=2, excluded=[3])
    assert weights[:, 0] == pytest.approx([0, 20 / 34, 14 / 34, 0])
    assert np.isnan(weights[:, 1]).all()  # no user is of cluster 1
    halved = sc.input_weights(
        use, [0, 0, -1], [0, -1, 1, -1], clusters=2, excluded=[3], user_shares=[1, 0.5, 1]
    )
    assert halved[:, 0] == pytest.approx([0, 17.5 / 29.5, 12 / 29.5, 0])
    negative = sc.input_weights([[-5], [3]], [0], [-1, -1], clusters=1)
    assert negative[:, 0].tolist() == [0, 1]


def test_suppliers_across_the_line_count_by_distance() -> None:
    """50 km at a decay of 50 km: 100/e; 200 km: beyond the cut-off."""
    jobs = [[0.0], [100], [100]]
    reach = sc.within_reach(jobs, [[0, 1], [2, 0]], [50, 200])
    assert reach[:, 0] == pytest.approx([100 / np.e, 100, 100])
    alone = index([0, 0, 0], 100).index[0, 0]
    near = sc.missing_link_index(
        (reach, reach),
        ([[100], [0], [0]],) * 2,
        [[1.0]],
        suppliers_national=[200],
        clusters_national=[400],
    )
    assert near.index[0, 0] == pytest.approx(1 - (100 / np.e / 200) / 0.25) and alone == 1
    for wrong in ([[0, 0]], [[0, 1], [1, 0]], [[0, 7]]):
        with pytest.raises(MetricInput):
            sc.within_reach(jobs, wrong, [1.0] * len(wrong))


def test_disintegration_by_hand() -> None:
    """40 value added of 100: 0.6 bought, of which 15 from abroad: 0.45 at home."""
    assert sc.vertical_disintegration([40, 100, -5, 10], [100, 100, 100, 0])[:2].tolist() == [
        0.6,
        0,
    ]
    assert np.isnan(sc.vertical_disintegration([-5, 10], [100, 0])).all()
    home = sc.vertical_disintegration([40, 40], [100, 100], [15, 70])
    assert home[0] == pytest.approx(0.45) and np.isnan(home[1])


def test_contestability_by_hand() -> None:
    """Three units: churn ranks 1/6, ½, 5/6; CR4 90, 50, 50: 1/6, ⅔, ⅔; small share with a gap."""
    found = sc.contestability_index(
        [[0.1], [0.2], [0.3]], [[0.9], [0.5], [0.5]], [[0.4], [np.nan], [0.6]]
    )
    assert found[:, 0] == pytest.approx(
        [(1 / 6 + 1 / 6 + 1 / 4) / 3, (1 / 2 + 2 / 3) / 2, (5 / 6 + 2 / 3 + 3 / 4) / 3]
    )
    nan = np.nan
    assert np.isnan(sc.contestability_index([[0.1]], [[nan]], [[nan]])).all()


def test_dominance_by_hand() -> None:
    """Median churn 0.175: the first has all three, the second more churn, the third no share."""
    flags = sc.dominance_flag(
        [[0.10], [0.3], [np.nan], [np.nan]],
        [[0.6], [0.9], [0.9], [0.5]],
        [[0.1], [0.2], [0.15], [0.9]],
    )
    assert flags[[0, 1, 3], 0].tolist() == [1, 0, 0] and np.isnan(flags[2, 0])
    assert sc.dominance_flag([[0.1], [0]], [[0.6], [0]], [[0.1], [0.3]], share_min=0.2)[0, 0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((([[1]], [[0]]), ([[1]], [[1]]), [[1.0]]), "lower ≤ upper"),
        ((([[1]], [[1]]), ([[1]], [[1]]), [[0.5]]), "sum to 1"),
        ((([[1, 2]], [[1, 2]]), ([[1]], [[1]]), [[1.0]]), "do not fit"),
    ],
)
def test_wrong_input_is_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(MetricInput, match=message):
        sc.missing_link_index(*arguments)
