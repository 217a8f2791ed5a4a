"""Specialisation of regions: location quotients, their bounds and their significance.

Belongs here: the location quotient and what is derived from it cell by cell, over dense arrays of
regions × clusters (rows are regions, columns are clusters). Does not belong here: strength rules
(`pipelines.metrics.strength`), tables with names (`pipelines.metrics.specialisation_table`),
concentration of a cluster over all regions (`pipelines.metrics.concentration`).

Notation: e is a cell, R its region's total, C its cluster's total, N the nation's. An absent cell
is a zero; a withheld one is an interval and never a zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput

Floats = NDArray[np.float64]
Interval = tuple[ArrayLike, ArrayLike]

# Sums of doubles and of published, rounded parents may differ in the last digits; a contradiction
# is called one only beyond this share of the larger figure.
TOLERANCE = 1e-9
# Cells that one step of the bootstrap holds at a time; they fit into the processor's cache.
CHUNK_CELLS = 1 << 17


def location_quotient(
    cells: ArrayLike,
    *,
    region_totals: ArrayLike | None = None,
    cluster_totals: ArrayLike | None = None,
    total: float | None = None,
) -> Floats:
    """LQ = (e / R) / (C / N), computed as e·N / (R·C).

    Over whole numbers the product form is exactly 1 where a region has exactly the national mix,
    so that a threshold at 1 does not hang on the last bit of two divisions.

    Args:
        cells: regions × clusters, jobs (or establishments); NaN where not known.
        region_totals: totals of the regions; the sums of the rows if left out.
        cluster_totals: totals of the clusters in the benchmark; the sums of the columns if left
            out.
        total: total of the benchmark; the sum of `cluster_totals` if left out.

    Returns:
        regions × clusters; NaN where the cell is not known, or where R, C or N is 0 or not known.

    Source:
        O'Donoghue, D. and Gleave, B. (2004), A note on methods for measuring industrial
        agglomeration, Regional Studies 38(4), 419-427, equation 1.
    """
    cell = _matrix("cells", cells)
    regions = cell.sum(axis=1) if region_totals is None else _vector(region_totals, cell.shape[0])
    clusters = (
        cell.sum(axis=0) if cluster_totals is None else _vector(cluster_totals, cell.shape[1])
    )
    nation = float(clusters.sum()) if total is None else float(total)
    below = regions[:, None] * clusters[None, :]
    defined = (below > 0) & (nation > 0)
    return np.divide(cell * nation, below, out=np.full(cell.shape, np.nan), where=defined)


@dataclass(frozen=True)
class Bounds:
    """Least and greatest value of each cell; an upper end of infinity means "not bounded"."""

    lower: Floats
    upper: Floats


def tighten(
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    region_totals: Interval | None = None,
    cluster_totals: Interval | None = None,
    rounds: int = 25,
) -> Bounds:
    """Intervals of cells, narrowed until they fit their parents' totals.

    A child is at most what its parent leaves after the least of its siblings, and at least what
    the parent has beyond the greatest of them. Rows and columns are visited in turn until nothing
    moves; every step removes only values that no table with these totals can have.

    Args:
        lower, upper: regions × clusters; infinity in `upper` where nothing is known.
        region_totals: least and greatest totals of the rows, whose cells exhaust them.
        cluster_totals: the same of the columns.
        rounds: most visits; stopping early leaves wider, still valid intervals.

    Raises:
        MetricInput: an interval is inverted, or no table has these cells and totals.

    Source:
        Interval propagation on two-way tables, as in Dobra, A. and Fienberg, S. (2000), Bounds for
        cell entries in contingency tables given marginal totals, PNAS 97(22), 11885-11892.
    """
    low, high = _intervals("cells", lower, upper)
    parents = [
        (1, region_totals, "region"),
        (0, cluster_totals, "cluster"),
    ]
    checked = [
        (axis, *_totals(name, totals, low.shape[1 - axis]), name)
        for axis, totals, name in parents
        if totals is not None
    ]
    for _ in range(rounds):
        before = low.copy(), high.copy()
        for axis, least, most, name in checked:
            others_low = low.sum(axis=axis, keepdims=True) - low
            others_high = _others(high, axis)
            least_, most_ = np.expand_dims(least, axis), np.expand_dims(most, axis)
            low = np.maximum(low, least_ - others_high)
            high = np.minimum(high, most_ - others_low)
            low, high = _settle(low, high, np.where(np.isfinite(most_), most_, 0.0), name)
        if np.array_equal(low, before[0]) and np.array_equal(high, before[1]):
            break
    return Bounds(low, high)


def lq_bounds(
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    region_totals: Interval | None = None,
    cluster_totals: Interval | None = None,
    total: tuple[float, float] | None = None,
    regions_exhaust: bool = True,
) -> Bounds:
    """Least and greatest LQ of each cell when cells are known as intervals.

    Write R = e + a, C = e + b, N = e + a + b + d: the hidden job stands in the cell, in its
    region, in its cluster and in the nation at once, so that bounds of the four must not be
    divided by each other. Of LQ = e·N / (R·C):

    - it rises in d (jobs elsewhere in other clusters) and falls in a and in b, whatever e is;
    - in e its slope has the sign of a·b·(2e + a + b + d) − d·e². It rises until
      e* = (ab + sqrt(ab(a + d)(b + d))) / d and falls after it: a hidden cell that makes up most
      of its region and most of its cluster pulls the benchmark along. So LQ is **not** monotone
      in its own cell, and its greatest value may lie inside the interval;
    - its least value lies at an end of e's interval (or where a known total begins to bind).

    Where a total is published it replaces the sum: R, C or N then stay (or stay within their
    interval) while the cell moves. The bounds are attained where totals are sums of the cells,
    where the regions' or the clusters' totals are known, and for a fixed benchmark; where only N
    is known, or totals are themselves intervals, they are valid and may be wider than needed.

    Args:
        lower, upper: regions × clusters, jobs; equal where the cell is known; infinity in `upper`
            where nothing is known.
        region_totals: least and greatest totals of regions; the cells of a region exhaust it.
        cluster_totals: the same of clusters, in the benchmark.
        total: the same of the benchmark.
        regions_exhaust: the regions make up the benchmark. If not, `cluster_totals` and `total`
            are needed.

    Returns:
        Bounds of LQ. Both are NaN where LQ is not defined for any table (no jobs in the region,
        the cluster or the nation at most). Where a cell may be zero the lower bound is 0, although
        LQ is not defined if its whole region is zero. Upper is infinity where not bounded.

    Raises:
        MetricInput: an interval is inverted or contradicts a total.

    Source:
        Derived here; interval treatment of withheld cells after Isserman, A. and Westervelt, J.
        (2006), 1.5 million missing numbers, International Regional Science Review 29(3), 311-335.
    """
    low, high = _intervals("cells", lower, upper)
    shape = low.shape
    if not regions_exhaust and (cluster_totals is None or total is None):
        raise MetricInput("regions that do not exhaust the nation need cluster_totals and total")
    if regions_exhaust:
        fitted = tighten(low, high, region_totals=region_totals, cluster_totals=cluster_totals)
    else:
        fitted = tighten(low, high, region_totals=region_totals)
        most = _totals("cluster", cluster_totals, shape[1])[1]
        fitted = within_benchmark(fitted.lower, fitted.upper, most)
    low, high = fitted.lower, fitted.upper

    # least (1) and greatest (2) of: rest of region a, rest of cluster b, rest of nation d
    a1 = low.sum(axis=1, keepdims=True) - low
    b1 = low.sum(axis=0, keepdims=True) - low
    d1 = np.maximum(low.sum() - low.sum(axis=1, keepdims=True) - b1, 0.0)
    a2, b2, d2 = _others(high, 1), _others(high, 0), _elsewhere(high)
    if not regions_exhaust:
        b2, d2 = np.full(shape, np.inf), np.full(shape, np.inf)
        b1, d1 = np.zeros(shape), np.zeros(shape)

    r1, r2 = _parent(region_totals, "region", shape[0], low.sum(axis=1), high.sum(axis=1))
    if regions_exhaust:
        c1, c2 = _parent(cluster_totals, "cluster", shape[1], low.sum(axis=0), high.sum(axis=0))
        n1, n2 = max(r1.sum(), c1.sum()), min(r2.sum(), c2.sum())
        if total is not None:
            n1, n2 = max(n1, float(total[0])), min(n2, float(total[1]))
    else:
        c1, c2 = _totals("cluster", cluster_totals, shape[1])
        n1, n2 = float(total[0]), float(total[1])  # type: ignore[index]
    if n1 > n2 * (1 + TOLERANCE):
        raise MetricInput(f"the total is at most {n2:g}, its parts are {n1:g} at least")
    n2 = max(n1, n2)
    if regions_exhaust:
        # a cell is part of the total too
        room = n2 - (low.sum() - low)
        need = n1 - np.where(np.isinf(_elsewhere(high)), np.inf, _elsewhere(high) + a2 + b2)
        low = np.maximum(low, np.minimum(need, high))
        high = np.maximum(low, np.minimum(high, room))
    r1, r2 = np.broadcast_to(r1[:, None], shape), np.broadcast_to(r2[:, None], shape)
    c1, c2 = np.broadcast_to(c1[None, :], shape), np.broadcast_to(c2[None, :], shape)

    # a benchmark from another source may be smaller than its parts: it stays as it is
    most = np.inf if regions_exhaust else n2
    upper_lq = _greatest(low, high, (a1, b1, d2), (r1, c1, n2))
    lower_lq = _least(low, high, (a2, b2, d1), (r2, c2, n1, most))
    undefined = (r2 <= 0) | (c2 <= 0) | (n2 <= 0)
    return Bounds(
        np.where(undefined, np.nan, np.minimum(lower_lq, upper_lq)),
        np.where(undefined, np.nan, upper_lq),
    )


def within_benchmark(lower: ArrayLike, upper: ArrayLike, cluster_totals: ArrayLike) -> Bounds:
    """Intervals of cells whose regions do not exhaust the benchmark.

    A cell is at most what the benchmark leaves after the least of the other regions; nothing
    bounds it from below. A benchmark that is smaller than its parts (another source) bounds
    nothing.
    """
    low, high = _intervals("cells", lower, upper)
    most = np.asarray(cluster_totals, dtype=float)[None, :]
    room = most - (low.sum(axis=0, keepdims=True) - low)
    return Bounds(low, np.where(room >= low, np.minimum(high, room), high))


def share_out(lower: ArrayLike, upper: ArrayLike, totals: ArrayLike) -> Floats:
    """Point estimates within their intervals that sum to the total of their row.

    Each child gets its least and the same share of its interval's width: e = lo + θ(hi − lo) with
    one θ a row. With equal least and greatest values nothing moves.

    Args:
        lower, upper: rows × children, finite.
        totals: total of each row.

    Raises:
        MetricInput: a total lies outside what its children can sum to, or an end is infinite.
    """
    low, high = _intervals("children", lower, upper)
    if not np.isfinite(high).all():
        row, column = np.argwhere(~np.isfinite(high))[0]
        raise MetricInput(
            f"child {column} of row {row} has no upper bound; nothing can be shared out"
        )
    total = _vector(totals, low.shape[0])
    least, most = low.sum(axis=1), high.sum(axis=1)
    slack = TOLERANCE * np.maximum(np.abs(total), 1.0)
    wrong = (total < least - slack) | (total > most + slack)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise MetricInput(
            f"row {row}: total {total[row]:g} lies outside {least[row]:g} to {most[row]:g}, "
            "the sums of its children's bounds"
        )
    width = most - least
    theta = np.divide(total - least, width, out=np.zeros_like(total), where=width > 0)
    return low + np.clip(theta, 0.0, 1.0)[:, None] * (high - low)


@dataclass(frozen=True)
class Standardised:
    """Standardised LQ, its bootstrap p-value, and the cut-off of each cluster."""

    slq: Floats
    p_value: Floats
    cutoff: Floats
    regions: NDArray[np.int64]
    draws: NDArray[np.int64]


def standardised_lq(
    lq: ArrayLike, *, draws: int = 999, seed: int = 0, level: float = 0.05
) -> Standardised:
    """Standardised location quotient with a bootstrap of regions in place of normality.

    SLQ_r = (ln LQ_r − mean) / sd over the n regions with LQ > 0 (sd with n − 1). Each draw takes
    n regions with replacement and standardises them by their own mean and sd. The cut-off is the
    mean over the draws of the (1 − level) quantile of the draw's SLQ; the p-value of a region is
    the mean share of a draw's SLQ that reach its own: one-sided, the reference being the other
    regions of the same cluster. It says how far out in its cluster's distribution a region lies,
    not whether the cluster as a whole departs from chance: about `level` of all regions fall
    below `level` in any cluster.

    A draw without spread (one region taken n times) has no SLQ and is left out; `draws` counts
    those used.

    Args:
        lq: regions × clusters; 0 and NaN take no part (no logarithm, not known).
        draws: bootstrap draws a cluster.
        seed: of the generator. A cluster's stream depends on the seed and on its column.
        level: one-sided level of the cut-off.

    Returns:
        SLQ and p-value, regions × clusters, NaN where LQ is 0 or NaN or a cluster has fewer than
        two regions or no spread; cut-off, number of regions and of draws used per cluster.

    Raises:
        MetricInput: draws < 1, level outside (0, 1), a negative or infinite LQ.

    Source:
        Tian, Z. (2013), Measuring agglomeration using the standardized location quotient with a
        bootstrap method, Journal of Regional Analysis and Policy 43(2), 186-197; O'Donoghue and
        Gleave (2004) for the SLQ.
    """
    values = _matrix("lq", lq)
    if draws < 1 or not 0 < level < 1:
        raise MetricInput(f"draws must be 1 at least and level between 0 and 1: {draws}, {level}")
    if np.isinf(values).any() or (values < 0).any():
        raise MetricInput("a location quotient is finite and not negative")
    slq, p_value = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    cutoff = np.full(values.shape[1], np.nan)
    used = np.zeros(values.shape[1], dtype=np.int64)
    taking = np.isfinite(values) & (values > 0)
    streams = np.random.SeedSequence(seed).spawn(values.shape[1])
    for column in range(values.shape[1]):
        rows = np.flatnonzero(taking[:, column])
        rows = rows[np.argsort(values[rows, column], kind="stable")]
        logs = np.log(values[rows, column])
        if rows.size < 2 or not logs[-1] > logs[0]:
            continue
        z = (logs - logs.mean()) / logs.std(ddof=1)
        rng = np.random.default_rng(streams[column])
        tails, cutoff[column], used[column] = _bootstrap(z, draws, level, rng)
        slq[rows, column], p_value[rows, column] = z, tails
    return Standardised(slq, p_value, cutoff, taking.sum(axis=0), used)


def rivalry_index(
    establishments: ArrayLike,
    employment: ArrayLike,
    *,
    benchmark: tuple[ArrayLike, ArrayLike] | None = None,
) -> Floats:
    """Local competition: establishments per job in the region ÷ the same in the benchmark.

    RIV = (n_rc / e_rc) / (n_c / e_c); above 1 the region's establishments are smaller than the
    nation's, so that more of them compete for the same jobs.

    Args:
        establishments, employment: regions × clusters; NaN where not known.
        benchmark: establishments and employment of the clusters; sums over regions if left out,
            taken over the cells where both are known.

    Returns:
        regions × clusters; NaN where employment is 0 or not known, or the benchmark has neither.

    Source:
        Glaeser, E., Kallal, H., Scheinkman, J. and Shleifer, A. (1992), Growth in cities, Journal
        of Political Economy 100(6), 1126-1152, section III ("competition").
    """
    firms, jobs = _matrix("establishments", establishments), _matrix("employment", employment)
    if firms.shape != jobs.shape:
        raise MetricInput(f"establishments are {firms.shape}, employment is {jobs.shape}")
    if benchmark is None:
        both = np.isfinite(firms) & np.isfinite(jobs)
        firms_c = np.where(both, firms, 0).sum(axis=0)
        jobs_c = np.where(both, jobs, 0).sum(axis=0)
    else:
        firms_c, jobs_c = (_vector(part, firms.shape[1]) for part in benchmark)
    below = jobs * firms_c[None, :]
    return np.divide(
        firms * jobs_c[None, :], below, out=np.full(firms.shape, np.nan), where=below > 0
    )


def dhs_growth(before: ArrayLike, after: ArrayLike) -> Floats:
    """Symmetric growth g = 2(x₁ − x₀) / (x₁ + x₀), in [−2, 2]; used for `firm_count_growth`.

    Defined for entry (2) and exit (−2); NaN where both are 0 or either is not known.

    Raises:
        MetricInput: a negative count.

    Source:
        Davis, S., Haltiwanger, J. and Schuh, S. (1996), Job Creation and Destruction, MIT Press,
        technical appendix; Törnqvist, Vartia and Vartia (1985).
    """
    x0, x1 = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    if (x0 < 0).any() or (x1 < 0).any():
        raise MetricInput("a count is not negative")
    below = x1 + x0
    shape = np.broadcast_shapes(x0.shape, x1.shape)
    return np.divide(2 * (x1 - x0), below, out=np.full(shape, np.nan), where=below > 0)


def employment_share(parts: Interval, others: Interval) -> tuple[Floats, Floats]:
    """Bounds of part / (part + other) from intervals of the two: exact, both ends attained.

    For shares of a group of industries in a region (`kibs_support_share`, the traded share): the
    part's hidden jobs are in the total as well, so that the share rises in the part and falls in
    the rest.

    Args:
        parts: least and greatest jobs of the group, per region.
        others: least and greatest jobs of all other industries of the region.

    Returns:
        Least and greatest share; NaN where neither group can have a job. A lower bound is 0 where
        the part may be zero.
    """
    p1, p2 = _intervals("parts", *parts)
    o1, o2 = _intervals("others", *others)
    return _ratio(p1, p1 + o2), _ratio(p2, p2 + o1, unbounded=np.isinf(p2))


def specialised_supplier_share(
    small: ArrayLike, all_sizes: ArrayLike, weights: ArrayLike, *, top: int | None = None
) -> Floats:
    """Share of small establishments in the jobs of a cluster's main supplier industries.

    Σ_s small_rs / Σ_s all_rs over the `top` suppliers by weight (all with weight > 0 if left
    out; ties at the last place are all taken).

    Args:
        small: regions × suppliers, jobs in establishments below the size limit (usually 50).
        all_sizes: regions × suppliers, jobs in all establishments.
        weights: input weight of each supplier; those without weight take no part.

    Returns:
        Share per region, 0 to 1; NaN where a figure of a supplier is not known or there are no
        jobs.

    Raises:
        MetricInput: small exceeds all, shapes differ, no supplier has weight.

    Source:
        APEC guidelines 2005, guideline 6 ("small-scale specialized suppliers"); share form after
        Holmes, T. (1999), Localization of industry and vertical disintegration, Review of
        Economics and Statistics 81(2), 314-325.
    """
    part, whole = _matrix("small", small), _matrix("all_sizes", all_sizes)
    weight = _vector(weights, whole.shape[1])
    if part.shape != whole.shape:
        raise MetricInput(f"small is {part.shape}, all_sizes is {whole.shape}")
    if (part > whole * (1 + TOLERANCE)).any():
        row, column = np.argwhere(part > whole * (1 + TOLERANCE))[0]
        raise MetricInput(
            f"region {row}, supplier {column}: {part[row, column]:g} jobs in small establishments "
            f"of {whole[row, column]:g} in all"
        )
    if not (weight > 0).any():
        raise MetricInput("no supplier has a weight")
    least = np.sort(weight)[::-1][min(top, weight.size) - 1] if top else 0.0
    taken = (weight > 0) & (weight >= least)
    return _ratio(part[:, taken].sum(axis=1), whole[:, taken].sum(axis=1))


def cluster_strength_share(
    employment: ArrayLike,
    strong: ArrayLike,
    *,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
) -> Bounds:
    """Share of a region's jobs that are in its strong clusters, as bounds.

    Args:
        employment: regions × clusters (of the traded class); NaN where withheld.
        strong: 1 strong, 0 not, NaN where the rule cannot be decided.
        lower, upper: intervals of the cells; the known figures, and 0 to infinity where withheld,
            if left out.

    Returns:
        Least and greatest share per region. They are equal where every cell and every verdict is
        known. NaN where the region can have no jobs.

    Source:
        U.S. Cluster Mapping Project, "share of traded employment in strong clusters".
    """
    jobs, verdict = _matrix("employment", employment), _matrix("strong", strong)
    known = np.isfinite(jobs)
    low = np.where(known, jobs, 0.0) if lower is None else np.asarray(lower, dtype=float)
    high = np.where(known, jobs, np.inf) if upper is None else np.asarray(upper, dtype=float)
    low, high = _intervals("employment", low, high)
    sure, never = verdict == 1, verdict == 0
    least = employment_share(
        (_rows(low, sure), _rows(high, sure)), (_rows(low, ~sure), _rows(high, ~sure))
    )[0]
    most = employment_share(
        (_rows(low, ~never), _rows(high, ~never)), (_rows(low, never), _rows(high, never))
    )[1]
    return Bounds(least, most)


# -- arithmetic of the bounds ---------------------------------------------------------------


def _greatest(low: Floats, high: Floats, rest: Sequence[Floats], parent: Sequence) -> Floats:
    """Supremum over e of e·N/(R·C), R and C at their least for that e and N at its greatest."""
    a, b, d = rest
    region, cluster, n = parent

    def at(e: Floats) -> Floats:
        r, c = np.maximum(region, e + a), np.maximum(cluster, e + b)
        most = np.minimum(n, r + c - e + d)
        # e / R stays 1 as e goes to 0 in a region of its own, and so does e / C
        with np.errstate(invalid="ignore", divide="ignore"):
            inner = np.where(e == 0, 0.0, e * most / (r * c))
            edge = np.where((r == 0) & (c == 0), np.inf, most / np.where(r == 0, c, r))
        value = np.where((r > 0) & (c > 0), inner, edge)
        return np.where(most <= 0, 0.0, value)

    with np.errstate(invalid="ignore", divide="ignore"):
        ab = a * b
        peak = (ab + np.sqrt(ab * (a + d) * (b + d))) / d
        ends = [region - a, cluster - b, peak, np.sqrt(ab), n - a - b - d, region + cluster + d - n]
    best = at(low)
    top = np.where(np.isfinite(high), high, low)
    for end in [top, *ends]:
        e = np.clip(np.where(np.isfinite(end), end, low), low, high)
        best = np.maximum(best, at(e))
    open_ended = np.isinf(high)
    best = np.where(open_ended & np.isfinite(d), np.maximum(best, 1.0), best)  # limit for e → ∞
    unbounded = np.isinf(d) & np.isinf(n) & (high > 0)
    return np.where(high <= 0, 0.0, np.where(unbounded, np.inf, best))


def _least(low: Floats, high: Floats, rest: Sequence[Floats], parent: Sequence) -> Floats:
    """Infimum over e of e·N/(R·C), R and C at their greatest for that e and N at its least."""
    a, b, d = rest
    region, cluster, n, most = parent

    def at(e: Floats) -> Floats:
        r, c = np.minimum(region, e + a), np.minimum(cluster, e + b)
        with np.errstate(invalid="ignore", divide="ignore"):
            finite = np.minimum(np.maximum(n, r + c - e + d), most) * e / (r * c)
            # N / R goes to 1 as R grows without bound (and so for C); with both, LQ goes to 0
            only_r, only_c = e / c, e / r
        value = np.where(np.isinf(r), only_r, np.where(np.isinf(c), only_c, finite))
        value = np.where(np.isinf(r) & np.isinf(c), 0.0, value)
        return np.where(e == 0, 0.0, value)

    with np.errstate(invalid="ignore"):
        ends = [region - a, cluster - b, n - a - b - d, region + cluster + d - n]
    worst = at(low)
    for end in [np.where(np.isfinite(high), high, low), *ends]:
        e = np.clip(np.where(np.isfinite(end), end, low), low, high)
        worst = np.minimum(worst, at(e))
    limit = np.where(np.isinf(high), 1.0, np.inf)
    return np.minimum(worst, limit)


def _bootstrap(
    z: Floats, draws: int, level: float, rng: np.random.Generator
) -> tuple[Floats, float, int]:
    """Mean tail share of each of the ascending values z, mean cut-off, draws used."""
    n = z.size
    squares, tails, cutoff, used = z * z, np.zeros(n), 0.0, 0
    step = max(1, CHUNK_CELLS // n)
    place = (1 - level) * (n - 1)
    lesser = int(np.floor(place))
    for start in range(0, draws, step):
        count = min(step, draws - start)
        picks = rng.integers(0, n, size=(count, n)) + n * np.arange(count)[:, None]
        times = np.bincount(picks.ravel(), minlength=count * n).reshape(count, n)
        mean = times @ z / n
        spread = np.sqrt(np.maximum(times @ squares / n - mean * mean, 0.0) * n / (n - 1))
        kept = ((times > 0).sum(axis=1) > 1) & (spread > 0)
        times, mean, spread = times[kept], mean[kept], spread[kept]
        used += int(kept.sum())
        # values of the draw below each value's own place in it, for all draws at once
        upto = np.zeros((len(times), n + 1), dtype=np.int64)
        np.cumsum(times, axis=1, out=upto[:, 1:])
        first = np.searchsorted(z, mean[:, None] + spread[:, None] * z, side="left")
        tails += (n - np.take_along_axis(upto, first, axis=1)).sum(axis=0)
        # order statistics of the draw: the value whose running count passes the place
        i, j = ((upto[:, 1:] <= rank).sum(axis=1) for rank in (lesser, min(lesser + 1, n - 1)))
        quantile = z[i] + (place - lesser) * (z[j] - z[i])
        cutoff += float(((quantile - mean) / spread).sum())
    if not used:
        return np.full(n, np.nan), np.nan, 0
    return tails / (used * n), cutoff / used, used


def _others(values: Floats, axis: int) -> Floats:
    """Sum of the other cells along an axis; infinite only if one of the others is."""
    finite = np.where(np.isfinite(values), values, 0.0)
    sums = finite.sum(axis=axis, keepdims=True) - finite
    infinite = np.isinf(values)
    others = infinite.sum(axis=axis, keepdims=True) - infinite
    return np.where(others > 0, np.inf, np.maximum(sums, 0.0))


def _elsewhere(values: Floats) -> Floats:
    """Sum of the cells in other rows and other columns."""
    finite = np.where(np.isfinite(values), values, 0.0)
    infinite = np.isinf(values).astype(float)

    def rest(x: Floats) -> Floats:
        return x.sum() - x.sum(axis=1, keepdims=True) - x.sum(axis=0, keepdims=True) + x

    return np.where(rest(infinite) > 0.5, np.inf, np.maximum(rest(finite), 0.0))


def _parent(
    totals: Interval | None, name: str, size: int, least: Floats, most: Floats
) -> tuple[Floats, Floats]:
    if totals is None:
        return least, most
    low, high = _totals(name, totals, size)
    low, high = np.maximum(low, least), np.minimum(high, most)
    return low, np.maximum(low, high)


def _totals(name: str, totals: Interval | None, size: int) -> tuple[Floats, Floats]:
    if totals is None:
        raise MetricInput(f"totals of each {name} are needed")
    low, high = _vector(totals[0], size).copy(), _vector(totals[1], size).copy()
    if np.isnan(low).any() or np.isnan(high).any() or (low < 0).any() or (high < low).any():
        raise MetricInput(f"totals of each {name} must be 0 at least, with lower ≤ upper")
    return low, high


def _settle(low: Floats, high: Floats, scale: Floats, name: str) -> tuple[Floats, Floats]:
    """Ends that cross by less than the tolerance meet; beyond it they are a contradiction."""
    crossing = low > high
    if crossing.any():
        slack = TOLERANCE * np.maximum(np.maximum(low, np.abs(scale)), 1.0)
        if (low - high > slack).any():
            row, column = np.argwhere(low - high > slack)[0]
            raise MetricInput(
                f"cell of region {row} and cluster {column} (counted from 0) would have to be "
                f"{low[row, column]:g} at least and {high[row, column]:g} at most to fit the "
                f"{name}'s total"
            )
        high = np.where(crossing, low, high)
    return low, high


def _ratio(above: ArrayLike, below: ArrayLike, unbounded: ArrayLike = False) -> Floats:
    top, base = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(base > 0, top / base, np.nan)
    return np.where(unbounded, 1.0, np.where(np.isinf(base) & np.isfinite(top), 0.0, value))


def _rows(values: Floats, mask: NDArray[np.bool_]) -> Floats:
    return np.where(mask, values, 0.0).sum(axis=1)


def _matrix(name: str, values: ArrayLike) -> Floats:
    matrix = np.asarray(values, dtype=float)
    if matrix.ndim != 2:
        raise MetricInput(f"{name} must be regions × clusters, not {matrix.ndim}-dimensional")
    return matrix


def _vector(values: ArrayLike, size: int) -> Floats:
    vector = np.asarray(values, dtype=float)
    if vector.shape != (size,):
        raise MetricInput(f"expected {size} totals, got shape {vector.shape}")
    return vector


def _intervals(name: str, lower: ArrayLike, upper: ArrayLike) -> tuple[Floats, Floats]:
    low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    if low.shape != high.shape:
        raise MetricInput(f"{name}: lower is {low.shape}, upper is {high.shape}")
    wrong = np.isnan(low) | np.isnan(high) | (low < 0) | (high < low) | np.isinf(low)
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise MetricInput(
            f"{name} {where}: an interval needs 0 ≤ lower ≤ upper, "
            f"not {low[where]} to {high[where]}"
        )
    return low, high
