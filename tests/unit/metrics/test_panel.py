"""Estimation: against dummies, known coefficients and known rejection rates."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics import panel as pa


def dummies(codes: np.ndarray) -> np.ndarray:
    return (codes[:, None] == np.unique(codes)[None, :]).astype(float)


def by_dummies(y, x, effects, cluster, parameters) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of x and their clustered errors, with every effect as a column."""
    full = np.hstack([x, *(dummies(e) for e in effects)])
    inverse = np.linalg.pinv(full.T @ full)
    b = inverse @ full.T @ y
    residual = y - full @ b
    groups = np.unique(cluster)
    meat = np.zeros((full.shape[1],) * 2)
    for g in groups:
        score = full[cluster == g].T @ residual[cluster == g]
        meat += np.outer(score, score)
    g, n = groups.size, y.size
    factor = g / (g - 1) * (n - 1) / (n - parameters)
    covariance = factor * inverse @ meat @ inverse
    k = x.shape[1]
    return b[:k], np.sqrt(np.diag(covariance))[:k]


def data(seed: int, n: int = 400):
    rng = np.random.default_rng(seed)
    region, industry, year = (rng.integers(0, m, size=n) for m in (25, 12, 3))
    x = rng.normal(size=(n, 2)) + 0.2 * region[:, None]
    shock = rng.normal(size=25)[region]
    y = 1.5 * x[:, 0] - 0.7 * x[:, 1] + region + industry * year + shock + rng.normal(size=n)
    return y, x, region, industry, year


@pytest.mark.parametrize("seed", range(3))
def test_sweeping_equals_dummies(seed: int) -> None:
    y, x, region, industry, year = data(seed)
    cell = industry * 3 + year
    fit = pa.fixed_effects(y, x, [cell], region)
    b, errors = by_dummies(y, x, [cell], region, 2 + np.unique(cell).size)
    assert fit.coefficients == pytest.approx(b) and fit.errors == pytest.approx(errors)
    two = pa.fixed_effects(y, x, [cell, region], region)
    # regions are nested in the clusters: not counted
    b, errors = by_dummies(y, x, [cell, region], region, 2 + np.unique(cell).size)
    assert two.coefficients == pytest.approx(b, rel=1e-7)
    assert two.errors == pytest.approx(errors, rel=1e-6)
    assert two.absorbed == np.unique(cell).size and two.clusters == 25


def test_two_sets_that_are_not_nested_count_once_for_what_ties_them() -> None:
    y, x, region, industry, year = data(5)
    fit = pa.fixed_effects(y, x, [industry, year], region)
    assert fit.absorbed == 12 + 3 - 1
    b, errors = by_dummies(y, x, [industry, year], region, 2 + 14)
    assert fit.coefficients == pytest.approx(b) and fit.errors == pytest.approx(errors)


def test_clustered_error_by_hand() -> None:
    """Four rows in two clusters, one regressor ±1 around a mean of 0.

    x = (−1, 1, −1, 1), y = (−1, 2, −2, 3): b = 8/4 = 2, mean 0.5, residuals (0.5, −0.5, −0.5,
    0.5); scores −0.5 − 0.5 = −1 and 0.5 + 0.5 = 1; V = (2/1)(3/2)·2/16 = 0.375.
    """
    fit = pa.fixed_effects([-1, 2, -2, 3], [[-1], [1], [-1], [1]], [], [0, 0, 1, 1])
    assert fit.coefficients[0] == pytest.approx(2)
    assert fit.errors[0] == pytest.approx(np.sqrt(0.375))
    # t with one degree of freedom is Cauchy: quantile 12.706
    assert fit.upper[0] == pytest.approx(2 + 12.7062 * np.sqrt(0.375), rel=1e-5)


def test_absorbed_regressors_have_no_coefficient() -> None:
    y, x, region, _, _ = data(1)
    constant_within = np.arange(25.0)[region]
    fit = pa.fixed_effects(
        y, np.column_stack([x[:, 0], constant_within, 2 * x[:, 0], x[:, 1]]), [region], region
    )
    assert np.isnan(fit.coefficients[[1, 2]]).all() and np.isfinite(fit.coefficients[[0, 3]]).all()
    with pytest.raises(MetricInput, match="absorb every regressor"):
        pa.fixed_effects(y, constant_within[:, None], [region], region)


