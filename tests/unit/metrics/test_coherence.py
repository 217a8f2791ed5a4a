"""Cronbach's alpha, components and correlation ratios with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics.coherence import (
    coherence,
    correlation_ratio,
    cronbach_alpha,
    principal_components,
)


def test_alpha_by_hand() -> None:
    """Items (1,2), (2,2), (3,5): variances 1 and 3, sums 3, 4, 8 with variance 7.
    2 · (1 - 4/7) = 6/7."""
    assert cronbach_alpha(np.array([[1.0, 2], [2, 2], [3, 5]])) == pytest.approx(6 / 7)
    assert cronbach_alpha(np.array([[1.0, 1], [2, 2], [9, 9]])) == pytest.approx(1)
    assert np.isnan(cronbach_alpha(np.array([[1.0], [2]])))


def test_components_of_two_items() -> None:
    """Correlation r: shares (1 + r)/2 and (1 - r)/2, both loadings √((1 + r)/2)."""
    x = np.random.default_rng(2).standard_normal((400, 2)) @ np.array([[1, 0.8], [0, 0.6]])
    r = np.corrcoef(x, rowvar=False)[0, 1]
    shares, loadings = principal_components(x)
    assert shares == pytest.approx([(1 + r) / 2, (1 - r) / 2])
    assert loadings == pytest.approx([((1 + r) / 2) ** 0.5] * 2)
    with pytest.raises(MetricInput, match="does not vary"):
        principal_components(np.ones((5, 2)))


def test_an_input_against_its_guideline_is_seen() -> None:
    x = np.linspace(0, 100, 30)
    wiggle = np.sin(np.arange(30))
    report = coherence(np.column_stack([x, x + wiggle, 100 - x]))
    assert report.rest_correlation[2] < -0.9 and report.alpha < 0
    single = coherence(x[:, None])
    assert np.isnan(single.rest_correlation).all() and np.isnan(single.alpha)


def test_correlation_ratio_sees_curves_and_no_noise() -> None:
    """y = x² over a symmetric range: correlation 0, ratio 1. For a sum of independent equal
    parts, each has its share of the variance."""
    x = np.linspace(-1, 1, 101)
    assert correlation_ratio(x, x**2) == pytest.approx(1)
    assert np.corrcoef(x, x**2)[0, 1] == pytest.approx(0, abs=1e-12)
    rng = np.random.default_rng(4)
    parts = rng.standard_normal((20_000, 2)) * [2, 1]
    whole = parts.sum(axis=1)
    assert correlation_ratio(parts[:, 0], whole) == pytest.approx(0.8, abs=0.02)
    assert correlation_ratio(parts[:, 1], whole) == pytest.approx(0.2, abs=0.02)
    assert correlation_ratio(rng.standard_normal(200), rng.standard_normal(200)) < 0.05
    assert np.isnan(correlation_ratio(np.ones(20), np.arange(20.0)))
