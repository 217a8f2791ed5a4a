"""How far a composite's ranks hang on the assumptions behind it.

Every draw makes the whole composite anew with one normalisation, one set of weights, one exponent,
with or without imputation, with or without one of the inputs, and with figures drawn from within
what is known of them. Method: Saisana, Saltelli and Tarantola, "Uncertainty and sensitivity
analysis techniques as tools for the quality assessment of composite indicators", JRSS A 168(2),
2005; Sobol' indices by the estimators of Saltelli et al., Computer Physics Communications 181(2),
2010 (first order, table 2 b) and Jansen, ibid. 117, 1999 (total).

Shapes: N draws, otherwise as in `composite`. The units that are ranked are those that the
composite scores without any variation: a rank says nothing if the others change.

Belongs here: draws, what they say of ranks, shares of variance. Does not belong here: the
composite itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import MetricInput
from pipelines.metrics.composite import (
    Bounds,
    Doubles,
    Normalisation,
    Panel,
    across_guidelines,
    membership_of_top,
    normalise,
    ranks,
    score,
    within_guidelines,
)

#: Fewer draws than this are refused: an end of a 90 percent interval would rest on a handful.
DRAWS_NEEDED = 2_000
#: Weights vary around the nominal ones; the larger, the closer. At 4 the weight of one of seven
#: equal guidelines has a standard deviation of 0.065 around 0.143.
CONCENTRATION = 4.0
#: Sets of donors; a draw with imputation uses one of them (multiple imputation, m = 20).
DONOR_SETS = 20
#: Two units are distinguishable if one is ahead in more than this share of the draws.
DISTINGUISHABLE_ABOVE = 0.95
#: The assumptions, in the order of Sobol' indices.
ASSUMPTIONS = ("normalisation", "weights", "exponent", "imputation", "input left out", "data")

_METHODS = tuple(Normalisation)
_CHUNK_CELLS = 2_000_000


@dataclass(frozen=True)
class Design:
    """What varies.

    Attributes:
        panel: the inputs.
        guideline_weights: (G) nominal.
        groups: (U) name of the group from which missing figures are imputed ('' = all units).
        vintages: earlier editions of `panel.values`, each (T, U, I), NaN = missing; a draw takes
            one of them or the present one.
        exponents: ends between which the exponent of the mean across guidelines lies.
        concentration: of the weights.
        inputs_needed, guidelines_needed: coverage rule, applied to the present figures.
    """

    panel: Panel
    guideline_weights: Doubles
    groups: tuple[str, ...]
    vintages: tuple[Doubles, ...] = ()
    exponents: tuple[float, float] = (0.0, 1.0)
    concentration: float = CONCENTRATION
    inputs_needed: float = 2 / 3
    guidelines_needed: int = 5


@dataclass(frozen=True)
class Draws:
    """Assumptions of N draws; the first axis of everything is the draw.

    Attributes:
        method: (N) place in `Normalisation`.
        input_weights: (N, I) within guidelines.
        guideline_weights: (N, G).
        exponent: (N).
        donors: (N) set of donors, -1 = no imputation.
        left_out: (N) input, -1 = none.
        vintage: (N) earlier edition, -1 = the present one.
        noise: (N, K) for the K cells that have both bounds.
    """

    method: NDArray[np.int64]
    input_weights: Doubles
    guideline_weights: Doubles
    exponent: Doubles
    donors: NDArray[np.int64]
    left_out: NDArray[np.int64]
    vintage: NDArray[np.int64]
    noise: Doubles

    def __len__(self) -> int:
        return len(self.method)

    def part(self, where: slice) -> Draws:
        return Draws(**{name: value[where] for name, value in vars(self).items()})

    def with_assumption(self, place: int, other: Draws) -> Draws:
        """These draws, with one assumption taken from others."""
        fields = (
            ("method",),
            ("input_weights", "guideline_weights"),
            ("exponent",),
            ("donors",),
            ("left_out",),
            ("vintage", "noise"),
        )[place]
        return Draws(**{**vars(self), **{name: getattr(other, name) for name in fields}})


@dataclass(frozen=True)
class Ranking:
    """What N draws say.

    Attributes:
        scores: (N, T, U), NaN = not scored.
        ranks: (N, T, U).
        median, low, high: (T, U) median rank and the ends of its 90 percent interval.
        ahead: (T, U, U) share of draws in which the first unit is ahead of the second; a tie is
            half; NaN where one of them is not scored.
    """

    scores: Doubles
    ranks: Doubles
    median: Doubles
    low: Doubles
    high: Doubles
    ahead: Doubles

    def top(self, k: int) -> Doubles:
        """(T, U) probability of a place among the first k."""
        return membership_of_top(self.scores, k).mean(axis=0)

    def distinguishable(self) -> NDArray[np.bool_]:
        """(T, U, U) one of the two is ahead in more than 95 percent of the draws."""
        with np.errstate(invalid="ignore"):
            return np.maximum(self.ahead, 1 - self.ahead) > DISTINGUISHABLE_ABOVE


@dataclass(frozen=True)
class Indices:
    """Sobol' indices; (A, …) for A assumptions, NaN where nothing varies.

    Attributes:
        first: share of the variance that vanishes if the assumption is fixed, on average.
        total: share that stays if only this assumption is left free.
        first_error, total_error: standard errors, by bootstrap over the base sample.
        variance: (…) of the output.
    """

    first: Doubles
    total: Doubles
    first_error: Doubles
    total_error: Doubles
    variance: Doubles


class Model:
    """A design with what all draws share: donors, uncertain cells, units that are ranked."""

    def __init__(self, design: Design, seed: int) -> None:
        panel = design.panel
        if len(design.groups) != len(panel.units):
            raise MetricInput(f"{len(design.groups)} groups for {len(panel.units)} units")
        for edition in design.vintages:
            if edition.shape != panel.values.shape:
                raise MetricInput("an earlier edition has another shape than the panel")
        self.design = design
        self.base = score(
            panel,
            guideline_weights=design.guideline_weights,
            inputs_needed=design.inputs_needed,
            guidelines_needed=design.guidelines_needed,
        )
        self._central = panel.central()
        self._cells = np.argwhere(
            ~np.isnan(panel.lower) & ~np.isnan(panel.upper) & (panel.upper > panel.lower)
        )
        places = tuple(self._cells.T)
        self._low, self._high = panel.lower[places], panel.upper[places]
        is_normal = np.array([row.bounds is Bounds.INTERVAL_90 for row in panel.inputs], dtype=bool)
        self._is_normal = is_normal[self._cells[:, 2]]
        self._seed = seed
        self._donors = self._donor_sets(np.random.default_rng([seed, 0]))

    def draw(self, count: int, stream: int = 0) -> Draws:
        """Assumptions of `count` draws. `stream` 0 or 1: two samples independent of each other."""
        design, panel = self.design, self.design.panel
        # one generator an assumption: what one of them takes does not move the others
        rng = [np.random.default_rng([self._seed, 1 + stream, place]) for place in range(8)]
        belongs = panel.membership()
        nominal = belongs.sum(axis=1)
        mates = (belongs > 0).sum(axis=0) @ (belongs > 0).T
        gamma = rng[1].standard_gamma(design.concentration * mates * nominal, (count, len(nominal)))
        gamma = np.maximum(gamma, 1e-300)
        per_guideline = gamma @ (belongs > 0)
        size = len(design.guideline_weights)
        share = design.guideline_weights / design.guideline_weights.sum()
        noise = rng[7].random((count, len(self._cells)))
        normal = rng[7].standard_normal((count, int(self._is_normal.sum())))
        noise[:, self._is_normal] = normal
        return Draws(
            method=rng[0].integers(len(_METHODS), size=count),
            input_weights=gamma / (per_guideline @ (belongs > 0).T),
            guideline_weights=rng[2].dirichlet(design.concentration * size * share, count),
            exponent=rng[3].uniform(*design.exponents, count),
            donors=np.where(
                rng[4].random(count) < 0.5, -1, rng[4].integers(DONOR_SETS, size=count)
            ),
            left_out=rng[5].integers(-1, len(panel.inputs), size=count),
            vintage=rng[6].integers(-1, len(design.vintages), size=count),
            noise=noise,
        )

    def scores(self, draws: Draws, periods: Sequence[int] | None = None) -> Doubles:
        """(N, T, U) overall scores of each draw, NaN for units that are not ranked.

        Args:
            draws: assumptions.
            periods: places of the periods wanted; None = all.
        """
        where = np.arange(len(self.design.panel.periods)) if periods is None else np.array(periods)
        cells = len(where) * len(self.design.panel.units) * len(self.design.panel.inputs)
        step = max(1, _CHUNK_CELLS // max(cells, 1))
        parts = [
            self._scores(draws.part(slice(start, start + step)), where)
            for start in range(0, len(draws), step)
        ]
        return np.concatenate(parts)

    def _scores(self, draws: Draws, where: NDArray[np.int64]) -> Doubles:
        panel, count = self.design.panel, len(draws)
        values = self._figures(draws, where)
        normalised = np.empty_like(values)
        for place, method in enumerate(_METHODS):
            chosen = draws.method == place
            if chosen.any():
                normalised[chosen] = normalise(values[chosen], panel.inputs, method)
        weights = draws.input_weights.copy()
        left = draws.left_out >= 0
        weights[np.flatnonzero(left), draws.left_out[left]] = 0.0
        belongs = panel.membership() > 0
        table = weights[:, None, :, None] * belongs
        guideline, _ = within_guidelines(normalised, table, inputs_needed=0.0)
        # without imputation a guideline counts only where the present figures suffice for it
        scored = ~np.isnan(self.base.guideline[where]) | (draws.donors >= 0)[:, None, None, None]
        guideline = np.where(scored, guideline, np.nan)
        overall = across_guidelines(
            guideline,
            draws.guideline_weights[:, None, None, :],
            draws.exponent.reshape(count, 1, 1),
            guidelines_needed=1,
        )
        return np.where(np.isnan(self.base.overall[where]), np.nan, overall)

    def _figures(self, draws: Draws, where: NDArray[np.int64]) -> Doubles:
        """(N, T, U, I) the figures of each draw."""
        editions = np.stack([*(v for v in self.design.vintages), self._central])[:, where]
        values = editions[draws.vintage]  # -1 is the last one, the present
        if len(self._cells):
            here = np.isin(self._cells[:, 0], where)
            row = np.searchsorted(where, self._cells[here, 0])
            low, high, noise = self._low[here], self._high[here], draws.noise[:, here]
            # 90 percent of a normal lies within 1.645 standard deviations
            spread = np.where(self._is_normal[here], (high - low) / 2 / 1.645, high - low)
            start = np.where(self._is_normal[here], (high + low) / 2, low)
            values[:, row, self._cells[here, 1], self._cells[here, 2]] = start + noise * spread
        imputed = np.flatnonzero(draws.donors >= 0)
        if len(imputed):
            filled = self._donors[:, where][draws.donors[imputed]]
            own = values[imputed]
            values[imputed] = np.where(np.isnan(own), filled, own)
        return values

    def _donor_sets(self, rng: np.random.Generator) -> Doubles:
        """(m, T, U, I) for each missing cell the figure of a random unit of its group (of any unit
        where the group has none); NaN where nobody has a figure, and where nothing is missing."""
        values = self._central
        groups = np.array(self.design.groups)
        sets = np.full((DONOR_SETS, *values.shape), np.nan)
        for t, u, i in np.argwhere(np.isnan(values)):
            column = values[t, :, i]
            own = column[(groups == groups[u]) & ~np.isnan(column)]
            pool = own if len(own) else column[~np.isnan(column)]
            if len(pool):
                sets[:, t, u, i] = rng.choice(pool, DONOR_SETS)
        return sets


def simulate(model: Model, draws: int = DRAWS_NEEDED) -> Ranking:
    """Ranks over `draws` draws of all assumptions.

    Raises:
        MetricInput: fewer draws than DRAWS_NEEDED.
    """
    if draws < DRAWS_NEEDED:
        raise MetricInput(f"{draws} draws are too few: at least {DRAWS_NEEDED:,}")
    scores = model.scores(model.draw(draws))
    places = ranks(scores)
    never = np.isnan(places).all(axis=0)
    known = np.where(never, 0.0, places)
    low, median, high = np.where(
        never, np.nan, np.percentile(known, [5, 50, 95], axis=0, method="inverted_cdf")
    )
    left, right = scores[..., :, None], scores[..., None, :]
    with np.errstate(invalid="ignore"):
        ahead = ((left > right) + 0.5 * (left == right)).mean(axis=0)
    unranked = never[..., :, None] | never[..., None, :]
    return Ranking(scores, places, median, low, high, np.where(unranked, np.nan, ahead))


def rank_indices(model: Model, period: int, base: int = 1024) -> Indices:
    """Sobol' indices of the six assumptions for each unit's rank in one period.

    Args:
        model: the composite.
        period: place of the period.
        base: size of the base sample; the composite is made base × 8 times.

    Returns:
        Indices (6, U).
    """
    first, second = model.draw(base, 0), model.draw(base, 1)

    def output(draws: Draws) -> Doubles:
        return ranks(model.scores(draws, [period]))[:, 0]

    mixed = np.stack([output(first.with_assumption(a, second)) for a in range(len(ASSUMPTIONS))])
    return sobol_indices(output(first), output(second), mixed)


def sobol_indices(a: Doubles, b: Doubles, mixed: Doubles, *, resamples: int = 200) -> Indices:
    """First-order and total Sobol' indices from a Saltelli design.

    first_i = mean(f(B) (f(AB_i) - f(A))) / V   (Saltelli et al. 2010)
    total_i = mean((f(A) - f(AB_i))^2) / 2 / V  (Jansen 1999)
    where AB_i is sample A with factor i taken from sample B, and V the variance over A and B.
    Outputs are centred first, which leaves both estimands as they are and lowers the error of the
    first.

    Args:
        a, b: (N, …) outputs of the two independent samples.
        mixed: (F, N, …) outputs of AB_i for each factor.
        resamples: of the bootstrap for standard errors.
    """
    if a.shape != b.shape or mixed.shape[1:] != a.shape:
        raise MetricInput(f"shapes {a.shape}, {b.shape}, {mixed.shape} are no Saltelli design")
    centre = (a.mean(axis=0) + b.mean(axis=0)) / 2
    a, b, mixed = a - centre, b - centre, mixed - centre
    moving, resting = b * (mixed - a), (a - mixed) ** 2 / 2
    squares = (a**2 + b**2) / 2
    variance = squares.mean(axis=0)
    # rounding errors are no variance
    moves = variance > 1e-18 * (1 + centre**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        first = np.where(moves, moving.mean(axis=1) / variance, np.nan)
        total = np.where(moves, resting.mean(axis=1) / variance, np.nan)
    count = len(a)
    rng = np.random.default_rng(count)
    times = rng.multinomial(count, np.full(count, 1 / count), size=resamples) / count
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.tensordot(times, squares, axes=1)
        errors = [
            np.stack([(np.tensordot(times, one, axes=1) / spread).std(axis=0) for one in part])
            for part in (moving, resting)
        ]
    return Indices(
        first,
        total,
        np.where(moves, errors[0], np.nan),
        np.where(moves, errors[1], np.nan),
        variance,
    )


def saltelli(
    function: Callable[[Doubles], Doubles], a: Doubles, b: Doubles, **options: int
) -> Indices:
    """Sobol' indices of a function of independent factors.

    Args:
        function: (N, F) → (N, …).
        a, b: (N, F) two independent samples of the factors.
    """
    mixed = []
    for factor in range(a.shape[1]):
        other = a.copy()
        other[:, factor] = b[:, factor]
        mixed.append(function(other))
    return sobol_indices(function(a), function(b), np.stack(mixed), **options)
