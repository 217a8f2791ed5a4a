"""Relatedness: by hand, and clusters that were planted and have to be found again."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics import derivation as re


def planted(seed: int, groups: int = 6, each: int = 8, regions: int = 120, noise: float = 0.6):
    """Cells in which each group of industries follows a pattern of its own, and flows within it."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(groups), each)
    size = rng.lognormal(8, 1, size=regions)
    pattern = rng.normal(size=(regions, groups))
    own = rng.normal(size=(regions, truth.size))
    cells = size[:, None] * np.exp(pattern[:, truth] + noise * own) / 100
    flows = rng.random((truth.size, truth.size)) * np.where(truth[:, None] == truth, 4, 1)
    return cells, flows, truth


def similarities(cells: np.ndarray, flows: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "lc": re.location_correlation(cells),
        "coi": re.coagglomeration(cells),
        "io": re.input_output(flows),
    }


def test_similarities_by_hand() -> None:
    cells = np.array([[1, 2, 9], [2, 4, 6], [3, 6, 3]])
    lc = re.location_correlation(cells)
    assert lc[0, 1] == pytest.approx(1) and lc[0, 2] == pytest.approx(-1)
    assert np.isnan(np.diag(lc)).all() and np.isnan(re.location_correlation([[1, 2], [1, 3]])[0, 1])
    # x = (½, ½): (0.3·0.1 + (−0.3)(−0.1))/(½) = 0.12
    coi = re.coagglomeration([[80, 60], [20, 40]], [50, 50])
    assert coi[0, 1] == pytest.approx(0.12)
    # 0 sells 30 to 1 of its 40; that is 30 of the 60 that 1 buys; 1 sells 5 to 0 of its 5
    io = re.input_output([[10, 30, 0], [5, 0, 0], [0, 30, 0]])
    assert io[0, 1] == io[1, 0] == pytest.approx(1.0)
    assert io[1, 2] == pytest.approx(1.0) and io[0, 2] == 0
    two = re.combined([lc, lc])
    known = lc[np.isfinite(lc)]
    assert two[0, 1] == pytest.approx((1 - known.mean()) / known.std())


def test_coagglomeration_on_its_diagonal_would_be_raw_concentration() -> None:
    """COI of an industry with a copy of itself is G/(1 − Σx²) of Ellison and Glaeser."""
    s = np.array([[0.8], [0.2]])
    coi = re.coagglomeration(np.hstack([s, s]), [0.5, 0.5])
    assert coi[0, 1] == pytest.approx(0.18 / 0.5)


@pytest.mark.parametrize("function", ["ward", "kmeans"])
def test_planted_clusters_are_found(function: str) -> None:
    cells, flows, truth = planted(1)
    together = re.combined(list(similarities(cells, flows).values()))
    labels = re.group(together, 6, function, seed=3)
    assert re.agreement(labels, truth) == pytest.approx(1)
    assert np.array_equal(labels, re.group(together, 6, function, seed=3))
    shuffled = np.random.default_rng(0).permutation(truth.size)
    again = re.group(together[np.ix_(shuffled, shuffled)], 6, function, seed=3)
    assert re.agreement(again, truth[shuffled]) == pytest.approx(1)


