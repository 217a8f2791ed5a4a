"""Concentration: how unevenly plants, regions or markets share an industry.

Belongs here: Ellison–Glaeser γ with its plant Herfindahl, its interval under chance and its
bounds, the normalised Herfindahl, the locational Gini. Does not belong here: location quotients
(`pipelines.metrics.specialisation`), reading size classes from a source.

Shares sum to 1. s is an industry's share in a region, x the region's share of everything, z a
plant's share of the industry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput

Floats = NDArray[np.float64]
# Plants above this rank are drawn one by one; the rest of a size range in groups of equal size.
SINGLE_PLANTS = 400
PLANT_GROUPS = 12
# Location picks that one step of the simulation holds at a time (32 MiB of doubles).
CHUNK_PICKS = 1 << 22
# Range of the Pareto exponent that is searched: at 0.2 the largest plant has nearly everything, at
# 50 all plants stand at the lower end of their class.
ALPHA = (0.2, 50.0)


def herfindahl(sizes: ArrayLike) -> float:
    """H = Σ z², z the share of each plant (firm, market); NaN without any size.

    Args:
        sizes: jobs, sales or exports of each plant; not negative.

    Source:
        Herfindahl, O. (1950); Hirschman, A. (1945).
    """
    values = _sizes(sizes)
    total = values.sum()
    return float(((values / total) ** 2).sum()) if total > 0 else float("nan")


@dataclass(frozen=True)
class SizeMoments:
    """What γ and its variance under chance need of an industry's plants; z a plant's share."""

    plants: int
    second: float
    fourth: float

    @classmethod
    def of(cls, sizes: ArrayLike) -> SizeMoments:
        """Number of plants, Σz² (the Herfindahl) and Σz⁴; NaN without any size."""
        values = _sizes(sizes)
        total = float(values.sum())
        if total <= 0:
            return cls(values.size, float("nan"), float("nan"))
        squares = values * values
        return cls(
            values.size, float(squares.sum()) / total**2, float(squares @ squares) / total**4
        )


def normalised_herfindahl(shares: ArrayLike, n: int | None = None) -> float:
    """H* = (H − 1/n) / (1 − 1/n): 0 for equal shares, 1 for one holder of all.

    Args:
        shares: sizes of those present.
        n: number of *potential* holders (markets, regions), at least those present; fixed from
            outside, because with the number observed one market is undefined instead of 1.

    Returns:
        NaN for n = 1 or without any size.

    Raises:
        MetricInput: n is smaller than the number present.

    Source:
        Hall, M. and Tideman, N. (1967), Measures of concentration, JASA 62(317), 162-168.
    """
    values = _sizes(shares)
    present = int((values > 0).sum())
    count = values.size if n is None else n
    if count < present:
        raise MetricInput(f"{present} are present of {count} that can be")
    if count <= 1 or not present:
        return float("nan")
    return (herfindahl(values) - 1 / count) / (1 - 1 / count)


def locational_gini(shares: ArrayLike, reference: ArrayLike) -> float:
    """Gini of an industry's shares against the reference: 0 where s = x, towards 1 in one place.

    Area between the diagonal and the Lorenz curve of Σs over Σx with regions ordered by s/x,
    doubled. Regions with x = 0 and s > 0 come last.

    Source:
        Krugman, P. (1991), Geography and Trade, appendix D; Gini, C. (1912).
    """
    s, x = _shares("shares", shares), _shares("reference", reference)
    if s.shape != x.shape:
        raise MetricInput(f"{s.size} shares and {x.size} reference shares")
    with np.errstate(divide="ignore", invalid="ignore"):
        order = np.argsort(np.where(s + x > 0, s / x, 0.0), kind="stable")
    cumulative = np.concatenate(([0.0], np.cumsum(s[order])))
    return float(1 - (x[order] * (cumulative[1:] + cumulative[:-1])).sum())


@dataclass(frozen=True)
class Plants:
    """Sizes of plants made from size classes, largest first, and the exponent used."""

    sizes: Floats
    alpha: float


def plants_from_bins(
    counts: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, total: float | None = None
) -> Plants:
    """Plant sizes that fit size classes, and the industry's total where it is known.

    In each class the plants stand at the mid-quantiles of a Pareto law cut to the class; in the
    open class (upper = infinity) at those of the whole tail, z = lower·(1 − q)^(−1/α). So every
    plant keeps its class, and n plants of an open class have a finite Σz² although the law's
    second moment does not exist for α ≤ 2. For plants of a Pareto law with α = 1.1 the H of such
    sizes is 17 percent too high in the median; 1/n is a twentieth of it. One α holds for all
    classes: the one that makes the plants sum to the total; without a total the one that the
    counts above the two highest limits imply, or 1.059 (Axtell 2001) where they imply none.

    Args:
        counts: plants in each class.
        lower, upper: limits of each class in jobs; infinity for the open one.
        total: jobs of the industry.

    Raises:
        MetricInput: counts are negative or not whole, a class is inverted or begins at 0 or below
            with plants in it, or no plants in these classes can sum to the total.

    Source:
        Ellison, G. and Glaeser, E. (1997), appendix A (Herfindahl from size classes); Pareto tail
        after Axtell, R. (2001), Zipf distribution of U.S. firm sizes, Science 293, 1818-1820.
    """
    number = np.asarray(counts, dtype=float)
    low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    if not number.shape == low.shape == high.shape or number.ndim != 1:
        raise MetricInput("counts, lower and upper must be lists of one length")
    if not np.isfinite(number).all() or (number < 0).any() or (number != np.rint(number)).any():
        raise MetricInput(f"counts must be whole numbers of 0 at least: {number.tolist()}")
    filled = number > 0
    number, low, high = number[filled].astype(int), low[filled], high[filled]
    if not ((low > 0) & (high >= low) & np.isfinite(low)).all():
        raise MetricInput("a class with plants needs 0 < lower ≤ upper")
    if not number.size:
        return Plants(np.zeros(0), float("nan"))

    def sizes(alpha: float) -> Floats:
        return np.concatenate(
            [_quantiles(int(n), a, b, alpha) for n, a, b in zip(number, low, high, strict=True)]
        )

    if total is None:
        alpha = _tail_exponent(number, low)
        return Plants(np.sort(sizes(alpha), kind="stable")[::-1], alpha)
    least, most = float((number * low).sum()), float((number * high).sum())
    if not least * (1 - 1e-9) <= total <= most * (1 + 1e-9):
        raise MetricInput(
            f"{int(number.sum())} plants of these classes have {least:g} to {most:g} jobs, "
            f"not {total:g}"
        )
    fat, thin = ALPHA
    if sizes(thin).sum() >= total:
        alpha, found = thin, _towards(sizes(thin), np.repeat(low, number), total)
    elif sizes(fat).sum() <= total:
        alpha, end = fat, np.repeat(high, number)
        found = sizes(fat)
        if np.isinf(end).any():  # the open class takes what is left
            found = np.where(np.isinf(end), found, end)
            rest = total - found[~np.isinf(end)].sum()
            found = np.where(np.isinf(end), found * rest / found[np.isinf(end)].sum(), found)
            if (found < np.repeat(low, number) * (1 - 1e-9)).any():
                found = _towards(sizes(fat), end, total)
        else:
            found = _towards(found, end, total)
    else:
        for _ in range(200):
            alpha = (fat + thin) / 2
            if sizes(alpha).sum() > total:
                fat = alpha
            else:
                thin = alpha
        found = sizes(alpha)
    return Plants(np.sort(found, kind="stable")[::-1], alpha)


@dataclass(frozen=True)
class Gamma:
    """γ of one industry; `raw` is G = Σ(s − x)²."""

    gamma: float
    raw: float
    herfindahl: float


def ellison_glaeser(shares: ArrayLike, reference: ArrayLike, plant_herfindahl: float) -> Gamma:
    """γ = [G − (1 − Σx²)H] / [(1 − Σx²)(1 − H)], G = Σ(s − x)².

    0 in expectation where plants choose regions at random with probability x, whatever their
    sizes; 1 where all chose one place together. Ellison and Glaeser call γ below 0.02 not very
    localised and above 0.05 very localised; `gamma_under_chance` replaces that rule of thumb.

    Args:
        shares: s per region, sums to 1.
        reference: x per region, sums to 1.
        plant_herfindahl: H of the plants' sizes, never 1/n: sizes are far from equal.

    Returns:
        γ is NaN for H = 1 (one plant says nothing of localisation) or one region.

    Raises:
        MetricInput: shares do not sum to 1 or are negative; H outside (0, 1].

    Source:
        Ellison, G. and Glaeser, E. (1997), Geographic concentration in U.S. manufacturing
        industries: a dartboard approach, Journal of Political Economy 105(5), 889-927, eq. 5.
    """
    s, x = _shares("shares", shares), _shares("reference", reference)
    if s.shape != x.shape:
        raise MetricInput(f"{s.size} shares and {x.size} reference shares")
    _check_herfindahl(plant_herfindahl)
    raw = float(((s - x) ** 2).sum())
    return Gamma(_gamma(raw, x, plant_herfindahl), raw, plant_herfindahl)


@dataclass(frozen=True)
class UnderChance:
    """γ of plants thrown at random: quantiles, and the share of draws that reach the observed."""

    lower: float
    upper: float
    p_value: float
    mean: float


def gamma_under_chance(
    plant_sizes: ArrayLike,
    reference: ArrayLike,
    *,
    observed: float | None = None,
    draws: int = 999,
    seed: int = 0,
    level: float = 0.95,
) -> UnderChance:
    """Interval of γ when the industry's own plants choose regions at random.

    Each draw gives every plant a region with probability x and computes γ. An observed γ outside
    the interval departs from chance at that level; the interval's width depends on the number
    and sizes of plants and on the regions, which is why a fixed cut-off misleads both ways.

    The `SINGLE_PLANTS` largest plants are drawn one by one. The others are put into
    `PLANT_GROUPS` groups by size and take their group's root mean square, which keeps H and with
    it the expectation of G.

    Args:
        plant_sizes: jobs of each plant (`plants_from_bins`).
        reference: x per region.
        observed: γ of the industry, for the one-sided p-value (1 + draws that reach it) /
            (1 + draws).
        draws, seed: of the simulation.
        level: of the interval, two-sided.

    Returns:
        NaN throughout for fewer than two plants or one region.

    Source:
        Cassey, A. and Smith, B. (2014), Simulating confidence for the Ellison–Glaeser index,
        Journal of Urban Economics 81, 85-103.
    """
    sizes, x = _sizes(plant_sizes), _shares("reference", reference)
    if draws < 1 or not 0 < level < 1:
        raise MetricInput(f"draws must be 1 at least and level between 0 and 1: {draws}, {level}")
    sizes = np.sort(sizes[sizes > 0])[::-1]
    if sizes.size < 2 or (x > 0).sum() < 2:
        return UnderChance(*[float("nan")] * 4)
    sizes = sizes / sizes.sum()
    plant_h = float((sizes**2).sum())
    groups = list(_groups(sizes))
    rng = np.random.default_rng(seed)
    edges = np.cumsum(x)
    edges[-1] = 1.0
    step = max(1, min(draws, CHUNK_PICKS // max(x.size, SINGLE_PLANTS)))
    gammas = []
    for start in range(0, draws, step):
        count = min(step, draws - start)
        s = np.zeros((count, x.size))
        for size, plants in groups:
            if plants < 4 * x.size:
                s += _picked(rng, edges, size, plants, count)
            else:
                s += size * rng.multinomial(plants, x, size=count)
        # groups keep Σz², not Σz: the sum differs from 1 by their spread
        s /= s.sum(axis=1, keepdims=True)
        raw = ((s - x) ** 2).sum(axis=1)
        grouped_h = sum(plants * size**2 for size, plants in groups)
        grouped_h /= sum(plants * size for size, plants in groups) ** 2
        raw *= plant_h / grouped_h
        gammas.append([_gamma(float(g), x, plant_h) for g in raw])
    gamma = np.concatenate(gammas)
    tail = (1 - level) / 2
    lower, upper = np.quantile(gamma, [tail, 1 - tail])
    p = float("nan") if observed is None else (1 + (gamma >= observed).sum()) / (1 + draws)
    return UnderChance(float(lower), float(upper), float(p), float(gamma.mean()))


def gamma_bounds(
    lower: ArrayLike, upper: ArrayLike, reference: ArrayLike, plant_herfindahl: float
) -> tuple[float, float]:
    """Least and greatest γ when regions' shares are intervals that sum to 1.

    G is convex in s. Its least value is the distance of x from the box of intervals cut by
    Σs = 1: s = clip(x + μ) with one μ (exact). Its greatest is bounded by the Lagrange dual, min
    over λ of λ + Σ max over the two ends of (s − x)² − λs: valid, and above the true maximum by
    what one region's interval is worth at most. Both optima lie at bends of piecewise functions,
    which are sorted instead of searched. x and H are held fixed.

    Args:
        lower, upper: least and greatest share of the industry in each region.
        reference: x per region.
        plant_herfindahl: H.

    Raises:
        MetricInput: intervals are inverted or hold no shares that sum to 1.

    Source:
        Derived here from the definition.
    """
    low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    x = _shares("reference", reference)
    if low.shape != x.shape or high.shape != x.shape:
        raise MetricInput(f"{low.size} and {high.size} bounds for {x.size} regions")
    if np.isnan(low).any() or np.isnan(high).any() or (low < 0).any() or (low > high).any():
        raise MetricInput("intervals of shares need 0 ≤ lower ≤ upper")
    _check_herfindahl(plant_herfindahl)
    high = np.minimum(high, 1.0)
    if low.sum() > 1 + 1e-9 or high.sum() < 1 - 1e-9:
        raise MetricInput(
            f"shares sum to {low.sum():g} at least and {high.sum():g} at most, never to 1"
        )
    nearest = float(((_projected(x, low, high) - x) ** 2).sum())
    # the dual is convex and bends at the prices at which a region's two ends are worth the same
    bends = low + high - 2 * x
    order = np.argsort(bends, kind="stable")
    slopes = 1 - high.sum() + np.cumsum((high - low)[order])
    price = bends[order[min(int(np.searchsorted(slopes, 0.0)), order.size - 1)]]
    ends = np.maximum((low - x) ** 2 - price * low, (high - x) ** 2 - price * high)
    farthest = max(float(price + ends.sum()), nearest)
    return _gamma(nearest, x, plant_herfindahl), _gamma(farthest, x, plant_herfindahl)


def _projected(x: Floats, low: Floats, high: Floats) -> Floats:
    """The point nearest to x among those with low ≤ s ≤ high that sum to 1: clip(x + μ).

    Σ clip(x + μ) rises in μ, by the number of regions between their ends; it bends at low − x,
    where a region begins to move, and at high − x, where it stops.
    """
    bends = np.concatenate((low - x, high - x))
    order = np.argsort(bends, kind="stable")
    moving = np.cumsum(np.repeat((1, -1), x.size)[order])
    steps = np.diff(bends[order])
    sums = low.sum() + np.concatenate(([0.0], np.cumsum(moving[:-1] * steps)))
    at = int(np.clip(np.searchsorted(sums, 1.0) - 1, 0, order.size - 1))
    shift = bends[order[at]] + (1 - sums[at]) / max(int(moving[at]), 1)
    nearest = np.clip(x + shift, low, high)
    inside = (nearest > low) & (nearest < high)
    if inside.any():  # what rounding of the running sums has left
        shift += (1 - nearest.sum()) / inside.sum()
    return np.clip(x + shift, low, high)


def _gamma(raw: float, x: Floats, plant_h: float) -> float:
    room = 1 - float((x**2).sum())
    if plant_h >= 1 or room <= 0:
        return float("nan")
    return (raw - room * plant_h) / (room * (1 - plant_h))


def _quantiles(n: int, low: float, high: float, alpha: float) -> Floats:
    """n plants at the mid-quantiles of a Pareto law from low to high."""
    q = (np.arange(n) + 0.5) / n
    tail = 0.0 if np.isinf(high) else (high / low) ** -alpha
    return low * (1 - q * (1 - tail)) ** (-1 / alpha)


def _tail_exponent(number: NDArray[np.int64], low: Floats) -> float:
    """Exponent that the counts above the two highest class limits imply."""
    order = np.argsort(low)[::-1]
    above = np.cumsum(number[order])
    if above.size < 2:
        return 1.059
    span = np.log(low[order][0] / low[order][1])
    if span <= 0:
        return 1.059
    return float(np.clip(np.log(above[1] / above[0]) / span, *ALPHA))


def _towards(sizes: Floats, ends: Floats, total: float) -> Floats:
    """Sizes moved the same part of the way to their ends, until they sum to the total."""
    way = ends.sum() - sizes.sum()
    part = 0.0 if way == 0 else (total - sizes.sum()) / way
    return sizes + np.clip(part, 0, 1) * (ends - sizes)


def _groups(sizes: Floats) -> Iterable[tuple[float, int]]:
    """(size, plants): the largest on their own, then groups of neighbours in rank."""
    singles, rest = sizes[:SINGLE_PLANTS], sizes[SINGLE_PLANTS:]
    values, counts = np.unique(singles, return_counts=True)
    yield from zip(values.tolist(), counts.tolist(), strict=True)
    for group in np.array_split(rest, min(PLANT_GROUPS, rest.size)) if rest.size else ():
        yield float(np.sqrt((group**2).mean())), int(group.size)


def _picked(
    rng: np.random.Generator, edges: Floats, size: float, plants: int, draws: int
) -> Floats:
    """Shares by region of `plants` equal plants in each draw, by picking a region for each."""
    n, result = edges.size, np.zeros((draws, edges.size))
    step = max(1, CHUNK_PICKS // plants)
    for start in range(0, draws, step):
        count = min(step, draws - start)
        picks = np.searchsorted(edges, rng.random((count, plants)), side="right")
        picks += n * np.arange(count)[:, None]
        result[start : start + count] = size * np.bincount(
            picks.ravel(), minlength=count * n
        ).reshape(count, n)
    return result


def _sizes(values: ArrayLike) -> Floats:
    sizes = np.asarray(values, dtype=float).ravel()
    if not np.isfinite(sizes).all() or (sizes < 0).any():
        raise MetricInput("sizes must be finite and not negative")
    return sizes


def _shares(name: str, values: ArrayLike) -> Floats:
    shares = np.asarray(values, dtype=float)
    if shares.ndim != 1 or not np.isfinite(shares).all() or (shares < 0).any():
        raise MetricInput(f"{name} must be a list of finite figures of 0 at least")
    if abs(shares.sum() - 1) > 1e-6:
        raise MetricInput(f"{name} sum to {shares.sum():g}, not to 1")
    return shares


def _check_herfindahl(value: float) -> None:
    if not 0 < value <= 1:
        raise MetricInput(f"a Herfindahl index lies above 0 and at 1 at most, not {value}")
