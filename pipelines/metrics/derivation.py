"""Relatedness of industries, and clusters made from it.

Belongs here: similarity between industries (co-location, co-agglomeration, input–output), grouping
by it, and scores of how well a grouping holds together. Does not belong here: product space
(`relatedness`), the rules of a definition table (`definitions`), files.

Shapes: R regions, I industries; a similarity is I × I, symmetric, with NaN on its diagonal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput
from pipelines.metrics.concentration import locational_gini
from pipelines.metrics.specialisation import location_quotient

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Function = Literal["ward", "kmeans"]
KMEANS_STARTS = 20


def location_correlation(cells: ArrayLike) -> Floats:
    """LC: correlation over regions between the sizes of two industries.

    Args:
        cells: R × I, jobs or establishments.

    Returns:
        NaN where an industry is the same everywhere.

    Source:
        Porter, M. (2003), The economic performance of regions, Regional Studies 37, 549-578;
        Delgado, M., Porter, M. and Stern, S. (2016), Defining clusters of related industries,
        Journal of Economic Geography 16(1), 1-38, section 3.1.
    """
    sizes = _cells(cells)
    moved = sizes - sizes.mean(axis=0)
    spread = np.sqrt((moved**2).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        similar = (moved.T @ moved) / np.outer(spread, spread)
    # a spread of rounding alone is none
    flat = spread <= 1e-12 * np.maximum(np.abs(sizes).max(axis=0), 1e-300)
    similar[flat, :] = similar[:, flat] = np.nan
    return _open_diagonal(np.clip(similar, -1, 1))


def coagglomeration(cells: ArrayLike, reference: ArrayLike | None = None) -> Floats:
    """COI_ij = Σ_r (s_ri − x_r)(s_rj − x_r) / (1 − Σ_r x_r²): plants of both in one place.

    Args:
        cells: R × I jobs; reference: x, the region's share of everything (of all jobs if left
            out).

    Source:
        Ellison, G., Glaeser, E. and Kerr, W. (2010), What causes industry agglomeration? American
        Economic Review 100(3), 1195-1213, eq. 1.
    """
    sizes = _cells(cells)
    x = sizes.sum(axis=1) if reference is None else np.asarray(reference, dtype=float)
    if x.shape != (sizes.shape[0],) or not x.sum() > 0:
        raise MetricInput("the reference must have a size for each region, and not only zeros")
    x = x / x.sum()
    room = 1 - float((x**2).sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = sizes / sizes.sum(axis=0) - x[:, None]
    if room <= 0:
        raise MetricInput("co-agglomeration needs two regions at least")
    return _open_diagonal(shares.T @ shares / room)


def input_output(flows: ArrayLike, *, within: bool = False) -> Floats:
    """IO_ij: the largest of four shares: what i buys from, and sells to, j, and j from and to i.

    Shares are of all purchases from, and all sales to, the industries of the table. Negative
    flows count as none.

    Args:
        flows: suppliers × users over the same I industries.
        within: keep the diagonal, what an industry buys from its own kind; for tables whose
            industries are groups of the ones to be related.

    Source:
        Ellison, Glaeser and Kerr (2010); Delgado, Porter and Stern (2016), section 3.1.
    """
    table = np.asarray(flows, dtype=float)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not np.isfinite(table).all():
        raise MetricInput("flows must be a square of finite figures")
    table = np.maximum(table, 0.0)

    def share(sums: Floats) -> Floats:
        return np.divide(table, sums, out=np.zeros_like(table), where=sums > 0)

    either = np.maximum(share(table.sum(axis=0)[None, :]), share(table.sum(axis=1)[:, None]))
    related = np.maximum(either, either.T)
    return related if within else _open_diagonal(related)


def combined(similarities: Sequence[ArrayLike]) -> Floats:
    """Mean of similarities, each standardised over its pairs (mean 0, sd 1).

    A pair that one similarity does not know takes the mean of the others.

    Source:
        Delgado, Porter and Stern (2016), section 3.1 (LC–IO–Occ).
    """
    scaled = []
    for values in similarities:
        similar = np.asarray(values, dtype=float)
        known = np.isfinite(similar)
        spread = similar[known].std() if known.any() else 0.0
        if not spread > 0:
            raise MetricInput("a similarity that is the same for all pairs tells nothing apart")
        scaled.append((similar - similar[known].mean()) / spread)
    stack = np.stack(scaled)
    known = np.isfinite(stack)
    count = known.sum(axis=0)
    sums = np.where(known, stack, 0.0).sum(axis=0)
    return _open_diagonal(np.where(count > 0, sums / np.maximum(count, 1), np.nan))


def group(similarity: ArrayLike, clusters: int, function: Function, *, seed: int = 0) -> Labels:
    """Industries in `clusters` groups of like ones.

    An industry is described by its similarities to all industries (its own to itself being the
    greatest it has), as in the paper; groups are made by Ward's hierarchy or by k-means (best of
    20 seeded starts). Labels are numbered by the first industry of each group.

    Source:
        Delgado, Porter and Stern (2016), section 3.2; Ward, J. (1963); MacQueen, J. (1967).
    """
    similar = _similarity(similarity)
    if not 1 <= clusters <= similar.shape[0]:
        raise MetricInput(f"{similar.shape[0]} industries cannot make {clusters} clusters")
    rows = np.where(np.isfinite(similar), similar, np.nanmin(similar))
    np.fill_diagonal(rows, rows.max(axis=1))
    if function == "ward":
        from scipy.cluster.hierarchy import fcluster, linkage

        labels = fcluster(linkage(rows, "ward"), clusters, "maxclust")
    elif function == "kmeans":
        labels = _kmeans(rows, clusters, seed)
    else:
        raise MetricInput(f"{function!r} is neither ward nor kmeans")
    return _renumbered(np.asarray(labels))


@dataclass(frozen=True)
class Scores:
    """Validation scores of a grouping, 0 to 1, by similarity and in all.

    `cluster_mean` is the share of clusters whose within-relatedness exceeds the mean of their
    between-relatedness, `cluster_p95` its 95th percentile; `industry_…` the same of industries.
    `overall` is the mean of the four over all similarities.
    """

    by_similarity: dict[str, dict[str, float]]
    overall: float


def validate(labels: ArrayLike, similarities: Mapping[str, ArrayLike]) -> Scores:
    """How far clusters hold together more than they hold to others.

    Within-relatedness of a cluster: mean similarity of its pairs; between: mean similarity of its
    industries with those of one other cluster. For an industry: to the others of its
    cluster, and to those of one other cluster. A cluster of one industry has no pair and fails,
    and so does its industry: single industries are no clusters.

    Source:
        Delgado, Porter and Stern (2016), section 3.3 (VS-Cluster and VS-Industry).
    """
    groups = _renumbered(np.asarray(labels))
    scores = {}
    for name, values in similarities.items():
        within, between = relatedness(groups, values)
        scores[name] = {
            **_passes("cluster", within[0], between[0]),
            **_passes("industry", within[1], between[1]),
        }
    everything = [value for part in scores.values() for value in part.values()]
    return Scores(scores, float(np.mean(everything)))


def relatedness(
    labels: ArrayLike, similarity: ArrayLike
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """((within of clusters, of industries), (between of clusters, of industries)).

    Between has a column for each cluster; NaN for the own one.
    """
    groups, similar = _renumbered(np.asarray(labels)), _similarity(similarity)
    if groups.shape != (similar.shape[0],):
        raise MetricInput(f"{groups.size} labels for {similar.shape[0]} industries")
    k = int(groups.max() + 1)
    member = (groups[:, None] == np.arange(k)[None, :]).astype(float)
    known = np.isfinite(similar)
    filled = np.where(known, similar, 0.0)
    sums, counts = filled @ member, known.astype(float) @ member
    with np.errstate(invalid="ignore", divide="ignore"):
        industry = sums / counts
        cluster = (member.T @ sums) / (member.T @ counts)
    own = np.arange(groups.size), groups
    industry_within, cluster_within = industry[own].copy(), np.diag(cluster).copy()
    industry[own] = np.nan
    np.fill_diagonal(cluster, np.nan)
    return (cluster_within, industry_within), (cluster, industry)


def settle_outliers(
    labels: ArrayLike, similarity: ArrayLike, *, rounds: int = 10
) -> tuple[Labels, list[tuple[int, int, int]]]:
    """Move industries that belong more to another cluster; (labels, moves).

    In each round every industry whose relatedness to another cluster exceeds that to its own by
    most moves there, one at a time from the greatest gap on, relatedness being computed anew after
    each move. A move never leaves a cluster with a single industry. The paper's authors do this
    step by judgement; here it is a rule, so that it can be repeated.

    Args:
        rounds: most moves for each industry.

    Returns:
        moves: (industry, from, to), in order; labels numbered anew afterwards.

    Source:
        After Delgado, Porter and Stern (2016), section 3.4 (marginal outliers).
    """
    groups = _renumbered(np.asarray(labels)).copy()
    similar = _similarity(similarity)
    moves: list[tuple[int, int, int]] = []
    times = np.zeros(groups.size, dtype=int)
    k = int(groups.max() + 1)
    for _ in range(rounds * groups.size):
        member = (groups[:, None] == np.arange(k)[None, :]).astype(float)
        known = np.isfinite(similar)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (np.where(known, similar, 0.0) @ member) / (known.astype(float) @ member)
        own = mean[np.arange(groups.size), groups].copy()
        mean[np.arange(groups.size), groups] = -np.inf
        best = np.where(np.isnan(mean), -np.inf, mean).argmax(axis=1)
        gap = mean[np.arange(groups.size), best] - own
        size = member.sum(axis=0)
        movable = np.isfinite(gap) & (gap > 1e-12) & (size[groups] > 2) & (times < rounds)
        if not movable.any():
            break
        one = int(np.where(movable, gap, -np.inf).argmax())
        moves.append((one, int(groups[one]), int(best[one])))
        groups[one] = best[one]
        times[one] += 1
    return _renumbered(groups), moves


@dataclass(frozen=True)
class Traded:
    """Which industries are traded, and the three measures that say so."""

    traded: NDArray[np.bool_]
    specialised_share: Floats
    top_lq: Floats
    gini: Floats


def traded_industries(
    cells: ArrayLike,
    *,
    share_min: float = 0.5,
    top_lq_min: float = 2.0,
    gini_min: float = 0.3,
    top: int = 5,
) -> Traded:
    """Industries that concentrate in some regions: sold beyond the region (traded).

    Traded: at least half of the jobs are in regions with LQ ≥ 1, the mean LQ of the five regions
    with the highest is at least 2, and the locational Gini is at least 0.3.

    Args:
        cells: R × I jobs, regions of some size (states, economic areas): in counties nearly
            everything is concentrated.

    Source:
        Porter (2003), appendix: the same three cut-offs over states.
    """
    sizes = _cells(cells)
    lq = location_quotient(sizes)
    totals = sizes.sum(axis=0)
    share = np.divide(
        np.where(lq >= 1, sizes, 0.0).sum(axis=0),
        totals,
        out=np.full(totals.shape, np.nan),
        where=totals > 0,
    )
    highest = -np.sort(-np.where(np.isfinite(lq), lq, -1.0), axis=0)[: min(top, sizes.shape[0])]
    top_lq = highest.mean(axis=0)
    x = sizes.sum(axis=1) / sizes.sum()
    gini = np.array(
        [
            locational_gini(sizes[:, i] / totals[i], x) if totals[i] > 0 else np.nan
            for i in range(sizes.shape[1])
        ]
    )
    with np.errstate(invalid="ignore"):
        traded = (share >= share_min) & (top_lq >= top_lq_min) & (gini >= gini_min)
    return Traded(traded, share, top_lq, gini)


@dataclass(frozen=True)
class Candidate:
    """One grouping that was tried."""

    function: Function
    clusters: int
    labels: Labels
    scores: Scores


def candidates(
    similarities: Mapping[str, ArrayLike],
    sizes: Sequence[int],
    functions: Sequence[Function] = ("ward", "kmeans"),
    *,
    seed: int = 0,
) -> list[Candidate]:
    """Groupings by every function and number of clusters, the best by score first.

    Ties go to more clusters (a finer grouping that holds as well says more), then to the function
    named first. The same input and seed give the same list.

    Args:
        similarities: by name; grouped by their combination, scored by each.
        sizes: numbers of clusters to try.
    """
    together = combined(list(similarities.values()))
    found = []
    for function in functions:
        for k in sorted(set(sizes)):
            labels = group(together, k, function, seed=seed)
            found.append(Candidate(function, k, labels, validate(labels, similarities)))
    order = {function: i for i, function in enumerate(functions)}
    return sorted(
        found, key=lambda c: (-round(c.scores.overall, 12), -c.clusters, order[c.function])
    )


def agreement(one: ArrayLike, other: ArrayLike) -> float:
    """Adjusted Rand index of two groupings: 1 the same, 0 as alike as by chance.

    Source:
        Hubert, L. and Arabie, P. (1985), Comparing partitions, Journal of Classification 2,
        193-218.
    """
    a = np.unique(np.asarray(one), return_inverse=True)[1]
    b = np.unique(np.asarray(other), return_inverse=True)[1]
    if a.shape != b.shape:
        raise MetricInput(f"{a.size} and {b.size} labels")
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)

    def pairs(counts: Floats) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    all_pairs = a.size * (a.size - 1) / 2
    expected = rows * columns / all_pairs if all_pairs else 0.0
    most = (rows + columns) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def _kmeans(rows: Floats, clusters: int, seed: int) -> Labels:
    """Lloyd's algorithm from k-means++ starts; the least sum of squares of all starts."""
    best, least = np.zeros(len(rows), dtype=np.int64), np.inf
    for stream in np.random.SeedSequence(seed).spawn(KMEANS_STARTS):
        rng = np.random.default_rng(stream)
        centres = [rows[rng.integers(len(rows))]]
        while len(centres) < clusters:
            near = np.min([((rows - c) ** 2).sum(axis=1) for c in centres], axis=0)
            total = near.sum()
            p = near / total if total > 0 else np.full(len(rows), 1 / len(rows))
            centres.append(rows[rng.choice(len(rows), p=p)])
        centre = np.array(centres)
        labels = np.full(len(rows), -1)
        for _ in range(300):
            far = (rows**2).sum(axis=1)[:, None] - 2 * rows @ centre.T + (centre**2).sum(axis=1)
            new = far.argmin(axis=1)
            for empty in np.setdiff1d(np.arange(clusters), new):
                # an empty group takes the industry that lies farthest from its own centre
                lone = np.bincount(new, minlength=clusters)[new] > 1
                taken = int(np.where(lone, far[np.arange(len(rows)), new], -np.inf).argmax())
                new[taken] = empty
            if np.array_equal(new, labels):
                break
            labels = new
            centre = np.array([rows[labels == c].mean(axis=0) for c in range(clusters)])
        spread = float(((rows - centre[labels]) ** 2).sum())
        if spread < least * (1 - 1e-12):
            best, least = labels, spread
    return best