def test_scores_prefer_the_planted_number_and_reject_chance(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cells, flows, truth = planted(2)
    given = similarities(cells, flows)
    found = re.candidates(given, [3, 6, 12])
    assert found[0].clusters == 6 and re.agreement(found[0].labels, truth) > 0.95
    chance = re.validate(np.random.default_rng(1).permutation(truth), given)
    print(f"scores: found {found[0].scores.overall:.2f}, by chance {chance.overall:.2f}")
    assert found[0].scores.overall > 0.95 and chance.overall < 0.6
    assert [c.labels.tolist() for c in re.candidates(given, [3, 6, 12])] == [
        c.labels.tolist() for c in found
    ]
    assert "chance" in capsys.readouterr().out


def test_scores_by_hand() -> None:
    """Two pairs: within 0.9 and 0.1, between 0.5: one of two clusters, two of four industries."""
    similar = np.full((4, 4), 0.5)
    similar[0, 1] = similar[1, 0] = 0.9
    similar[2, 3] = similar[3, 2] = 0.1
    (cluster, industry), (between, _) = re.relatedness([0, 0, 1, 1], similar)
    assert cluster.tolist() == [0.9, 0.1] and industry.tolist() == [0.9, 0.9, 0.1, 0.1]
    assert between[0, 1] == 0.5 and np.isnan(between[0, 0])
    scores = re.validate([0, 0, 1, 1], {"x": similar}).by_similarity["x"]
    assert scores == {
        "cluster_mean": 0.5,
        "cluster_p95": 0.5,
        "industry_mean": 0.5,
        "industry_p95": 0.5,
    }
    alone = re.validate([0, 0, 0, 1], {"x": similar}).by_similarity["x"]
    assert alone["cluster_mean"] <= 0.5  # a cluster of one industry fails


def test_an_industry_in_the_wrong_cluster_is_moved() -> None:
    cells, flows, truth = planted(3)
    together = re.combined(list(similarities(cells, flows).values()))
    wrong = truth.copy()
    wrong[0], wrong[20] = 5, 0
    labels, moves = re.settle_outliers(wrong, together)
    assert re.agreement(labels, truth) == pytest.approx(1)
    assert {move[0] for move in moves} == {0, 20}
    same, none = re.settle_outliers(truth, together)
    assert none == [] and re.agreement(same, truth) == pytest.approx(1)


def test_traded_industries_by_hand() -> None:
    """Twenty regions of 1,000 jobs in shops, two of them with 50 in ships besides.

    Ships: all in regions with LQ ≥ 1; LQ (50/1050)/(100/20100) twice, so that the five highest
    average 2/5 of it, 3.8; shops have LQ of about 1 everywhere.
    """
    cells = np.zeros((20, 2))
    cells[:, 1] = 1000
    cells[:2, 0] = 50
    found = re.traded_industries(cells)
    assert found.traded.tolist() == [True, False]
    assert found.specialised_share[0] == 1
    assert found.top_lq[0] == pytest.approx(2 / 5 * (50 / 1050) / (100 / 20100))
    assert found.gini[0] == pytest.approx(1 - 2 * 1050 / 20100)


def test_traded_industries_need_all_three_measures() -> None:
    cells = np.array([[90.0, 1], [5, 1], [5, 98]])
    every = re.traded_industries(cells, top=1, top_lq_min=1.5)
    assert every.traded.tolist() == [True, True]
    for strict in ({"share_min": 0.999}, {"top_lq_min": 9}, {"gini_min": 0.99}):
        assert not re.traded_industries(
            cells, **{"top": 1, "top_lq_min": 1.5, **strict}
        ).traded.all()


def test_agreement_by_hand() -> None:
    """Hubert and Arabie's index: the same up to names 1; one pair of (2, 2) against (3, 1)."""
    assert re.agreement([0, 0, 1, 1], [7, 7, 3, 3]) == 1
    # pairs: both 1, rows 2, columns 3, all 6: (1 − 1)/(2.5 − 1) = 0
    assert re.agreement([0, 0, 1, 1], [0, 0, 0, 1]) == pytest.approx(0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: re.location_correlation([[1, -1]]), "finite figures of 0"),
        (lambda: re.input_output([[1, 2]]), "square"),
        (lambda: re.group(np.eye(3), 4, "ward"), "cannot make 4"),
        (lambda: re.group(np.eye(3), 2, "median"), "neither ward nor kmeans"),
        (lambda: re.combined([np.ones((3, 3))]), "tells nothing apart"),
        (lambda: re.relatedness([0, 1], np.eye(3)), "2 labels for 3"),
    ],
)
def test_nonsense_is_refused(call, message: str) -> None:
    with pytest.raises(MetricInput, match=message):
        call()
