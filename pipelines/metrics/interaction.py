"""ICT × cluster: does broadband pay more inside clusters?

Belongs here: the panel regression behind `ict_cluster_interaction`, its marginal effects and its
placebo. Does not belong here: estimation (`panel`), which figures enter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput
from pipelines.metrics.gradients import joined
from pipelines.metrics.panel import Fit, fixed_effects, wild_bootstrap

Floats = NDArray[np.float64]
FEW_REGIONS = 40
TERMS = ("ln_lq", "broadband", "interaction")


@dataclass(frozen=True)
class Estimate:
    """A coefficient or a marginal effect with its 95 percent interval and two-sided p-value."""

    value: float
    error: float
    lower: float
    upper: float
    p_value: float


@dataclass(frozen=True)
class Interaction:
    """Result of `ict_cluster_interaction`.

    Attributes:
        delta: coefficient of ln(1 + LQ) × broadband: the premium of clusters.
        cluster: coefficient of ln(1 + LQ) at mean broadband (centred).
        broadband: coefficient of broadband where LQ is 0: ICT alone; NaN with region effects.
        at_p25, at_p75: marginal effect of broadband at the quartiles of LQ; NaN with region
            effects, where only their difference (`premium`) is identified.
        premium: difference of the two, δ·(ln(1 + P75) − ln(1 + P25)).
        lq_p25, lq_p75: the quartiles, over the rows used.
        method: `clustered` or `wild bootstrap` (fewer than 40 regions), for δ and the premium.
        regions, observations: used.
    """

    delta: Estimate
    cluster: Estimate
    broadband: Estimate
    at_p25: Estimate
    at_p75: Estimate
    premium: Estimate
    lq_p25: float
    lq_p75: float
    method: str
    regions: int
    observations: int


def ict_cluster_interaction(
    outcome: ArrayLike,
    lq: ArrayLike,
    broadband: ArrayLike,
    region: ArrayLike,
    cluster: ArrayLike,
    period: ArrayLike | None = None,
    *,
    controls: ArrayLike | None = None,
    region_effects: bool = False,
    draws: int = 999,
    seed: int = 0,
) -> Interaction:
    """Δ ln y = β₁ ln(1+LQ) + β₂ BB + δ ln(1+LQ)·BB + controls + α(cluster × t) [+ α(region)] + e.

    BB is centred over the rows used, so that β₁ is the effect of specialisation at mean
    broadband. Errors are clustered by region, where broadband varies; with fewer than
    40 regions δ's p-value and interval come from the wild cluster bootstrap. An association, not
    a cause: show the placebo (`placebo`) beside it.

    Args:
        outcome: growth of ln y over the period (three years), N rows region × cluster (× t).
        lq: location quotient at its start; NaN (withheld) rows take no part, as any gap.
        broadband: share of households subscribing in the region at the start, 0 to 1.
        region, cluster, period: labels; one period if left out.
        controls: N × K.
        region_effects: with several periods or clusters, effects of regions; β₂ is then absorbed.
        draws, seed: of the wild bootstrap.

    Raises:
        MetricInput: shapes differ, a negative LQ, too few rows or regions.

    Source:
        Steinfield, C. and Scupola, A. (2008), The Information Society 24(5); Forman, C.,
        Goldfarb, A. and Greenstein, S. (2012), The internet and local wages: a puzzle, American
        Economic Review 102(1), 556-575 (interaction design).
    """
    y, quotient, share = (np.asarray(v, dtype=float) for v in (outcome, lq, broadband))
    size = y.size
    more = np.zeros((size, 0)) if controls is None else np.asarray(controls, dtype=float)
    labels = [np.asarray(v) for v in (region, cluster)]
    labels.append(np.zeros(size, dtype=int) if period is None else np.asarray(period))
    shapes = {v.shape for v in (y, quotient, share, *labels)}
    if shapes != {(size,)} or more.shape[0] != size or more.ndim != 2:
        raise MetricInput(f"columns must be lists of one length, controls rows of it: {shapes}")
    if (quotient < 0).any():
        raise MetricInput("a location quotient is not negative")
    keep = np.isfinite(np.column_stack([y, quotient, share, more])).all(axis=1)
    if not keep.any():
        raise MetricInput("no row has outcome, LQ and broadband")
    y, quotient, share, more = y[keep], quotient[keep], share[keep], more[keep]
    place, what, when = (v[keep] for v in labels)
    centred = share - share.mean()
    strength = np.log1p(quotient)
    x = np.column_stack([strength, centred, strength * centred, more])
    effects: list[ArrayLike] = [joined(what, when)]
    if region_effects:
        effects.append(place)
    fit = fixed_effects(y, x, effects, place)
    low, high = (float(v) for v in np.quantile(quotient, [0.25, 0.75]))
    step = float(np.log1p(high) - np.log1p(low))
    delta, method = _of(fit, 2), "clustered"
    if fit.clusters < FEW_REGIONS and np.isfinite(delta.value):
        wild = wild_bootstrap(y, x, effects, place, which=2, draws=draws, seed=seed)
        delta = Estimate(delta.value, delta.error, wild.lower, wild.upper, wild.p_value)
        method = "wild bootstrap"
    premium = Estimate(
        delta.value * step,
        delta.error * step,
        delta.lower * step,
        delta.upper * step,
        delta.p_value,
    )
    return Interaction(
        delta,
        _of(fit, 0),
        _of(fit, 1),
        _marginal(fit, float(np.log1p(low))),
        _marginal(fit, float(np.log1p(high))),
        premium,
        low,
        high,
        method,
        fit.clusters,
        fit.observations,
    )


@dataclass(frozen=True)
class Placebo:
    """δ of the real period beside δ of one in which broadband cannot have worked."""

    real: Interaction
    placebo: Interaction

    @property
    def passed(self) -> bool:
        """The placebo's interval holds 0: what came later does not explain what was before."""
        return bool(self.placebo.delta.lower <= 0 <= self.placebo.delta.upper)