def _passes(name: str, within: Floats, between: Floats) -> dict[str, float]:
    known = np.isfinite(between)
    some = known.any(axis=1)
    mean, p95 = np.full(within.shape, np.nan), np.full(within.shape, np.nan)
    mean[some] = np.nanmean(between[some], axis=1)
    p95[some] = np.nanquantile(between[some], 0.95, axis=1)
    with np.errstate(invalid="ignore"):
        return {
            f"{name}_mean": float((within > mean).mean()),
            f"{name}_p95": float((within > p95).mean()),
        }


def _renumbered(labels: Labels) -> Labels:
    """Labels from 0, in the order in which they first occur."""
    _, first, codes = np.unique(labels, return_index=True, return_inverse=True)
    place = np.empty(first.size, dtype=np.int64)
    place[np.argsort(first)] = np.arange(first.size)
    return place[codes]


def _open_diagonal(similar: Floats) -> Floats:
    result = np.array(similar, dtype=float)
    np.fill_diagonal(result, np.nan)
    return result


def _similarity(values: ArrayLike) -> Floats:
    similar = np.asarray(values, dtype=float)
    if similar.ndim != 2 or similar.shape[0] != similar.shape[1]:
        raise MetricInput(f"a similarity is industries × industries, not {similar.shape}")
    return _open_diagonal(similar)


def _cells(cells: ArrayLike) -> Floats:
    sizes = np.asarray(cells, dtype=float)
    if sizes.ndim != 2 or not np.isfinite(sizes).all() or (sizes < 0).any():
        raise MetricInput("cells must be regions × industries of finite figures of 0 at least")
    return sizes
