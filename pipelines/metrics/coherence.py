"""Do the inputs of a composite belong together, and which of them really drive it?

Method: OECD/JRC Handbook (2008), steps 4 and 6; correlation ratios: Paruolo, Saisana and
Saltelli, "Ratings and rankings: voodoo or science?", JRSS A 176(3), 2013.

Belongs here: statistics over scores. Does not belong here: how scores are made (`composite`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.errors import MetricInput
from pipelines.metrics.composite import Doubles

#: Rows that a coefficient has to rest on.
ROWS_NEEDED = 8


@dataclass(frozen=True)
class Coherence:
    """One guideline.

    Attributes:
        rest_correlation: (I) of each input with the mean of the other inputs, NaN for the only
            input or too few rows; negative triggers a review.
        alpha: Cronbach's, NaN for the only input.
        explained: (I) shares of variance of the principal components, descending.
        loadings: (I) of the first component, signed so that their sum is not negative.
        rows: units × periods with all inputs, on which alpha and the components rest.
    """

    rest_correlation: Doubles
    alpha: float
    explained: Doubles
    loadings: Doubles
    rows: int


def cronbach_alpha(items: Doubles) -> float:
    """k/(k-1) (1 - Σ var(item) / var(sum of items)), sample variances.

    Source: Cronbach, Psychometrika 16(3), 1951.

    Args:
        items: (rows, k) without NaN.

    Returns:
        At most 1; NaN for one item, fewer than two rows, or a sum that does not vary.
    """
    rows, k = items.shape
    if k < 2 or rows < 2:
        return float("nan")
    total = items.sum(axis=1).var(ddof=1)
    if total <= 0:
        return float("nan")
    return float(k / (k - 1) * (1 - items.var(axis=0, ddof=1).sum() / total))


def principal_components(items: Doubles) -> tuple[Doubles, Doubles]:
    """Shares of variance (descending) and loadings of the first component, on correlations.

    Args:
        items: (rows, k) without NaN; every column varies.

    Returns:
        (k) shares that sum to 1; (k) correlations of the items with the first component.

    Raises:
        MetricInput: a column does not vary.
    """
    if (items.std(axis=0) == 0).any():
        raise MetricInput("an item does not vary; it has no correlation with anything")
    values, vectors = np.linalg.eigh(np.atleast_2d(np.corrcoef(items, rowvar=False)))
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    loadings = vectors[:, 0] * np.sqrt(values[0])
    return values / values.sum(), loadings if loadings.sum() >= 0 else -loadings


def coherence(normalised: Doubles) -> Coherence:
    """Report on the inputs of one guideline.

    Args:
        normalised: (rows, I) scores of units × periods, NaN = missing.
    """
    count = normalised.shape[1]
    complete = normalised[~np.isnan(normalised).any(axis=1)]
    varying = complete.std(axis=0) > 0 if len(complete) else np.zeros(count, dtype=bool)
    rest = np.full(count, np.nan)
    for i in range(count):
        rows = ~np.isnan(normalised[:, i])
        others = np.delete(normalised[rows], i, axis=1)
        there = ~np.isnan(others)
        some = there.any(axis=1)
        if count < 2 or some.sum() < ROWS_NEEDED:
            continue
        mean = np.where(there, others, 0.0).sum(axis=1)[some] / there.sum(axis=1)[some]
        rest[i] = _correlation(normalised[rows, i][some], mean)
    alpha = float("nan")
    explained, loadings = np.full(count, np.nan), np.full(count, np.nan)
    if len(complete) >= ROWS_NEEDED and varying.all():
        alpha = cronbach_alpha(complete)
        explained, loadings = principal_components(complete)
    return Coherence(rest, alpha, explained, loadings, len(complete))


def correlation_ratio(x: Doubles, y: Doubles, degree: int = 3) -> float:
    """Share of the variance of y that x accounts for, curved relations included.

    η² = V(E(y|x)) / V(y), with E(y|x) a polynomial of x fitted by least squares. A straight line
    gives the squared correlation. Adjusted for the terms fitted, so that noise is near 0, and cut
    to [0, 1].

    Args:
        x, y: (rows); rows with a NaN are left out.
        degree: of the polynomial; lowered to what the different values of x allow.

    Returns:
        NaN with fewer than ROWS_NEEDED rows or if one of the two does not vary.
    """
    there = ~np.isnan(x) & ~np.isnan(y)
    x, y = x[there], y[there]
    if len(x) < ROWS_NEEDED or x.std() == 0 or y.std() == 0:
        return float("nan")
    terms = min(degree, len(np.unique(x)) - 1)
    scaled = (x - x.mean()) / x.std()
    fitted = np.polynomial.Chebyshev.fit(scaled, y, terms)(scaled)
    unexplained = ((y - fitted) ** 2).sum() / (len(x) - terms - 1)
    return float(np.clip(1 - unexplained / y.var(ddof=1), 0.0, 1.0))


def _correlation(x: Doubles, y: Doubles) -> float:
    if x.std() == 0 or y.std() == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])
