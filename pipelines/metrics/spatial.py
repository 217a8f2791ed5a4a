"""Space: do newly specialised regions lie beside those that were specialised before?

Belongs here: `adjacent_diffusion` and join counts over neighbour pairs. Does not belong here:
geometry, and which regions are neighbours.

Pairs are P × 2 positions of regions, each pair of neighbours once (either way).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Diffusion:
    """Diffusion of one cluster, or of several together.

    Attributes:
        excess: observed − expected share, as a share (0.1 = ten percentage points); NaN with
            fewer than the least number of new regions.
        observed: share of the newly specialised regions that touch one specialised before.
        expected: mean of that share over the relabellings.
        lower, upper: central 95 percent of the relabellings' share, less `expected`.
        p_value: one-sided, (1 + relabellings that reach the observed) / (1 + relabellings).
        new, eligible, adjacent: newly specialised regions, regions that could become so, and how
            many of those touch one specialised before.
    """

    excess: float
    observed: float
    expected: float
    lower: float
    upper: float
    p_value: float
    new: int
    eligible: int
    adjacent: int


def adjacent_diffusion(
    before: ArrayLike,
    after: ArrayLike,
    pairs: ArrayLike,
    *,
    permutations: int = 999,
    seed: int = 0,
    min_new: int = 10,
) -> Diffusion:
    """Share of new specialisations beside old ones, minus the share under random relabelling.

    Each relabelling draws the same number of new regions, cluster by cluster, from the regions
    that were not specialised before. How many of them touch an old one is then hypergeometric,
    and is drawn from that law: the same as permuting the labels, without permuting them.

    Args:
        before, after: regions (× clusters), 1 specialised (SLQ significant), 0 not, NaN not
            known; a region that is not known at either time takes no part.
        pairs: neighbours.
        permutations, seed: of the relabelling.
        min_new: least number of new regions for a figure.

    Raises:
        MetricInput: shapes differ, a flag is none of 0, 1, NaN, a pair is out of range.

    Source:
        Join-count logic: Cliff, A. and Ord, J. (1973), Spatial Autocorrelation; permutation
        inference as in Anselin, L. (1995), Local indicators of spatial association, Geographical
        Analysis 27(2), 93-115.
    """
    first, last = _flags("before", before), _flags("after", after)
    if first.shape != last.shape:
        raise MetricInput(f"before is {first.shape}, after is {last.shape}")
    known = np.isfinite(first) & np.isfinite(last)
    old = np.where(known, first == 1, False)
    touching = _neighbours_of(old, _pairs(pairs, first.shape[0]))
    eligible = known & ~old
    new = eligible & (last == 1)
    counts = [new.sum(axis=0), eligible.sum(axis=0), (eligible & touching).sum(axis=0)]
    total, candidates, beside = (int(count.sum()) for count in counts)
    nan = float("nan")
    if total < max(min_new, 1):
        return Diffusion(nan, nan, nan, nan, nan, nan, total, candidates, beside)
    hits = int((new & touching).sum())
    rng = np.random.default_rng(seed)
    drawn = np.zeros(permutations)
    for n, all_, near in zip(*counts, strict=True):
        if n:
            drawn += rng.hypergeometric(near, all_ - near, n, size=permutations)
    expected = drawn.mean() / total
    lower, upper = np.quantile(drawn / total, [0.025, 0.975]) - expected
    return Diffusion(
        hits / total - expected,
        hits / total,
        float(expected),
        float(lower),
        float(upper),
        float((1 + (drawn >= hits).sum()) / (1 + permutations)),
        total,
        candidates,
        beside,
    )


@dataclass(frozen=True)
class JoinCounts:
    """Joins of two marked (BB), one marked (BW) and no marked region (WW), with expectations."""

    bb: int
    bw: int
    ww: int
    bb_expected: float
    bw_expected: float
    ww_expected: float
    p_value_bb: float
    p_value_bw: float


def join_counts(
    marked: ArrayLike, pairs: ArrayLike, *, permutations: int = 999, seed: int = 0
) -> JoinCounts:
    """Do marked regions touch each other more often than chance would have it?

    Expectations under non-free sampling (the marks are shuffled): E[BB] = J·n₁(n₁−1)/(n(n−1)),
    E[BW] = J·2n₁n₂/(n(n−1)), E[WW] = J·n₂(n₂−1)/(n(n−1)). p-values by permutation: BB as large
    or larger, BW as small or smaller.

    Args:
        marked: flags of the regions, 0 or 1.
        pairs: neighbours.

    Source:
        Moran, P. (1948), The interpretation of statistical maps, JRSS B 10, 243-251; Cliff and
        Ord (1973), ch. 1.
    """
    marks = _flags("marked", marked)
    if marks.shape[1] != 1 or np.isnan(marks).any():
        raise MetricInput("marked must be one list of 0 and 1")
    flags = marks[:, 0] == 1
    couple = _pairs(pairs, flags.size)
    n, n1, joins = flags.size, int(flags.sum()), couple.shape[0]
    if n < 2:
        raise MetricInput("join counts need two regions at least")
    n2, scale = n - n1, joins / (n * (n - 1))

    def count(marked: Flags) -> tuple[int, int]:
        both = marked[couple[:, 0]].astype(int) + marked[couple[:, 1]]
        return int((both == 2).sum()), int((both == 1).sum())

    bb, bw = count(flags)
    rng = np.random.default_rng(seed)
    shuffled = [count(rng.permutation(flags)) for _ in range(permutations)]
    at_least = sum(drawn[0] >= bb for drawn in shuffled)
    at_most = sum(drawn[1] <= bw for drawn in shuffled)
    return JoinCounts(
        bb,
        bw,
        joins - bb - bw,
        scale * n1 * (n1 - 1),
        scale * 2 * n1 * n2,
        scale * n2 * (n2 - 1),
        (1 + at_least) / (1 + permutations),
        (1 + at_most) / (1 + permutations),
    )


def _neighbours_of(flags: Flags, pairs: NDArray[np.int64]) -> Flags:
    touching = np.zeros(flags.shape, dtype=bool)
    np.logical_or.at(touching, pairs[:, 0], flags[pairs[:, 1]])
    np.logical_or.at(touching, pairs[:, 1], flags[pairs[:, 0]])
    return touching


def _flags(name: str, values: ArrayLike) -> Floats:
    flags = np.asarray(values, dtype=float)
    flags = flags[:, None] if flags.ndim == 1 else flags
    if flags.ndim != 2 or not (np.isnan(flags) | (flags == 0) | (flags == 1)).all():
        raise MetricInput(f"{name} must be 0, 1 or NaN, by region (and cluster)")
    return flags


def _pairs(pairs: ArrayLike, regions: int) -> NDArray[np.int64]:
    couple = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    if couple.size and (couple.min() < 0 or couple.max() >= regions):
        raise MetricInput(f"a pair names a region outside 0 to {regions - 1}")
    ordered = np.sort(couple, axis=1)
    numbered = ordered[:, 0] * regions + ordered[:, 1]
    if (ordered[:, 0] == ordered[:, 1]).any() or len(np.unique(numbered)) < len(ordered):
        raise MetricInput("a pair of neighbours is given twice, or a region with itself")
    return couple
