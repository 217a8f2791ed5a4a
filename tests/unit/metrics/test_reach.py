"""Concentration, variety, penetration and two-way trade by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics.reach import (
    extensive_margin,
    grubel_lloyd,
    logarithmic_mean,
    market_penetration,
    normalised_herfindahl,
)


def test_normalised_herfindahl() -> None:
    assert normalised_herfindahl([30, 10], 11) == pytest.approx((0.625 - 1 / 11) / (10 / 11))
    assert normalised_herfindahl([7], 5) == 1
    assert normalised_herfindahl([1, 1, 1, 1], 4) == pytest.approx(0)
    assert np.isnan(normalised_herfindahl([0, 0], 4))
    assert np.isnan(normalised_herfindahl([3], 1))
    with pytest.raises(MetricInput, match="2 places are in use, 1 are possible"):
        normalised_herfindahl([1, 2], 1)
    with pytest.raises(MetricInput, match="not negative"):
        normalised_herfindahl([1, -2], 4)


def test_grubel_lloyd() -> None:
    assert grubel_lloyd([30, 10, 0], [10, 0, 5]) == pytest.approx(1 - 35 / 55)
    assert grubel_lloyd([3, 4], [3, 4]) == 1 and grubel_lloyd([3, 0], [0, 4]) == 0
    assert np.isnan(grubel_lloyd([0], [0]))
    # products first, then the sum: the totals alone would say that all trade is two-way
    assert grubel_lloyd([10, 0], [0, 10]) == 0 and grubel_lloyd([10], [10]) == 1


def test_market_penetration() -> None:
    own = [[30, 0], [0, 0], [5, 1]]
    world = [[40, 9], [10, 9], [5, 9]]
    assert market_penetration(own, world) == pytest.approx(3 / 6)
    assert np.isnan(market_penetration(np.zeros((2, 2)), np.ones((2, 2))))


def test_extensive_margin_by_hand() -> None:
    """Others sell 60 + 40 to the first importer and 25 + 75 to the second; see the SQL's test."""
    own = [[30, 0], [10, 0]]
    world = [[90, 40], [35, 75]]
    first, second = 0.25 / np.log(1.5), 0.25 / np.log(2)
    expected = np.exp((first * np.log(0.6) + second * np.log(0.25)) / (first + second))
    assert extensive_margin(own, world) == pytest.approx(expected)
    assert extensive_margin(own, world, pooled=True) == pytest.approx(85 / 200)
    assert extensive_margin(np.zeros((2, 2)), world) == 0
    assert np.isnan(extensive_margin([[1.0]], [[1.0]]))
    assert extensive_margin([[30, 1], [10, 1]], [[90, 41], [35, 76]]) == pytest.approx(1)


def test_logarithmic_mean_lies_between_geometric_and_arithmetic() -> None:
    draw = np.random.default_rng(3)
    a, b = draw.random(1000), draw.random(1000)
    a[:10] = b[:10] * (1 + 1e-9)
    mean = logarithmic_mean(a, b)
    assert (mean >= np.sqrt(a * b) * (1 - 1e-9)).all()
    assert (mean <= (a + b) / 2 * (1 + 1e-9)).all()
    assert logarithmic_mean([0.0], [0.5])[0] == 0


def test_selling_more_than_is_bought_is_refused() -> None:
    with pytest.raises(MetricInput, match="more to an importer"):
        market_penetration([[2]], [[1]])
    with pytest.raises(MetricInput, match="importers × products"):
        extensive_margin([1], [1])