def test_singletons_are_left_out() -> None:
    y, x, region, industry, _ = data(2)
    more = np.append(industry, 99)
    fit = pa.fixed_effects(
        np.append(y, 1e6), np.vstack([x, [[5, 5]]]), [more], np.append(region, 0)
    )
    plain = pa.fixed_effects(y, x, [industry], region)
    assert fit.observations == 400 and fit.coefficients == pytest.approx(plain.coefficients)


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    held = []
    for seed in range(300):
        y, x, region, industry, year = data(seed, 300)
        fit = pa.fixed_effects(y, x, [industry * 3 + year, region], region)
        held.append((fit.lower[0] <= 1.5) & (fit.upper[0] >= 1.5))
    assert 0.88 <= np.mean(held) <= 0.985  # 25 clusters of unequal size


def few(seed: int, effect: float, clusters: int = 8):
    """Few clusters with a common shock and a regressor that varies by cluster."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), rng.integers(5, 30, size=clusters))
    x = rng.normal(size=clusters)[cluster] + 0.3 * rng.normal(size=cluster.size)
    y = effect * x + rng.normal(size=clusters)[cluster] + rng.normal(size=cluster.size)
    return y, x[:, None], cluster


def test_wild_bootstrap_rejects_a_true_null_about_as_often_as_it_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wild, sandwich = [], []
    for seed in range(400):
        y, x, cluster = few(seed, 0.0)
        found = pa.wild_bootstrap(y, x, [], cluster, which=0, draws=199, seed=seed, interval=False)
        wild.append(found.p_value)
        sandwich.append(pa.fixed_effects(y, x, [], cluster).p_values[0])
    rates = [float(np.mean(np.array(p) <= 0.05)) for p in (wild, sandwich)]
    print(f"8 clusters, true null at 5 %: wild bootstrap {rates[0]:.3f}, sandwich {rates[1]:.3f}")
    assert rates[0] < 0.095 and rates[0] < rates[1]
    assert "wild" in capsys.readouterr().out


def test_wild_interval_and_p_value_agree_and_find_an_effect() -> None:
    for seed in range(6):
        y, x, cluster = few(seed, 2.0, 20)
        found = pa.wild_bootstrap(y, x, [], cluster, which=0, draws=399, seed=1)
        assert found.lower < 2.0 < found.upper or abs(found.lower - 2) < 0.6
        assert (found.p_value <= 0.05) == (not found.lower <= 0 <= found.upper)
        assert found.p_value <= 0.05
        again = pa.wild_bootstrap(y, x, [], cluster, which=0, draws=399, seed=1)
        assert again == found


def test_wild_bootstrap_with_effects_equals_refitting_by_hand() -> None:
    """The swept draws against a loop that rebuilds y and fits it anew."""
    y, x, region, industry, _ = data(3, 120)
    region = region % 15
    x = np.column_stack([x, x[:, 0] * x[:, 1]])
    found = pa.wild_bootstrap(y, x, [industry], region, which=2, draws=99, seed=4)
    fit = pa.fixed_effects(y, x, [industry], region)
    restricted = np.hstack([x[:, :2], dummies(industry)])
    fitted = restricted @ np.linalg.lstsq(restricted, y, rcond=None)[0]
    groups = np.unique(region)
    signs = pa._signs(groups.size, 99, np.random.default_rng(4))
    t0 = abs(fit.coefficients[2] / fit.errors[2])
    reached = 0
    for draw in range(99):
        star = fitted + (y - fitted) * signs[np.searchsorted(groups, region), draw]
        one = pa.fixed_effects(star, x, [industry], region)
        reached += abs(one.coefficients[2] / one.errors[2]) >= t0 * (1 - 1e-9)
    assert found.p_value == pytest.approx((1 + reached) / 100)


def test_spearman_by_hand() -> None:
    """Ranks 1, 2, 3, 4 against 1, 3, 2, 4: ρ = 1 − 6·2/(4·15) = 0.8; ties take mean ranks."""
    assert pa.spearman([10, 20, 30, 40], [1, 3, 2, 4]) == pytest.approx(0.8)
    assert pa.ranks([5, 1, 5, 9]).tolist() == [2.5, 1, 2.5, 4]
    assert pa.spearman([1, 2, 3, np.nan], [3, 2, 1, 7]) == pytest.approx(-1)
    assert np.isnan(pa.spearman([1, 1, 1], [1, 2, 3])) and np.isnan(pa.spearman([1, 2], [1, 2]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2, np.nan], [[1], [2], [3]], [], [0, 1, 2]), "finite"),
        (([1, 2, 3], [[1], [2], [3]], [], [0, 0, 0]), "two clusters"),
        (([1, 2, 3], [[1], [2]], [], [0, 1, 2]), "regressors are"),
        (([1, 2, 3], [[1], [2], [4]], [], [0, 1]), "expected 3 labels"),
        (([1, 2], [[1], [2]], [], [0, 1]), "cannot tell"),
    ],
)
def test_wrong_data_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(MetricInput, match=message):
        pa.fixed_effects(*arguments)
