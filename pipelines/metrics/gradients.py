"""Entry and concentration: do firms enter where their industry, or related ones, already are?

Belongs here: the entry–concentration gradient over industries, and its fixed-effects panel
version over regions × industries × years. Does not belong here: estimation (`panel`), γ
(`concentration`), entry rates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput
from pipelines.metrics.panel import Fit, fixed_effects, spearman

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Gradient:
    """Rank correlation with a percentile interval over resampled industries."""

    rho: float
    lower: float
    upper: float
    industries: int
    draws: int


def entry_concentration_gradient(
    concentration: ArrayLike,
    entry_rate: ArrayLike,
    *,
    draws: int = 999,
    seed: int = 0,
    level: float = 0.95,
    min_industries: int = 10,
) -> Gradient:
    """Spearman's ρ between γ of the year before and the entry rate, over industries.

    Positive: entry is higher (barriers lower) in concentrated industries, as the guidelines
    say. The interval is the bootstrap percentile interval over industries drawn with replacement;
    draws without spread have no ρ and are left out.

    Args:
        concentration: γ of each industry at t − 1; entry_rate: its entry rate at t, one basis.
            Industries with a gap in either take no part.
        min_industries: fewer give NaN.

    Source:
        Test of APEC guideline 7 (claim H15); Dumais, G., Ellison, G. and Glaeser, E. (2002),
        Geographic concentration as a dynamic process, Review of Economics and Statistics 84(2),
        193-204; Efron, B. (1979) for the bootstrap.
    """
    x, y = np.asarray(concentration, dtype=float), np.asarray(entry_rate, dtype=float)
    if x.shape != y.shape or x.ndim != 1:
        raise MetricInput(f"concentration is {x.shape}, entry_rate is {y.shape}")
    if draws < 1 or not 0 < level < 1:
        raise MetricInput(f"draws must be 1 at least and level between 0 and 1: {draws}, {level}")
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    nan = float("nan")
    if x.size < max(min_industries, 3):
        return Gradient(nan, nan, nan, int(x.size), 0)
    rng = np.random.default_rng(seed)
    drawn = np.array(
        [spearman(x[pick], y[pick]) for pick in rng.integers(0, x.size, size=(draws, x.size))]
    )
    drawn = drawn[np.isfinite(drawn)]
    if not drawn.size:
        return Gradient(nan, nan, nan, int(x.size), 0)
    lower, upper = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Gradient(spearman(x, y), float(lower), float(upper), int(x.size), int(drawn.size))


@dataclass(frozen=True)
class EntryPanel:
    """β of ln(1 + own employment) (convergence) and of ln(1 + related) (agglomeration)."""

    fit: Fit
    convergence: float
    agglomeration: float


def entry_panel(
    entry: ArrayLike,
    own_employment: ArrayLike,
    related_employment: ArrayLike,
    region: ArrayLike,
    industry: ArrayLike,
    year: ArrayLike,
) -> EntryPanel:
    """entry_irt = β₁ ln(1 + own E) + β₂ ln(1 + related E) + region × t + industry × t + e.

    β₁ < 0 is convergence (mean reversion), β₂ > 0 agglomeration: entry where the rest of the
    cluster is strong. Errors are clustered by region. Employment is that of the year before.
    Rows with a gap take no part.

    Args:
        entry: entry rate (or ln(1 + entrants)), N rows; own_employment: jobs of the industry in the
            region; related_employment: jobs of the cluster's other industries there.
        region, industry, year: labels.

    Source:
        Delgado, M., Porter, M. and Stern, S. (2010), Clusters and entrepreneurship, Journal of
        Economic Geography 10(4), 495-518, eq. 2 (https://hdl.handle.net/1721.1/65083).
    """
    y = np.asarray(entry, dtype=float)
    own, related = (np.asarray(v, dtype=float) for v in (own_employment, related_employment))
    labels = [np.asarray(v) for v in (region, industry, year)]
    if len({v.shape for v in (y, own, related, *labels)}) != 1 or y.ndim != 1:
        raise MetricInput("all columns of the panel must be lists of one length")
    if (own < 0).any() or (related < 0).any():
        raise MetricInput("employment is not negative")
    keep = np.isfinite(y) & np.isfinite(own) & np.isfinite(related)
    place, what, when = (v[keep] for v in labels)
    fit = fixed_effects(
        y[keep],
        np.log1p(np.column_stack([own[keep], related[keep]])),
        [joined(place, when), joined(what, when)],
        place,
    )
    return EntryPanel(fit, float(fit.coefficients[0]), float(fit.coefficients[1]))


def joined(one: ArrayLike, other: ArrayLike) -> NDArray[np.int64]:
    """One label for each pair of two labels."""
    first = np.unique(np.asarray(one), return_inverse=True)[1].astype(np.int64)
    second = np.unique(np.asarray(other), return_inverse=True)[1].astype(np.int64)
    return first * (int(second.max(initial=0)) + 1) + second
