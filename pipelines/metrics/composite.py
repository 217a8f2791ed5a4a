"""A composite of the seven guidelines, and the rules under which it may be computed at all.

Method: OECD/JRC, Handbook on Constructing Composite Indicators (2008), in the choices of
docs/methodology/composite.md: fixed goalposts, arithmetic mean within a guideline, generalised
mean (geometric by default) across guidelines, two thirds of a guideline's inputs and five of
seven guidelines, no imputation.

Shapes throughout: T periods, U units, I inputs (indicators), G guidelines. Cells are arrays
(T, U, I) of doubles in which NaN is missing; they have no other word for it.

Belongs here: normalisation, means, coverage, checks of the inputs. Does not belong here: what
happens when the assumptions vary (`uncertainty`), whether the inputs belong together
(`coherence`), reading a release (`pipelines.scorecards`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import MetricInput

Doubles = NDArray[np.float64]

#: Share of a guideline's inputs without which the guideline has no score.
INPUTS_NEEDED = 2 / 3
#: Guidelines without which a unit has no overall score, out of seven.
GUIDELINES_NEEDED = 5
#: Lowest score of a guideline: a zero would make a geometric mean zero whatever the rest.
SCORE_FLOOR = 1.0
#: A figure may be carried forward this long at most.
CARRY_LIMIT_YEARS = 3
#: Below this exponent a power mean is the geometric mean (its limit) in double precision.
_GEOMETRIC_BELOW = 1e-6


class Normalisation(StrEnum):
    """Ways to bring inputs onto one scale, 0 to 100, more is better."""

    GOALPOSTS = "goalposts"
    Z_SCORE = "z_score"
    PERCENTILE = "percentile"
    FRONTIER = "frontier"


class Bounds(StrEnum):
    """What value_lower and value_upper of an input mean."""

    #: the true value lies between them, nothing more is known (withheld cells): uniform
    LIMITS = "limits"
    #: an interval of 90 percent confidence (margins of error of a survey): normal
    INTERVAL_90 = "interval_90"


@dataclass(frozen=True)
class Input:
    """One input of the composite.

    Attributes:
        indicator: its id.
        guideline: the guideline that it measures.
        basis: the one basis on which it is read.
        goal_low: value that scores 0 (100 where less is better).
        goal_high: value that scores 100 (0 where less is better).
        is_up: more is better.
        weight: within its guideline, relative to the others.
        bounds: what its bounds mean.
    """

    indicator: str
    guideline: str
    basis: str
    goal_low: float
    goal_high: float
    is_up: bool = True
    weight: float = 1.0
    bounds: Bounds = Bounds.LIMITS


@dataclass(frozen=True)
class Panel:
    """Cells of all inputs for all units and periods.

    Attributes:
        periods: (T) names, ascending.
        units: (U) names.
        inputs: (I) what the last axis holds.
        values: (T, U, I), NaN = missing.
        lower, upper: (T, U, I), NaN = exact or unbounded on that side.
    """

    periods: tuple[str, ...]
    units: tuple[str, ...]
    inputs: tuple[Input, ...]
    values: Doubles
    lower: Doubles
    upper: Doubles

    def __post_init__(self) -> None:
        shape = (len(self.periods), len(self.units), len(self.inputs))
        for name in ("values", "lower", "upper"):
            if getattr(self, name).shape != shape:
                raise MetricInput(
                    f"{name} has shape {getattr(self, name).shape}; "
                    f"periods, units and inputs make {shape}"
                )
            if np.isinf(getattr(self, name)).any():
                raise MetricInput(f"{name} holds an infinite figure")
        twice = sorted({i.indicator for i in self.inputs if _count(self.inputs, i) > 1})
        if twice:
            raise MetricInput(
                f"{', '.join(twice)}: named on more than one basis; bases are never pooled"
            )
        for row in self.inputs:
            check_goalposts(row)

    @property
    def guidelines(self) -> tuple[str, ...]:
        """(G) guidelines that have an input, in order."""
        return tuple(sorted({row.guideline for row in self.inputs}))

    def membership(self) -> Doubles:
        """(I, G) weight of each input in its guideline, 0 elsewhere; columns sum to 1."""
        names = self.guidelines
        table = np.zeros((len(self.inputs), len(names)))
        for i, row in enumerate(self.inputs):
            table[i, names.index(row.guideline)] = row.weight
        return table / table.sum(axis=0)

    def central(self) -> Doubles:
        """(T, U, I) values; where only bounds are known, the middle of both."""
        middle = (self.lower + self.upper) / 2
        return np.where(np.isnan(self.values), middle, self.values)


@dataclass(frozen=True)
class Scores:
    """A composite without its uncertainty.

    Attributes:
        normalised: (T, U, I) inputs on 0 to 100.
        guideline: (T, U, G) scores of at least SCORE_FLOOR, NaN = not scored.
        overall: (T, U), NaN = not scored.
        inputs_present: (T, U, G) share of the inputs that are there.
        beyond_goalposts: (T, U, I) the value lies outside and was cut to 0 or 100.
    """

    normalised: Doubles
    guideline: Doubles
    overall: Doubles
    inputs_present: Doubles
    beyond_goalposts: NDArray[np.bool_]


def check_goalposts(row: Input) -> None:
    """Goalposts and weights that a score can be computed with.

    Raises:
        MetricInput: they are not finite, do not ascend, or the weight is not positive.
    """
    if not (np.isfinite(row.goal_low) and np.isfinite(row.goal_high)):
        raise MetricInput(
            f"{row.indicator}: goalposts have to be given; they are never taken from the figures, "
            "because a new year would then move the scores of all earlier ones"
        )
    if row.goal_low >= row.goal_high:
        raise MetricInput(
            f"{row.indicator}: goalpost low {row.goal_low} is not below high {row.goal_high}"
        )
    if not (np.isfinite(row.weight) and row.weight > 0):
        raise MetricInput(
            f"{row.indicator}: weight {row.weight}; an input of a composite weighs more than 0, "
            "leave it out instead"
        )


def check_admissible(
    inputs: Sequence[Input], *, roles: dict[str, str], directions: dict[str, str], indexes: set[str]
) -> None:
    """Only scored measures may be scored.

    Args:
        inputs: what is about to be aggregated.
        roles: indicator → scored, context or test.
        directions: indicator → up, down or neutral.
        indexes: indicators that are composites themselves.

    Raises:
        MetricInput: an index inside an index; context, tests or neutral measures; a direction
            other than the dictionary's.
    """
    for row in inputs:
        name = row.indicator
        if name in indexes:
            raise MetricInput(
                f"{name}: is an index itself; an index inside an index counts its inputs twice "
                "and hides their weights, so that it is shown and not aggregated"
            )
        if roles.get(name) != "scored":
            raise MetricInput(f"{name}: its role is {roles.get(name)!r}, not 'scored'")
        expected = {True: "up", False: "down"}[row.is_up]
        if directions.get(name) != expected:
            raise MetricInput(
                f"{name}: its direction is {directions.get(name)!r}; it was to be scored as "
                f"{expected!r}"
            )


def check_units(units: Collection[str], required: Collection[str]) -> None:
    """Every economy that has to be listed is.

    Raises:
        MetricInput: names those that are missing.
    """
    missing = sorted(set(required) - set(units))
    if missing:
        raise MetricInput(
            f"{len(missing)} of {len(required)} units are missing: {', '.join(missing)}; a unit "
            "without figures is listed without a score, never left out"
        )


def check_statuses(
    values: Doubles, statuses: NDArray[np.str_], *, without_value: Collection[str], where: str
) -> None:
    """A status says missing exactly where there is no value; a plain 0 is not taken for missing.

    Args:
        values: any shape, NaN = no value.
        statuses: same shape, letters of reference.obs_status ('' = no cell).
        without_value: letters that mean that there is no value (M, L, C, Q).
        where: said in the message.

    Raises:
        MetricInput: a value under such a letter (a zero that stands for missing), or none
            under another letter.
    """
    blank = np.isin(statuses, [*without_value, ""])
    if (blank & ~np.isnan(values)).any():
        place = np.argwhere(blank & ~np.isnan(values))[0]
        raise MetricInput(
            f"{where}, cell {tuple(place.tolist())}: value {values[tuple(place)]} under status "
            f"{str(statuses[tuple(place)])!r}, which means that there is none; "
            "missing is not zero"
        )
    if (~blank & np.isnan(values)).any():
        place = np.argwhere(~blank & np.isnan(values))[0]
        raise MetricInput(
            f"{where}, cell {tuple(place.tolist())}: no value under status "
            f"{str(statuses[tuple(place)])!r}"
        )


def normalise(
    values: Doubles, inputs: Sequence[Input], method: Normalisation = Normalisation.GOALPOSTS
) -> Doubles:
    """Bring inputs onto 0 to 100, more is better.

    goalposts: 100 (x - low) / (high - low), cut to [0, 100]; low and high are data.
    z_score: 50 + 100/6 z, cut to [0, 100]; z over the units of the same period, so that three
        standard deviations are the ends of the scale. Population standard deviation.
    percentile: 100 (units below + half of those equal, itself not counted) / (units - 1).
    frontier: 100 (x - low) / (best of the period - low), cut to [0, 100]; low is the goalpost.
    Less-is-better inputs are mirrored. No method but the first can see other periods either: a
    new year rewrites nothing.

    Args:
        values: (…, U, I).
        inputs: (I).

    Returns:
        (…, U, I), NaN where the value is. Where all units of a period are equal, z_score and
        percentile give 50; frontier gives 0 where the best is not above the low goalpost.
    """
    low = np.array([row.goal_low for row in inputs])
    high = np.array([row.goal_high for row in inputs])
    is_up = np.array([row.is_up for row in inputs])
    # mirrored, so that more is better from here on
    x = np.where(is_up, values, -values)
    low, high = np.where(is_up, low, -high), np.where(is_up, high, -low)
    if method is Normalisation.GOALPOSTS:
        scaled = 100 * (x - low) / (high - low)
    elif method is Normalisation.Z_SCORE:
        scaled = _z_score(x)
    elif method is Normalisation.PERCENTILE:
        return _percentile(x)
    else:
        best = _nan_reduce(np.fmax, x)
        span = np.where(best > low, best - low, np.nan)
        scaled = np.where(np.isnan(x), np.nan, np.nan_to_num(100 * (x - low) / span))
    return np.clip(scaled, 0.0, 100.0)


def within_guidelines(
    normalised: Doubles, weights: Doubles, *, inputs_needed: float = INPUTS_NEEDED
) -> tuple[Doubles, Doubles]:
    """Weighted arithmetic mean of what is present, by guideline.

    Args:
        normalised: (…, U, I).
        weights: (I, G), or (…, I, G) with the same leading axes as `normalised`.
        inputs_needed: share of a guideline's inputs (by number) below which it has no score.

    Returns:
        Scores (…, U, G), at least SCORE_FLOOR or NaN; share of inputs present (…, U, G).
    """
    there = ~np.isnan(normalised)
    filled = np.where(there, normalised, 0.0)
    total = there.astype(float) @ weights
    belongs = (weights > 0).astype(float)
    share = (there.astype(float) @ belongs) / np.maximum(belongs.sum(axis=-2, keepdims=True), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (filled @ weights) / total
    enough = (share >= inputs_needed - 1e-12) & (total > 0)
    return np.where(enough, np.maximum(mean, SCORE_FLOOR), np.nan), share


def across_guidelines(
    guideline: Doubles,
    weights: Doubles,
    exponent: float | Doubles = 0.0,
    *,
    guidelines_needed: int = GUIDELINES_NEEDED,
) -> Doubles:
    """Weighted power mean of the guidelines that have a score.

    M_p = (Σ w s^p)^(1/p); p = 1 arithmetic, p → 0 geometric exp(Σ w ln s): the smaller p, the less
    a high score makes up for a low one.

    Args:
        guideline: (…, U, G), NaN = not scored.
        weights: (G) or (…, 1, G), positive; renormalised over what is present.
        exponent: a number, or an array that broadcasts against (…, U).
        guidelines_needed: number below which there is no overall score.

    Returns:
        (…, U), NaN = not scored.
    """
    there = ~np.isnan(guideline)
    present = np.where(there, weights, 0.0)
    total = present.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = present / total[..., None]
        logs = np.log(np.where(there, guideline, 1.0))
        power = np.asarray(exponent, dtype=float)
        geometric = np.exp((share * logs).sum(axis=-1))
        safe = np.where(np.abs(power) < _GEOMETRIC_BELOW, 1.0, power)
        raised = (share * np.exp(logs * safe[..., None])).sum(axis=-1) ** (1 / safe)
    mean = np.where(np.abs(power) < _GEOMETRIC_BELOW, geometric, raised)
    return np.where(there.sum(axis=-1) >= guidelines_needed, mean, np.nan)


def score(
    panel: Panel,
    *,
    method: Normalisation = Normalisation.GOALPOSTS,
    guideline_weights: Doubles | None = None,
    exponent: float = 0.0,
    inputs_needed: float = INPUTS_NEEDED,
    guidelines_needed: int = GUIDELINES_NEEDED,
) -> Scores:
    """The composite by one set of assumptions.

    Args:
        panel: the inputs.
        method: normalisation.
        guideline_weights: (G); None = equal.
        exponent: of the mean across guidelines; 0 = geometric.
        inputs_needed, guidelines_needed: coverage rule.
    """
    values = panel.central()
    normalised = normalise(values, panel.inputs, method)
    guideline, present = within_guidelines(
        normalised, panel.membership(), inputs_needed=inputs_needed
    )
    count = len(panel.guidelines)
    weights = np.full(count, 1 / count) if guideline_weights is None else guideline_weights
    overall = across_guidelines(guideline, weights, exponent, guidelines_needed=guidelines_needed)
    low = np.array([row.goal_low for row in panel.inputs])
    high = np.array([row.goal_high for row in panel.inputs])
    return Scores(normalised, guideline, overall, present, (values < low) | (values > high))


def carry_forward(panel: Panel, years: int) -> tuple[Panel, NDArray[np.bool_]]:
    """Fill gaps with the unit's own last figure, at most `years` periods old.

    Args:
        panel: periods have to be consecutive years.
        years: 0 to CARRY_LIMIT_YEARS.

    Returns:
        The panel, and which cells (T, U, I) were carried.

    Raises:
        MetricInput: `years` is out of range or the periods have a gap.
    """
    if not 0 <= years <= CARRY_LIMIT_YEARS:
        raise MetricInput(
            f"carrying forward {years} years; at most {CARRY_LIMIT_YEARS} are allowed"
        )
    numbers = [int(period) for period in panel.periods]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        raise MetricInput(f"periods {', '.join(panel.periods)} are not consecutive years")
    observed = ~np.isnan(panel.central())
    row = np.arange(len(numbers))[:, None, None]
    last = np.maximum.accumulate(np.where(observed, row, -1), axis=0)
    is_carried = ~observed & (last >= 0) & (row - last <= years)
    source = np.where(is_carried, last, row)
    take = [np.take_along_axis(a, source, axis=0) for a in (panel.values, panel.lower, panel.upper)]
    return replace(panel, values=take[0], lower=take[1], upper=take[2]), is_carried


def ranks(scores: Doubles) -> Doubles:
    """Rank 1 is the highest score; ties share the mean of their ranks; NaN stays NaN.

    Args:
        scores: (…, U).
    """
    there = ~np.isnan(scores)
    above = _pairs(scores, np.greater)
    equal = _pairs(scores, np.equal)
    return np.where(there, 1 + above + (equal - 1) / 2, np.nan)


def membership_of_top(scores: Doubles, k: int) -> Doubles:
    """Share of a place among the first k, ties broken by lot.

    Two units that tie for the first place have half of it each.

    Args:
        scores: (…, U), NaN = not ranked.

    Returns:
        (…, U) in [0, 1], NaN where the score is.
    """
    there = ~np.isnan(scores)
    above = _pairs(scores, np.greater)
    equal = np.maximum(_pairs(scores, np.equal), 1)
    return np.where(there, np.clip((k - above) / equal, 0, 1), np.nan)


def aggregate(
    values: Doubles, weights: Doubles, *, needed: float = INPUTS_NEEDED
) -> tuple[float, float, float]:
    """Weighted mean over units, if enough of them are there.

    Args:
        values: (U), NaN = missing.
        weights: (U), not negative; NaN = unknown, which counts as not there.
        needed: share of units *and* of weight.

    Returns:
        The mean, the share of units and the share of (known) weight behind it.

    Raises:
        MetricInput: under `needed` of the units or of the weight, or a negative weight.
    """
    if np.nanmin(weights, initial=0.0) < 0:
        raise MetricInput("a weight is negative")
    there = ~np.isnan(values) & ~np.isnan(weights)
    of_units = there.sum() / values.size if values.size else 0.0
    all_weight = np.nansum(weights)
    of_weight = float(weights[there].sum() / all_weight) if all_weight > 0 else 0.0
    if of_units < needed - 1e-12 or of_weight < needed - 1e-12:
        raise MetricInput(
            f"an aggregate over {of_units:.0%} of the units and {of_weight:.0%} of the weight; "
            f"it takes {needed:.0%} of both"
        )
    mean = float(np.average(values[there], weights=weights[there]))
    return mean, float(of_units), of_weight


def _pairs(scores: Doubles, compare: np.ufunc) -> Doubles:
    """(…, U): with how many units (itself included) `compare(theirs, own)` holds."""
    with np.errstate(invalid="ignore"):
        return compare(scores[..., None, :], scores[..., :, None]).sum(axis=-1).astype(float)


def _nan_reduce(function: np.ufunc, x: Doubles) -> Doubles:
    """Over units (axis -2), without a warning where there is none."""
    return function.reduce(x, axis=-2, keepdims=True)


def _z_score(x: Doubles) -> Doubles:
    there = ~np.isnan(x)
    count = np.maximum(there.sum(axis=-2, keepdims=True), 1)
    mean = np.where(there, x, 0.0).sum(axis=-2, keepdims=True) / count
    deviation = np.where(there, x - mean, 0.0)
    spread = np.sqrt((deviation**2).sum(axis=-2, keepdims=True) / count)
    with np.errstate(invalid="ignore", divide="ignore"):
        # a spread of rounding errors is no spread
        z = np.where(spread > 1e-12 * (np.abs(mean) + 1e-300), deviation / spread, 0.0)
    return np.where(there, 50 + z * (100 / 6), np.nan)


def _percentile(x: Doubles) -> Doubles:
    columns = np.swapaxes(x, -1, -2)
    there = ~np.isnan(columns)
    below = _pairs(columns, np.less)
    equal = _pairs(columns, np.equal) - 1
    others = there.sum(axis=-1, keepdims=True) - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(others > 0, 100 * (below + equal / 2) / others, 50.0)
    return np.swapaxes(np.where(there, share, np.nan), -1, -2)


def _count(inputs: Sequence[Input], row: Input) -> int:
    return sum(other.indicator == row.indicator for other in inputs)
