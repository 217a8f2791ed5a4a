"""Kaplan-Meier and Greenwood by hand, spells with their zeros, gaps and unknown years."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics.survival import kaplan_meier, life_table, new_spells


def test_kaplan_meier_by_hand() -> None:
    """Ten spells: 3 end at age 1, 1 is censored after age 1, 2 end at 2, 2 are censored after 2,
    1 ends at 3, 1 outlives it. S = 7/10, x 4/6, x 1/2."""
    durations = [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]
    ended = [True, True, True, False, True, True, False, False, True, False]
    found = kaplan_meier(durations, ended, horizon=4)
    assert found.at_risk.tolist() == [10, 6, 2, 0]
    assert found.ended.tolist() == [3, 2, 1, 0]
    np.testing.assert_allclose(found.survival[:3], [0.7, 0.7 * 4 / 6, 0.7 * 4 / 6 / 2])
    assert np.isnan(found.survival[3])  # nobody at risk, somebody alive: not known
    variance = (0.7 * 4 / 6) ** 2 * (3 / (10 * 7) + 2 / (6 * 4))
    np.testing.assert_allclose(found.standard_error[1], np.sqrt(variance))
    np.testing.assert_allclose(found.lower[1], 0.7 * 4 / 6 - 1.959963984540054 * np.sqrt(variance))
    assert found.upper[1] <= 1


def test_freireich_remission_times() -> None:
    """The 6-MP arm of Freireich et al. (1963), weeks; estimates as printed in textbooks."""
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    gone = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    found = kaplan_meier(weeks, np.array(gone, dtype=bool), horizon=35)
    at = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    errors = {6: 0.0764, 7: 0.0869, 10: 0.0963, 13: 0.1068, 16: 0.1141, 22: 0.1282, 23: 0.1346}
    for week, value in at.items():
        assert found.survival[week - 1] == pytest.approx(value, abs=5e-4)
        assert found.standard_error[week - 1] == pytest.approx(errors[week], abs=5e-5)


def test_survival_never_rises_and_lies_in_its_interval() -> None:
    draw = np.random.default_rng(1)
    for _ in range(50):
        durations = draw.integers(0, 8, 60)
        ended = (draw.random(60) < 0.6) & (durations > 0)
        found = kaplan_meier(durations, ended, horizon=8)
        known = found.survival[~np.isnan(found.survival)]
        assert (np.diff(known) <= 0).all() and (known <= 1).all() and (known >= 0).all()
        sure = ~np.isnan(found.standard_error)
        assert (found.lower <= found.survival)[sure].all()
        assert (found.survival <= found.upper)[sure].all()


def test_all_gone_stays_zero_and_no_end_has_no_interval() -> None:
    found = kaplan_meier([1, 1], [True, True], horizon=3)
    assert found.survival.tolist() == [0, 0, 0] and np.isnan(found.standard_error).all()
    found = kaplan_meier([3, 3], [False, False], horizon=3)
    assert found.survival.tolist() == [1, 1, 1] and np.isnan(found.lower).all()


def test_life_table_is_kaplan_meier_of_its_counts() -> None:
    draw = np.random.default_rng(2)
    durations = draw.integers(1, 6, 200)
    ended = draw.random(200) < 0.5
    direct = kaplan_meier(durations, ended, horizon=5)
    again = life_table(direct.at_risk, direct.ended)
    np.testing.assert_array_equal(direct.survival, again.survival)
    np.testing.assert_array_equal(direct.lower, again.lower)


@pytest.mark.parametrize(
    ("durations", "ended", "words"),
    [
        ([1, 2], [True], "one entry for each spell"),
        ([1.5], [True], "whole years"),
        ([-1], [False], "negative"),
        ([0], [True], "duration 0 ended"),
        ([1], [1], "true or false"),
    ],
)
def test_wrong_spells_are_named(durations: list, ended: list, words: str) -> None:
    with pytest.raises(MetricInput, match=words):
        kaplan_meier(durations, ended, horizon=3)


def test_impossible_life_tables_are_named() -> None:
    with pytest.raises(MetricInput, match="more spells ended"):
        life_table([3], [4])
    with pytest.raises(MetricInput, match="outlived the one before"):
        life_table([10, 9], [3, 0])


def spells(text: str, known: str | None = None, **rules: int) -> list[tuple[int, int, bool]]:
    """(start, duration, ended) of one line written as 1 and 0."""
    present = np.array([[mark == "1" for mark in text]])
    sure = None if known is None else np.array([[mark == "1" for mark in known]])
    found = new_spells(present, sure, **rules)
    return list(
        zip(found.start.tolist(), found.duration.tolist(), found.ended.tolist(), strict=True)
    )


def test_spells_by_hand() -> None:
    assert spells("0011000") == [(2, 2, True)]
    assert spells("1110000") == []  # there when the panel begins
    assert spells("0100000") == []  # one zero before it is not enough
    assert spells("0010110") == [(2, 1, True)]  # after one zero nothing new begins
    assert spells("0010010") == [(2, 1, True), (5, 1, True)]
    assert spells("0000011") == [(5, 1, False)]  # there until the end of the panel
    assert spells("0000001") == [(6, 0, False)]  # nothing is known of it


def test_gaps_of_one_year_are_passed_over() -> None:
    assert spells("00101100", gap_years=1) == [(2, 4, True)]
    assert spells("0010110", gap_years=1) == [(2, 3, False)]  # the last absence may be a gap
    assert spells("001100", gap_years=1) == [(2, 2, True)]


def test_unknown_years_are_no_zeros() -> None:
    assert spells("0011000", known="0111111") == []
    assert spells("0011000", known="1111011") == [(2, 1, False)]
    with pytest.raises(MetricInput, match="line 0 is present in year 2"):
        spells("0010", known="1101")
