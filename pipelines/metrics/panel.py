"""Least squares with absorbed fixed effects, clustered errors and a wild cluster bootstrap.

Belongs here: estimation on arrays, whatever the variables mean. Does not belong here: which
regression answers which question (`gradients`, `interaction`).

A row is an observation. Groups are integer or text labels, one list for each set of effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
# Sweeps end when no column moves by more than this share of its own spread.
SWEEP_TOLERANCE = 1e-10
MOST_SWEEPS = 20_000
# Below this many clusters the six-point weights are used: two-point ones have too few draws.
FEW_CLUSTERS = 12


@dataclass(frozen=True)
class Fit:
    """Coefficients, their covariance by cluster, and what the t tests need.

    A regressor that the effects absorb (or that others add up to) has a coefficient of NaN.

    Attributes:
        coefficients, errors, lower, upper, p_values: one each regressor, in order.
        covariance: between the coefficients.
        observations, clusters: used; rows of groups with a single observation are left out.
        absorbed: effects counted as parameters (those within clusters are not).
    """

    coefficients: Floats
    errors: Floats
    lower: Floats
    upper: Floats
    p_values: Floats
    covariance: Floats
    observations: int
    clusters: int
    absorbed: int


def fixed_effects(
    outcome: ArrayLike,
    regressors: ArrayLike,
    effects: Sequence[ArrayLike],
    cluster: ArrayLike,
    *,
    level: float = 0.95,
) -> Fit:
    """y = Xb + effects + e, with errors correlated within clusters in any way.

    Effects are swept out by alternating group means (Frisch–Waugh–Lovell). Covariance: the
    cluster sandwich with G/(G−1) · (N−1)/(N−K), K regressors plus absorbed effects that are not
    nested in the clusters; t with G − 1 degrees of freedom. Without effects a constant is
    absorbed. Groups of one observation explain themselves and are dropped, again and again.

    Args:
        outcome: N; regressors: N × K.
        effects: sets of groups, N each.
        cluster: N, who shares a shock.
        level: of the intervals.

    Raises:
        MetricInput: figures are missing or infinite, shapes differ, or nothing is left to
            estimate from (fewer observations than parameters, fewer than two clusters).

    Source:
        Correia, S. (2017), Linear models with high-dimensional fixed effects; Cameron, A. and
        Miller, D. (2015), A practitioner's guide to cluster-robust inference, Journal of Human
        Resources 50(2), 317-372, eq. 12.
    """
    model = _Model(outcome, regressors, effects, cluster)
    errors = np.sqrt(np.diag(model.covariance))
    quantile = _t_quantile(level, model.clusters - 1)
    b = model.coefficients
    with np.errstate(invalid="ignore", divide="ignore"):
        p_values = _t_p(b / errors, model.clusters - 1)
    return Fit(
        b,
        errors,
        b - quantile * errors,
        b + quantile * errors,
        p_values,
        model.covariance,
        model.y.size,
        model.clusters,
        model.absorbed,
    )


@dataclass(frozen=True)
class Wild:
    """Result of the wild cluster bootstrap for one coefficient."""

    p_value: float
    lower: float
    upper: float
    draws: int


def wild_bootstrap(
    outcome: ArrayLike,
    regressors: ArrayLike,
    effects: Sequence[ArrayLike],
    cluster: ArrayLike,
    *,
    which: int,
    draws: int = 999,
    seed: int = 0,
    level: float = 0.95,
    interval: bool = True,
) -> Wild:
    """p-value and interval of one coefficient when there are few clusters.

    The null is imposed: residuals of the fit with the coefficient at its hypothesised value get
    one random sign a cluster (Rademacher; Webb's six points below 12 clusters), the effects are
    swept again, and the t statistic is compared with its draws. The interval holds the values
    that the test does not reject, found by bisection (NaN where `interval` is off).

    Returns:
        NaN where the coefficient is absorbed. An end is infinite where no value is rejected.

    Source:
        Cameron, A., Gelbach, J. and Miller, D. (2008), Bootstrap-based improvements for inference
        with clustered errors, Review of Economics and Statistics 90(3), 414-427; Webb, M. (2014),
        Reworking wild bootstrap based inference for clustered errors; MacKinnon, J., Nielsen, M.
        and Webb, M. (2023), Fast and reliable jackknife and bootstrap methods.
    """
    model = _Model(outcome, regressors, effects, cluster)
    if not model.kept[which]:
        return Wild(float("nan"), float("nan"), float("nan"), 0)
    x, y = model.x[:, model.kept], model.y
    k = int(model.kept[:which].sum())
    others = np.delete(x, k, axis=1)

    def residuals(values: Floats) -> Floats:
        if not others.shape[1]:
            return values
        return values - others @ np.linalg.lstsq(others, values, rcond=None)[0]

    # restricted residuals are linear in the hypothesised value, and so are the draws
    plain, slope = residuals(y), residuals(x[:, k])
    weights = _signs(model.clusters, draws, np.random.default_rng(seed))[model.cluster]
    drawn = model.sweep(weights * plain[:, None])
    moved = model.sweep(weights * slope[:, None])
    inverse = np.linalg.inv(x.T @ x)
    b, error = model.coefficients[which], np.sqrt(model.covariance[which, which])

    def p_at(value: float) -> float:
        e = drawn - value * moved
        shift = inverse @ (x.T @ e)
        rest = e - x @ shift
        # the score of each cluster in the direction of the coefficient
        lever = x @ inverse[:, k]
        scores = _sums(model.cluster, lever[:, None] * rest, model.clusters)
        spread = np.sqrt(model.correction * (scores**2).sum(axis=0))
        with np.errstate(invalid="ignore", divide="ignore"):
            t = np.abs(shift[k] / spread)
        observed = abs((b - value) / error)
        # ties count: with few clusters some draws repeat the sample itself
        return float((1 + (t >= observed * (1 - 1e-9)).sum()) / (1 + draws))

    def end(sign: int) -> float:
        inner, outer = b, b + sign * 4 * error
        for _ in range(12):
            if p_at(outer) <= 1 - level:
                break
            inner, outer = outer, b + 2 * (outer - b)
        else:
            return sign * float("inf")
        for _ in range(24):
            middle = (inner + outer) / 2
            if p_at(middle) > 1 - level:
                inner = middle
            else:
                outer = middle
        return inner

    ends = (end(-1), end(1)) if interval else (float("nan"), float("nan"))
    return Wild(p_at(0.0), *ends, draws)


def spearman(one: ArrayLike, other: ArrayLike) -> float:
    """Rank correlation with mean ranks for ties; NaN with fewer than three pairs or no spread.

    Source:
        Spearman, C. (1904), The proof and measurement of association between two things.
    """
    x, y = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < 3:
        return float("nan")
    a, b = ranks(x[both]), ranks(y[both])
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / scale) if scale > 0 else float("nan")


def ranks(values: ArrayLike) -> Floats:
    """Ranks from 1, equal values at the mean of theirs."""
    figures = np.asarray(values, dtype=float)
    ordered = np.sort(figures)
    left = np.searchsorted(ordered, figures, side="left")
    right = np.searchsorted(ordered, figures, side="right")
    return (left + right + 1) / 2


class _Model:
    """Swept data of a regression and what every estimate of it needs."""

    def __init__(
        self,
        outcome: ArrayLike,
        regressors: ArrayLike,
        effects: Sequence[ArrayLike],
        cluster: ArrayLike,
    ) -> None:
        y, x = np.asarray(outcome, dtype=float), np.asarray(regressors, dtype=float)
        if y.ndim != 1 or x.ndim != 2 or x.shape[0] != y.size:
            raise MetricInput(f"outcome is {y.shape}, regressors are {x.shape}")
        if not (np.isfinite(y).all() and np.isfinite(x).all()):
            raise MetricInput("outcome and regressors must be finite; leave out rows with gaps")
        groups = [_codes(labels, y.size) for labels in effects] or [np.zeros(y.size, dtype=int)]
        clusters = _codes(cluster, y.size)
        keep = _without_singletons(groups) if effects else np.ones(y.size, dtype=bool)
        y, x = y[keep], x[keep]
        self.groups = [_codes(group[keep], y.size) for group in groups]
        self.cluster = _codes(clusters[keep], y.size)
        self.clusters = int(self.cluster.max(initial=-1) + 1)
        if self.clusters < 2:
            raise MetricInput("errors by cluster need two clusters at least")
        swept = self.sweep(np.column_stack([y, x]))
        self.y, self.x = swept[:, 0], swept[:, 1:]
        scale = np.sqrt(((x - x.mean(axis=0)) ** 2).sum(axis=0))
        self.kept = _independent(self.x, scale)
        nested = [_nested(group, self.cluster) for group in self.groups]
        self.absorbed = _absorbed(self.groups, nested)
        parameters = int(self.kept.sum()) + self.absorbed
        if y.size <= parameters or not self.kept.any():
            raise MetricInput(
                f"{y.size} observations cannot tell {parameters} parameters apart"
                if self.kept.any()
                else "the effects absorb every regressor"
            )
        used = self.x[:, self.kept]
        inverse = np.linalg.inv(used.T @ used)
        b = inverse @ (used.T @ self.y)
        residual = self.y - used @ b
        scores = _sums(self.cluster, used * residual[:, None], self.clusters)
        self.correction = self.clusters / (self.clusters - 1) * (y.size - 1) / (y.size - parameters)
        sandwich = self.correction * inverse @ (scores.T @ scores) @ inverse
        size = x.shape[1]
        self.coefficients = np.full(size, np.nan)
        self.coefficients[self.kept] = b
        self.covariance = np.full((size, size), np.nan)
        self.covariance[np.ix_(self.kept, self.kept)] = sandwich

    def sweep(self, columns: Floats) -> Floats:
        """Columns less all group means, by turns until they stand still."""
        values = np.array(columns, dtype=float)
        counts = [np.bincount(group).astype(float)[:, None] for group in self.groups]
        spread = np.sqrt((values**2).mean(axis=0)) + 1e-300
        for _ in range(MOST_SWEEPS):
            moved = np.zeros(values.shape[1])
            for group, count in zip(self.groups, counts, strict=True):
                means = _sums(group, values, count.shape[0]) / count
                values -= means[group]
                moved = np.maximum(moved, np.abs(means).max(axis=0))
            if len(self.groups) == 1 or (moved <= SWEEP_TOLERANCE * spread).all():
                return values
        raise MetricInput(f"the fixed effects did not settle in {MOST_SWEEPS} sweeps")


def _sums(group: Codes, values: Floats, size: int) -> Floats:
    """Sums of each column by group."""
    columns = [np.bincount(group, weights=column, minlength=size) for column in values.T]
    return np.column_stack(columns)


def _codes(labels: ArrayLike, size: int) -> Codes:
    values = np.asarray(labels)
    if values.shape != (size,):
        raise MetricInput(f"expected {size} labels, got shape {values.shape}")
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _without_singletons(groups: Sequence[Codes]) -> NDArray[np.bool_]:
    keep = np.ones(groups[0].size, dtype=bool)
    while True:
        alone = np.zeros_like(keep)
        for group in groups:
            alone |= keep & (np.bincount(group[keep], minlength=group.max() + 1)[group] == 1)
        if not alone.any():
            return keep
        keep &= ~alone


def _independent(x: Floats, scale: Floats) -> NDArray[np.bool_]:
    """Regressors that are left after the effects and the regressors before them."""
    kept = np.zeros(x.shape[1], dtype=bool)
    for k in range(x.shape[1]):
        rest = x[:, k]
        if kept.any():
            before = x[:, kept]
            rest = rest - before @ np.linalg.lstsq(before, rest, rcond=None)[0]
        kept[k] = np.sqrt((rest**2).sum()) > 1e-7 * max(scale[k], 1e-300)
    return kept


def _nested(group: Codes, cluster: Codes) -> bool:
    """Each group lies within one cluster."""
    first = np.zeros(group.max() + 1, dtype=np.int64)
    first[group] = cluster
    return bool((first[group] == cluster).all())


def _absorbed(groups: Sequence[Codes], nested: Sequence[bool]) -> int:
    """Parameters of the effects: groups, less one for each part that two sets tie together."""
    counted = [g for g, inside in zip(groups, nested, strict=True) if not inside]
    if not counted:
        return 1
    total = int(counted[0].max() + 1)
    for group in counted[1:]:
        # of more than two sets only the ties to the first are counted: errors a little too large
        total += int(group.max() + 1) - _components(counted[0], group)
    if any(nested):
        inside = next(g for g, within in zip(groups, nested, strict=True) if within)
        total -= _components(inside, counted[0]) - 1
    return max(total, 1)


def _components(one: Codes, other: Codes) -> int:
    """Connected parts of the graph in which two groups are joined by an observation."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    left, size = int(one.max() + 1), int(one.max() + other.max() + 2)
    joins = coo_array((np.ones(one.size), (one, other + left)), shape=(size, size))
    return int(connected_components(joins, directed=False)[0])


def _signs(clusters: int, draws: int, rng: np.random.Generator) -> Floats:
    """One weight a cluster and draw, with mean 0 and variance 1."""
    if clusters < FEW_CLUSTERS:
        points = np.sqrt([0.5, 1.0, 1.5])
        return rng.choice(np.concatenate([-points, points]), size=(clusters, draws))
    return rng.choice([-1.0, 1.0], size=(clusters, draws))


def _t_quantile(level: float, freedom: int) -> float:
    from scipy.special import stdtrit  # scipy.stats has the same and takes a second to import

    return float(stdtrit(freedom, (1 + level) / 2))


def _t_p(statistic: Floats, freedom: int) -> Floats:
    from scipy.special import stdtr

    return 2 * stdtr(freedom, -np.abs(statistic))