def placebo(
    real: Interaction,
    outcome_before: ArrayLike,
    lq: ArrayLike,
    broadband: ArrayLike,
    region: ArrayLike,
    cluster: ArrayLike,
    period: ArrayLike | None = None,
    **options: object,
) -> Placebo:
    """The same regression on growth before broadband (or before the period), as a check.

    Args:
        real: the estimate that is checked.
        outcome_before: growth over an earlier period, row by row as in the real one.
        lq, broadband, region, cluster, period, options: as in `ict_cluster_interaction`.

    Source:
        Falsification with pre-period outcomes as in Forman, Goldfarb and Greenstein (2012), 4.3.
    """
    return Placebo(
        real,
        ict_cluster_interaction(
            outcome_before,
            lq,
            broadband,
            region,
            cluster,
            period,
            **options,  # type: ignore[arg-type]
        ),
    )


def specification_curve(
    variants: Sequence[tuple[str, dict[str, object]]],
) -> list[tuple[str, Interaction]]:
    """δ under several declared specifications: (name, arguments) → (name, result), in order."""
    return [(name, ict_cluster_interaction(**arguments)) for name, arguments in variants]  # type: ignore[arg-type]


def _of(fit: Fit, k: int) -> Estimate:
    return Estimate(
        float(fit.coefficients[k]),
        float(fit.errors[k]),
        float(fit.lower[k]),
        float(fit.upper[k]),
        float(fit.p_values[k]),
    )


def _marginal(fit: Fit, strength: float) -> Estimate:
    """∂Δln y/∂BB = β₂ + δ·ln(1 + LQ), with its delta-method (here exact, linear) error."""
    from scipy.special import stdtr, stdtrit

    value = fit.coefficients[1] + fit.coefficients[2] * strength
    c = fit.covariance
    error = np.sqrt(c[1, 1] + 2 * strength * c[1, 2] + strength**2 * c[2, 2])
    half = stdtrit(fit.clusters - 1, 0.975) * error
    p = 2 * stdtr(fit.clusters - 1, -abs(value / error))
    return Estimate(float(value), float(error), float(value - half), float(value + half), float(p))
