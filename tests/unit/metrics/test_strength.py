"""Cluster strength: the rule by hand, its files, and what withheld cells leave open."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics.strength import LEVELS, StrengthRule, cluster_strength

# nine regions with employment, one without: quantiles by linear interpolation over nine lie on
# the 3rd (P25), 5th (P50) and 7th (P75) value; P90 is a fifth of the way from the 8th to the 9th
JOBS = [10, 20, 30, 40, 50, 60, 70, 80, 90, 0]
FIRMS = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
LQ = [0.1, 0.2, 0.3, 0.4, 0.9, 1.2, 1.6, 2.0, 3.0, 0.0]


def column(values: list) -> np.ndarray:
    return np.array(values, dtype=float)[:, None]


def test_rule_of_cluster_mapping_by_hand() -> None:
    """P25 of jobs 30, of establishments 3, of LQ 0.3; P50 0.9; P75 1.6; P90 2.0 + 0.2·1.0 = 2.2.

    Base (strictly above both): jobs 40, 50, 60 (establishments 6, 5, 4). 70 has 3 establishments,
    which is not above 3. Of the base: LQ 0.4 and 0.9 qualify, 1.2 is significant, none reaches 1.6.
    """
    result = cluster_strength(column(LQ), column(JOBS), column(FIRMS))
    limits = {name: float(values[0]) for name, values in result.thresholds.items()}
    assert limits == pytest.approx(
        {
            "employment_base": 30,
            "establishments_base": 3,
            "lq_qualifying": 0.3,
            "lq_significant": 0.9,
            "lq_strong": 1.6,
            "lq_strong10": 2.2,
        }
    )
    verdicts = {name: np.flatnonzero(result.verdicts[name][:, 0]).tolist() for name in LEVELS}
    assert verdicts == {"qualifying": [3, 4, 5], "significant": [5], "strong": [], "strong10": []}


def test_without_establishments_the_base_is_employment() -> None:
    result = cluster_strength(column(LQ), column(JOBS))
    assert result.measures == ("employment",)
    assert np.flatnonzero(result.verdicts["strong"][:, 0]).tolist() == [6, 7, 8]  # at P75 counts
    assert np.flatnonzero(result.verdicts["strong10"][:, 0]).tolist() == [8]
    assert np.flatnonzero(result.verdicts["significant"][:, 0]).tolist() == [5, 6, 7, 8]


def test_top_quarter_below_one_is_not_strong() -> None:
    lq = column(LQ) / 4
    result = cluster_strength(lq, column(JOBS))
    assert not result.verdicts["strong"].any() and result.verdicts["significant"].any()


def test_withheld_cells_are_judged_by_their_bounds() -> None:
    """Thresholds come from the eight known regions; the withheld one is sure, never, or open."""
    jobs, lq = column(JOBS), column(LQ)
    jobs[8], lq[8] = np.nan, np.nan
    for lq_ends, jobs_ends, verdict in [
        ((5.0, 9.0), (100, 200), 1.0),
        ((0.1, 0.2), (100, 200), 0.0),
        ((0.1, 9.0), (100, 200), np.nan),
        ((5.0, 9.0), (0, 200), np.nan),
        ((5.0, 9.0), (0, 5), 0.0),
        ((np.nan, np.nan), (100, 200), np.nan),
    ]:
        low, high = lq.copy(), lq.copy()
        low[8], high[8] = lq_ends
        least, most = jobs.copy(), jobs.copy()
        least[8], most[8] = jobs_ends
        result = cluster_strength(lq, jobs, lq_bounds=(low, high), employment_bounds=(least, most))
        assert result.verdicts["strong"][8, 0] == pytest.approx(verdict, nan_ok=True)
        assert result.thresholds["employment_base"][0] == pytest.approx(27.5)


def test_unknown_establishments_leave_a_verdict_open() -> None:
    firms = column(FIRMS)
    firms[5] = np.nan
    result = cluster_strength(column(LQ), column(JOBS), firms)
    assert np.isnan(result.verdicts["significant"][5, 0])
    assert result.verdicts["strong"][5, 0] == 0.0  # its LQ is too low whatever they are


def test_a_cluster_of_no_region_has_no_threshold_and_no_strong_cell() -> None:
    result = cluster_strength(column([np.nan, np.nan]), column([0, 0]))
    assert np.isnan(result.thresholds["lq_strong"][0])
    assert (result.verdicts["strong"] == 0).all()


def test_a_rule_of_ones_own() -> None:
    rule = StrengthRule.from_mapping(
        {
            "base": {"quantile": 0.5, "measures": ["employment"]},
            "strong": {"quantile": 0.5, "lq_min": None, "strictly": True, "p_value_max": 0.05},
        }
    )
    assert rule.levels["significant"] == StrengthRule().levels["significant"]
    p = column([1, 1, 1, 1, 1, 0.04, 0.06, 0.05, np.nan, np.nan])
    result = cluster_strength(column(LQ), column(JOBS), column(FIRMS), rule=rule, p_value=p)
    assert result.measures == ("employment",)
    assert result.verdicts["strong"][5:9, 0] == pytest.approx([1, 0, 1, np.nan], nan_ok=True)
    with pytest.raises(MetricInput, match="p-value"):
        cluster_strength(column(LQ), column(JOBS), rule=rule)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"weak": {}}, "unknown weak"),
        ({"strong": {"percentile": 75}}, "unknown percentile"),
        ({"strong": {"quantile": 75}}, "from 0 to 1: 75"),
        ({"strong": {"quantile": "0.75"}}, "from 0 to 1: '0.75'"),
        ({"strong": {"quantile": float("nan")}}, "from 0 to 1: nan"),
        ({"strong": {"strictly": 1}}, "true or false"),
        ({"strong": 0.75}, "keys and values"),
        ({"base": {"measures": ["wages"]}}, "measures must be some of"),
        ({"base": {"measures": []}}, "measures must be some of"),
    ],
)
def test_a_wrong_rule_is_refused_by_name(wrong: dict, message: str) -> None:
    with pytest.raises(MetricInput, match=message):
        StrengthRule.from_mapping(wrong)


def test_a_base_of_establishments_needs_them() -> None:
    rule = StrengthRule.from_mapping({"base": {"measures": ["establishments"]}})
    with pytest.raises(MetricInput, match="needs establishments"):
        cluster_strength(column(LQ), column(JOBS), rule=rule)
