"""Years behind: known shifts, censoring, series that dip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from pipelines.errors import MetricInput
from pipelines.metrics.time_distance import Lag, followership, isotonic, lags, time_reached


def test_a_shift_of_six_years_is_six() -> None:
    """The follower does in t what the leader did in t - 6, on a curve that is no straight line:
    exact wherever the leader's own years are hit."""
    adoption = {year: 60 / (1 + np.exp(-(year - 2012) / 4)) for year in range(2000, 2025)}
    leader = list(adoption.items())
    follower = [(year, adoption[year - 6]) for year in range(2006, 2025)]
    assert [lag.years for lag in lags(leader, follower)] == pytest.approx([6.0] * 19)


def test_between_two_years_it_is_linear() -> None:
    """Leader 10, 20, 40 in 2010, 2011, 2013. 15 was reached in 2010.5, 30 in 2012."""
    leader = [(2010, 10), (2011, 20), (2013, 40)]
    assert lags(leader, [(2014, 15), (2015, 30)]) == [Lag(3.5), Lag(3.0)]


def test_what_was_not_seen_is_censored() -> None:
    """Below the leader's first figure: behind by more than the years since then. Above its last:
    less than the (negative) time to it."""
    leader = [(2010, 10), (2015, 20)]
    behind, ahead = lags(leader, [(2014, 8), (2014, 25)])
    assert behind == Lag(None, lower=4.0) and behind.is_censored
    assert ahead == Lag(None, upper=-1.0)


def test_ahead_is_negative() -> None:
    assert lags([(2010, 10), (2020, 20)], [(2012, 18)]) == [Lag(-6.0)]


def test_a_dip_does_not_move_the_moment() -> None:
    """10, 30, 20, 40: the middle two are pooled to 25, reached in 2011."""
    assert isotonic(np.array([10.0, 30, 20, 40])).tolist() == [10, 25, 25, 40]
    assert lags([(2010, 10), (2011, 30), (2012, 20), (2013, 40)], [(2016, 25)]) == [Lag(5.0)]


def test_a_plateau_is_reached_at_its_beginning() -> None:
    assert time_reached(np.array([1.0, 2, 3]), np.array([5.0, 5, 9]), 5) == 1


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40))
def test_the_fit_is_scipys(values: list[float]) -> None:
    """Oracle: scipy.optimize.isotonic_regression."""
    ours = isotonic(np.array(values))
    assert np.allclose(ours, isotonic_regression(np.array(values)).x, atol=1e-9)
    assert (np.diff(ours) >= 0).all()


@pytest.mark.parametrize(
    ("leader", "message"),
    [
        ([(2010, 5)], "two points"),
        ([(2011, 5), (2010, 6)], "do not ascend"),
        ([(2010, float("nan")), (2011, 6)], "no finite number"),
    ],
)
def test_series_without_a_time_are_refused(leader: list[tuple[float, float]], message: str) -> None:
    with pytest.raises(MetricInput, match=message):
        lags(leader, [(2012, 5)])


def test_followership_of_one_economy() -> None:
    """A year without the follower has no lag; one point of the leader is no series."""
    rows = [(2010, 10, 4), (2012, 20, None), (2014, 30, 15), (2016, None, 25)]
    assert followership(rows) == [Lag(None, lower=0.0), None, Lag(3.0), Lag(3.0)]
    assert followership([(2010, 10, 4), (2012, None, 5)]) == [None, None]
