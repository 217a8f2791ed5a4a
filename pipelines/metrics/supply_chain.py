"""Supply chains: which suppliers a regional cluster lacks, how much industries buy, who competes.

Belongs here: `missing_link_index` with its named links, `vertical_disintegration`,
`contestability_index`, `dominance_flag`, as functions over arrays. Does not belong here: reading
input–output tables, concordances, who is whose neighbour.

Shapes: R regions, S supplier industries, C clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput

Floats = NDArray[np.float64]


def input_weights(
    use: ArrayLike,
    user_cluster: Sequence[int],
    supplier_cluster: Sequence[int],
    *,
    clusters: int,
    excluded: Sequence[int] = (),
    user_shares: ArrayLike | None = None,
) -> Floats:
    """Weight w_sc of each supplier among the direct inputs that a cluster buys from others.

    Purchases of the cluster's industries are added up by supplier; suppliers of the cluster
    itself, the excluded ones (non-traded utilities) and negative entries (subsidies, scrap
    adjustments) take no part; each column is scaled to sum to 1.

    Args:
        use: S × users, purchases in basic or producer prices.
        user_cluster: cluster of each user, −1 where in none.
        supplier_cluster: cluster of each supplier, −1 where in none.
        clusters: number of clusters.
        excluded: positions of suppliers that take no part.
        user_shares: part of each user that belongs to its cluster (1 if left out).

    Returns:
        S × C; a column of NaN where a cluster buys nothing.

    Source:
        Feser, E. and Bergman, E. (2000), National industry cluster templates, Regional Studies
        34(1), 1-19; direct requirements as in Miller, R. and Blair, P. (2009), ch. 2.
    """
    table = np.maximum(_matrix("use", use), 0.0)
    users = np.asarray(user_cluster)
    suppliers = np.asarray(supplier_cluster)
    if users.shape != (table.shape[1],) or suppliers.shape != (table.shape[0],):
        raise MetricInput(
            f"use is {table.shape}: needs {table.shape[0]} supplier and {table.shape[1]} user "
            "clusters"
        )
    if user_shares is not None:
        table = table * np.asarray(user_shares, dtype=float)[None, :]
    bought = np.zeros((table.shape[0], clusters))
    for cluster in range(clusters):
        bought[:, cluster] = table[:, users == cluster].sum(axis=1)
        bought[suppliers == cluster, cluster] = 0.0
    bought[list(excluded), :] = 0.0
    sums = bought.sum(axis=0)
    return np.divide(bought, sums, out=np.full_like(bought, np.nan), where=sums > 0)


def cilq(
    suppliers: ArrayLike,
    cluster: ArrayLike,
    *,
    suppliers_national: ArrayLike | None = None,
    cluster_national: float | None = None,
) -> Floats:
    """Cross-industry location quotient of each supplier for one cluster.

    CILQ = (E_sr / E_sN) / (E_cr / E_cN): 1 where the region has the same share of the nation's
    supplier as of the nation's cluster.

    Args:
        suppliers: R × S jobs of the suppliers; cluster: R jobs of the cluster.
        suppliers_national, cluster_national: totals of the nation; sums over regions if left out.

    Returns:
        R × S; NaN where the region has no cluster or the nation no supplier.

    Source:
        Round, J. (1978); Flegg, A. and Webber, C. (1997), On the appropriate use of location
        quotients, Regional Studies 31(8), 795-805.
    """
    jobs, own = _matrix("suppliers", suppliers), np.asarray(cluster, dtype=float)
    nation = jobs.sum(axis=0) if suppliers_national is None else np.asarray(suppliers_national)
    total = float(own.sum()) if cluster_national is None else float(cluster_national)
    below = own[:, None] * nation[None, :]
    return np.divide(jobs * total, below, out=np.full(jobs.shape, np.nan), where=below > 0)


@dataclass(frozen=True)
class MissingLinks:
    """MLI by region and cluster, and the links that are missing, one entry each in all arrays.

    A link is `sure` where its CILQ is below the limit at both ends of its interval.
    """

    index: Floats
    lower: Floats
    upper: Floats
    region: NDArray[np.int64]
    cluster: NDArray[np.int64]
    supplier: NDArray[np.int64]
    weight: Floats
    cilq_lower: Floats
    cilq_upper: Floats
    sure: NDArray[np.bool_]


def missing_link_index(
    suppliers: tuple[ArrayLike, ArrayLike],
    clusters: tuple[ArrayLike, ArrayLike],
    weights: ArrayLike,
    *,
    suppliers_national: ArrayLike | None = None,
    clusters_national: ArrayLike | None = None,
    min_jobs: float = 50.0,
    min_weight: float = 0.01,
    max_cilq: float = 0.25,
    named_links: bool = True,
) -> MissingLinks:
    """MLI = Σ_s w_sc · max(0, 1 − CILQ_scr): 1 with no suppliers, 0 with proportional ones.

    Jobs are intervals (equal ends where known). CILQ rises in the supplier's jobs and falls in
    the cluster's; a hidden cell is part of its own national total, which moves with it unless it
    is given. A supplier that the nation does not have (E_sN = 0) takes no part, and the other
    weights are scaled up. Absence may be efficient importing: show the import share beside it.

    Args:
        suppliers: least and greatest jobs, R × S.
        clusters: least and greatest jobs, R × C.
        weights: S × C, columns sum to 1 (or are NaN).
        suppliers_national, clusters_national: totals of the nation, held fixed.
        min_jobs: least jobs of a cluster in a region, at its lower end, for an index.
        min_weight, max_cilq: links of at least this weight and below this CILQ are named.
        named_links: without them the arrays of links are empty, and it is quicker.

    Returns:
        `index` is NaN where its bounds differ or it is not defined; bounds are NaN where not
        defined (cluster too small, no weights).

    Raises:
        MetricInput: shapes differ, an interval is inverted, weights do not sum to 1.

    Source:
        Gap analysis of extended product chains: Feser and Bergman (2000); CILQ as in `cilq`.
    """
    s_low, s_high = _interval("suppliers", *suppliers)
    c_low, c_high = _interval("clusters", *clusters)
    weight = _matrix("weights", weights)
    if weight.shape != (s_low.shape[1], c_low.shape[1]) or s_low.shape[0] != c_low.shape[0]:
        raise MetricInput(
            f"suppliers {s_low.shape}, clusters {c_low.shape} and weights {weight.shape} "
            "do not fit together"
        )
    sums = weight.sum(axis=0)
    if (np.abs(sums[np.isfinite(sums)] - 1) > 1e-6).any() or (weight < 0).any():
        raise MetricInput("weights of a cluster's suppliers must not be negative and sum to 1")
    s_share = _shares(s_low, s_high, suppliers_national)
    c_share = _shares(c_low, c_high, clusters_national)
    have = s_high.sum(axis=0) > 0
    if suppliers_national is not None:
        have = np.asarray(suppliers_national, dtype=float) > 0
    shape = c_low.shape
    lower, upper = np.full(shape, np.nan), np.full(shape, np.nan)
    links: list[tuple[NDArray, ...]] = []
    for c in range(shape[1]):
        w = np.where(have, weight[:, c], 0.0)
        if not np.isfinite(weight[:, c]).all() or w.sum() <= 0:
            continue
        w = w / w.sum()
        enough = np.flatnonzero((c_low[:, c] >= min_jobs) & (c_low[:, c] > 0))
        used = np.flatnonzero(w > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            least = s_share[0][np.ix_(enough, used)] / c_share[1][enough, c][:, None]
            # weights sum to 1 up to rounding, the index is 1 at most
            upper[enough, c] = np.minimum(np.maximum(1 - least, 0) @ w[used], 1.0)
            if suppliers[0] is suppliers[1] and clusters[0] is clusters[1]:
                lower[enough, c], most = upper[enough, c], least
            else:
                most = s_share[1][np.ix_(enough, used)] / c_share[0][enough, c][:, None]
                lower[enough, c] = np.minimum(np.maximum(1 - most, 0) @ w[used], 1.0)
        if not named_links:
            continue
        named = (least < max_cilq) & (w[used] >= min_weight)[None, :]
        r, s = np.nonzero(named)
        links.append(
            (
                enough[r],
                np.full(r.size, c),
                used[s],
                w[used][s],
                least[r, s],
                most[r, s],
                most[r, s] < max_cilq,
            )
        )
    together = [np.concatenate(part) for part in zip(*links, strict=True)] if links else [[]] * 7
    same = np.isclose(lower, upper, rtol=1e-12, atol=1e-12)
    return MissingLinks(
        np.where(same, upper, np.nan),
        lower,
        upper,
        np.asarray(together[0], dtype=np.int64),
        np.asarray(together[1], dtype=np.int64),
        np.asarray(together[2], dtype=np.int64),
        np.asarray(together[3], dtype=float),
        np.asarray(together[4], dtype=float),
        np.asarray(together[5], dtype=float),
        np.asarray(together[6], dtype=bool),
    )


def within_reach(
    jobs: ArrayLike,
    pairs: ArrayLike,
    distances_km: ArrayLike,
    *,
    decay_km: float = 50.0,
    cutoff_km: float = 150.0,
) -> Floats:
    """Jobs in a region and, less with distance, in those around it: E_r + Σ exp(−d/decay)·E_q.

    For the commuting variant of `missing_link_index` pass suppliers within reach (both ends of
    their intervals) with the nation's totals, and the region's own clusters: a supplier across
    the county line counts, by what distance leaves of it.

    Args:
        jobs: R × anything.
        pairs: P × 2, regions that may reach each other, each pair once (either way).
        distances_km: distance of each pair.
        decay_km: distance at which a job counts 1/e; cutoff_km: beyond it none counts.

    Raises:
        MetricInput: a pair twice, with itself or out of range; a negative distance.

    Source:
        Exponential decay of commuting: Fotheringham, A. and O'Kelly, M. (1989), Spatial
        Interaction Models, ch. 2.
    """
    values, couple = _matrix("jobs", jobs), np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    distance = np.asarray(distances_km, dtype=float)
    if distance.shape != (couple.shape[0],) or (distance < 0).any() or decay_km <= 0:
        raise MetricInput("each pair needs a distance of 0 at least, and the decay is above 0")
    if couple.size and (couple.min() < 0 or couple.max() >= values.shape[0]):
        raise MetricInput("a pair names a region that is not there")
    ordered = np.sort(couple, axis=1)
    numbered = ordered[:, 0] * values.shape[0] + ordered[:, 1]
    if (ordered[:, 0] == ordered[:, 1]).any() or len(np.unique(numbered)) < len(ordered):
        raise MetricInput("a pair of regions is given twice, or a region with itself")
    near = distance <= cutoff_km
    share = np.exp(-distance[near] / decay_km)[:, None]
    result = values.copy()
    here = np.concatenate((couple[near, 0], couple[near, 1]))
    there = np.concatenate((couple[near, 1], couple[near, 0]))
    if here.size:
        order = np.argsort(here, kind="stable")
        first = np.flatnonzero(np.diff(here[order], prepend=-1))
        reached = np.concatenate((share, share))[order] * values[there[order]]
        result[here[order][first]] += np.add.reduceat(reached, first, axis=0)
    return result


def vertical_disintegration(
    value_added: ArrayLike, gross_output: ArrayLike, imported_inputs: ArrayLike | None = None
) -> Floats:
    """VD = 1 − VA/GO, the share of purchased inputs in output; domestic-only with imports given.

    With `imported_inputs`, (GO − VA − imports)/GO: what is bought from others at home. All at
    basic prices and in one currency.

    Returns:
        NaN where GO ≤ 0, VA is negative or not known; or imports exceed purchased inputs.

    Source:
        Adelman, M. (1955), Concept and statistical measurement of vertical integration, in NBER,
        Business Concentration and Price Policy; Holmes, T. (1999), Review of Economics and
        Statistics 81(2), 314-325 (purchased-input intensity).
    """
    va, go = np.asarray(value_added, dtype=float), np.asarray(gross_output, dtype=float)
    bought = go - va
    if imported_inputs is not None:
        bought = bought - np.asarray(imported_inputs, dtype=float)
    right = (go > 0) & (va >= 0)
    if imported_inputs is not None:
        right &= bought >= 0
    return np.divide(bought, go, out=np.full(np.shape(bought), np.nan), where=right)


def percentile(values: ArrayLike) -> Floats:
    """Mid-rank percentile within a list: (below + half of the equal ones) / n; NaN stays NaN."""
    figures = np.asarray(values, dtype=float)
    known = np.isfinite(figures)
    result = np.full(figures.shape, np.nan)
    some = figures[known]
    if some.size:
        ordered = np.sort(some)
        below = np.searchsorted(ordered, some, side="left")
        upto = np.searchsorted(ordered, some, side="right")
        result[known] = (below + upto) / 2 / some.size
    return result


def contestability_index(churn: ArrayLike, top4_share: ArrayLike, small_share: ArrayLike) -> Floats:
    """Mean of three percentiles within each industry: churn, 1 − CR4, small firms' job share.

    Args:
        churn: entry plus exit rate, units × industries (one basis).
        top4_share: CR4 (or H*), 0 to 1; small_share: jobs in small firms ÷ all, 0 to 1.

    Returns:
        units × industries, 0 to 1; NaN with fewer than two of the three known. With units of one
        only (a nation) the percentile is ½: compare units, or industries as units.

    Source:
        Baumol, W., Panzar, J. and Willig, R. (1982), Contestable Markets (concept); Eurostat–OECD
        Manual on Business Demography Statistics (2007) for churn.
    """
    parts = [_matrix("churn", churn), -_matrix("top4_share", top4_share)]
    parts.append(_matrix("small_share", small_share))
    if len({part.shape for part in parts}) != 1:
        raise MetricInput(f"shapes differ: {[part.shape for part in parts]}")
    ranked = np.stack([np.apply_along_axis(percentile, 0, part) for part in parts])
    known = np.isfinite(ranked)
    count = known.sum(axis=0)
    sums = np.where(known, ranked, 0.0).sum(axis=0)
    return np.where(count >= 2, sums / np.maximum(count, 1), np.nan)


def dominance_flag(
    world_share: ArrayLike,
    rsca: ArrayLike,
    churn: ArrayLike,
    *,
    share_min: float = 0.10,
    rsca_above: float = 0.5,
) -> Floats:
    """1 where a seller dominates the world market and is little contested at home, else 0.

    world share ≥ `share_min`, RSCA > `rsca_above`, and churn below the median of its industry.

    Args:
        world_share, rsca, churn: units × industries.

    Returns:
        1, 0, or NaN where a missing figure could decide; one that fails for sure is 0.

    Source:
        APEC guidelines 2005, guideline 6 ("even if domestic firms have a dominant position …").
    """
    share, symmetric, turnover = (
        _matrix(name, values)
        for name, values in (("world_share", world_share), ("rsca", rsca), ("churn", churn))
    )
    known = np.isfinite(turnover)
    median = np.full(turnover.shape[1], np.nan)
    some = known.any(axis=0)
    median[some] = np.nanmedian(turnover[:, some], axis=0)
    tests = [
        np.where(np.isnan(share), np.nan, share >= share_min),
        np.where(np.isnan(symmetric), np.nan, symmetric > rsca_above),
        np.where(known, turnover < median[None, :], np.nan),
    ]
    stacked = np.stack(tests)
    no = (stacked == 0).any(axis=0)
    return np.where(no, 0.0, np.where(np.isnan(stacked).any(axis=0), np.nan, 1.0))


def _shares(low: Floats, high: Floats, national: ArrayLike | None) -> tuple[Floats, Floats]:
    """Least and greatest share of the nation; a cell's own jobs are in the total that moves."""
    if national is not None:
        total = np.asarray(national, dtype=float)[None, :]
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = (
                np.where(total > 0, low / total, np.nan),
                np.where(total > 0, high / total, np.nan),
            )
        return shares
    endless = np.isinf(high)
    finite = np.where(endless, 0.0, high)
    others_low = low.sum(axis=0) - low
    others_high = np.where(endless.sum(axis=0) - endless > 0, np.inf, finite.sum(axis=0) - finite)
    with np.errstate(invalid="ignore", divide="ignore"):
        least = np.where(low > 0, low / (low + others_high), 0.0)
        most = np.where(endless, 1.0, np.where(high > 0, high / (high + others_low), 0.0))
    return least, most


def _matrix(name: str, values: ArrayLike) -> Floats:
    matrix = np.asarray(values, dtype=float)
    if matrix.ndim != 2:
        raise MetricInput(f"{name} must have two dimensions, not {matrix.ndim}")
    return matrix


def _interval(name: str, lower: ArrayLike, upper: ArrayLike) -> tuple[Floats, Floats]:
    low, high = _matrix(name, lower), _matrix(name, upper)
    if low.shape != high.shape:
        raise MetricInput(f"{name}: lower is {low.shape}, upper is {high.shape}")
    wrong = np.isnan(low) | np.isnan(high) | (low < 0) | (high < low) | np.isinf(low)
    if wrong.any():
        r, c = np.argwhere(wrong)[0]
        raise MetricInput(
            f"{name} ({r}, {c}): needs 0 ≤ lower ≤ upper, not {low[r, c]} to {high[r, c]}"
        )
    return low, high
