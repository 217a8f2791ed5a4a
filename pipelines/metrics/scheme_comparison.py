"""Two sets of cluster definitions, compared by what they say of regions.

Names and lists of industries say little of whether two sets agree: a cluster of one set may be two
of the other. What matters to a reader is whether the same regions stand out.

Belongs here: that comparison. Does not belong here: agreement of two lists of industries
(`metrics.derivation.agreement`), reading a release.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.errors import MetricInput

Floats = NDArray[np.float64]
CELLS = ("scheme", "cluster_id", "geo_id", "lq", "is_strong")
SCHEMA = {
    "cluster_id": pl.String,
    "other_cluster_id": pl.String,
    "is_closest": pl.Boolean,
    "regions_count": pl.Int64,
    "rank_correlation": pl.Float64,
    "strong_count": pl.Int64,
    "other_strong_count": pl.Int64,
    "both_strong_count": pl.Int64,
    "strong_overlap": pl.Float64,
}
FEWEST_REGIONS = 3  # ranks of two regions agree or do not: no correlation


def compare(cells: pl.DataFrame, scheme: str, other: str) -> pl.DataFrame:
    """Every cluster of a set against every cluster of another one, over the same regions.

    Args:
        cells: columns of `CELLS`, one row a scheme, cluster and region of one kind and one year; a
            NULL quotient is withheld, a NULL verdict open: neither counts on either side.
        scheme, other: names of the sets.

    Returns:
        Columns of `SCHEMA`. `rank_correlation` is Spearman's, over regions in which both quotients
        are known; NULL for fewer than three of them, or where one does not vary. `strong_overlap`
        is the regions strong in both over those strong in either (Jaccard). `is_closest` marks,
        for each cluster of the set, the one with the highest correlation; ties go to the first
        name.

    Raises:
        MetricInput: a column or a scheme is not there, or a cell stands twice.

    Source:
        Spearman, C. (1904), The proof and measurement of association between two things, American
        Journal of Psychology 15(1), 72-101; Jaccard, P. (1912), The distribution of the flora in
        the alpine zone, New Phytologist 11(2), 37-50.
    """
    if lost := [name for name in CELLS if name not in cells.columns]:
        raise MetricInput(f"column {', '.join(lost)} is not there")
    known = cells["scheme"].unique().sort().to_list()
    for name in (scheme, other):
        if name not in known:
            raise MetricInput(f"no cells of the scheme {name!r}; there are {', '.join(known)}")
    if cells.select("scheme", "cluster_id", "geo_id").is_duplicated().any():
        raise MetricInput("a scheme, cluster and region stand twice: give one kind and one year")
    regions = cells["geo_id"].unique().sort()
    ours, ours_lq, ours_strong = _matrices(cells, scheme, regions)
    theirs, theirs_lq, theirs_strong = _matrices(cells, other, regions)
    rows = []
    for i, one in enumerate(ours):
        for j, two in enumerate(theirs):
            rows.append(
                (one, two, *_pair(ours_lq[i], theirs_lq[j], ours_strong[i], theirs_strong[j]))
            )
    names = [name for name in SCHEMA if name != "is_closest"]
    frame = pl.DataFrame(
        rows, schema={name: SCHEMA[name] for name in names}, orient="row"
    ).with_columns(pl.col("rank_correlation", "strong_overlap").fill_nan(None))
    closest = pl.col("rank_correlation").rank("ordinal", descending=True).over("cluster_id") == 1
    return (
        frame.sort("cluster_id", "other_cluster_id")
        .with_columns(closest.fill_null(False).alias("is_closest"))
        .select(*SCHEMA)
    )


def _matrices(
    cells: pl.DataFrame, scheme: str, regions: pl.Series
) -> tuple[list[str], Floats, Floats]:
    """Clusters, and clusters × regions of quotients and of verdicts (1, 0); NaN where unknown."""
    own = cells.filter(pl.col("scheme") == scheme)
    clusters = own["cluster_id"].unique().sort()
    lq, strong = (np.full((len(clusters), len(regions)), np.nan) for _ in range(2))
    at = (
        clusters.search_sorted(own["cluster_id"]).to_numpy(),
        regions.search_sorted(own["geo_id"]).to_numpy(),
    )
    lq[at] = own["lq"].cast(pl.Float64).to_numpy()
    strong[at] = own["is_strong"].cast(pl.Float64).to_numpy()
    return clusters.to_list(), lq, strong


def _pair(
    one: Floats, two: Floats, one_strong: Floats, two_strong: Floats
) -> tuple[int, float, int, int, int, float]:
    both = np.isfinite(one) & np.isfinite(two)
    judged = np.isfinite(one_strong) & np.isfinite(two_strong)
    a, b = one_strong[judged] == 1, two_strong[judged] == 1
    either = int((a | b).sum())
    return (
        int(both.sum()),
        _spearman(one[both], two[both]),
        int(a.sum()),
        int(b.sum()),
        int((a & b).sum()),
        float((a & b).sum() / either) if either else float("nan"),
    )


def _spearman(one: Floats, two: Floats) -> float:
    if one.size < FEWEST_REGIONS:
        return float("nan")
    a, b = (pl.Series(values).rank("average").to_numpy() for values in (one, two))
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])
