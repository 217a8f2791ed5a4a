"""The pull by hand, and what leaving the exporter out is for."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics.pull import market_growth_pull, symmetric_growth


def test_symmetric_growth() -> None:
    found = symmetric_growth([100, 0, 5, 0], [200, 7, 0, 0])
    np.testing.assert_allclose(found[:3], [2 / 3, 2, -2])
    assert np.isnan(found[3])
    with pytest.raises(MetricInput, match="not negative"):
        symmetric_growth([-1], [1])


def test_pull_by_hand() -> None:
    """The example of the SQL's unit test: 80 to 140, 90 to 90, and a market without others."""
    first = [[20, 10, 5], [80, 90, 0]]
    last = [[60, 10, 0], [140, 90, 10]]
    found = market_growth_pull(first, last, years=3)
    assert found.pull[0] == pytest.approx((20 * 2 * 60 / 220) / 30 / 3)
    assert found.dropped_share[0] == pytest.approx(5 / 35)
    assert found.world_pull == pytest.approx((100 * 2 / 3 + 5 * 2 / 3) / 205 / 3)
    naive = market_growth_pull(first, last, years=3, leave_one_out=False)
    assert naive.pull[0] == pytest.approx((20 * 2 / 3 + 5 * 2 / 3) / 35 / 3)
    assert naive.dropped_share[0] == 0


def test_unknown_markets_are_dropped() -> None:
    found = market_growth_pull(
        [[20, 10], [80, 90]], [[60, 0], [140, 0]], years=3, known=[True, False]
    )
    assert found.dropped_share[0] == pytest.approx(1 / 3)
    assert found.pull[0] == pytest.approx(2 * 60 / 220 / 3)


def test_an_exporter_without_exports_has_no_pull() -> None:
    found = market_growth_pull([[0, 0], [1, 2]], [[5, 5], [1, 2]], years=3)
    assert np.isnan(found.pull[0]) and np.isnan(found.dropped_share[0])


def test_wrong_panels_are_named() -> None:
    with pytest.raises(MetricInput, match="exporters × markets"):
        market_growth_pull([[1, 2]], [[1], [2]], years=3)
    with pytest.raises(MetricInput, match="finite and not negative"):
        market_growth_pull([[np.inf]], [[1]], years=3)
    with pytest.raises(MetricInput, match="above 0"):
        market_growth_pull([[1]], [[1]], years=0)
    with pytest.raises(MetricInput, match="one entry a market"):
        market_growth_pull([[1]], [[1]], years=3, known=[True, True])


def correlations(
    *, leave_one_out: bool, exporters: int, markets: int, active: float, worlds: int
) -> np.ndarray:
    """Of own growth and pull over exporters, in worlds where demand does nothing at all.

    Every exporter grows by a factor of its own in all its markets, and every flow by chance. No
    market has a growth of its own: whatever goes with own growth was built in by the measure.
    """
    found = []
    for seed in range(worlds):
        draw = np.random.default_rng(seed)
        first = draw.lognormal(0, 1.5, (exporters, markets))
        first *= draw.random((exporters, markets)) < active
        supply = np.exp(draw.normal(0, 0.3, (exporters, 1)))
        last = first * supply * np.exp(draw.normal(0, 0.3, first.shape))
        pull = market_growth_pull(first, last, years=3, leave_one_out=leave_one_out)
        found.append(np.corrcoef(pull.own_growth, pull.pull)[0, 1])
    return np.array(found)


def is_built_in(found: np.ndarray) -> bool:
    """Whether the mean over worlds is further from zero than chance explains."""
    error = found.std(ddof=1) / np.sqrt(len(found))
    return abs(found.mean()) > 3 * error


WORLD = {"exporters": 150, "markets": 1500, "active": 0.05, "worlds": 20}


def test_without_demand_shocks_the_pull_does_not_follow_own_growth() -> None:
    found = correlations(leave_one_out=True, **WORLD)
    assert not is_built_in(found), found.mean()
    assert abs(found.mean()) < 0.05


def test_the_naive_pull_fails_the_same_test() -> None:
    found = correlations(leave_one_out=False, **WORLD)
    assert is_built_in(found) and found.mean() > 0.8


def test_in_one_crowded_market_leaving_out_has_a_price() -> None:
    """Where all sell to all, the others' growth is lower the more one grew oneself: documented."""
    found = correlations(leave_one_out=True, exporters=30, markets=50, active=1.0, worlds=20)
    assert is_built_in(found) and found.mean() < -0.2
