"""Related strengths of regions: density of specialisations found together, kind by kind of region.

Belongs here: turning long tables into the arrays of `pipelines.metrics.relatedness`, and back. Does
not belong here: its formulas.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.metrics.relatedness import density_with_gaps, proximity_with_gaps

SCHEMA = {
    "period_year": pl.Int64,
    "geo_id": pl.String,
    "cluster_id": pl.String,
    "density": pl.Float64,
    "density_lower": pl.Float64,
    "density_upper": pl.Float64,
    "has_advantage": pl.Float64,
    "near_own_count": pl.Int64,
    "unknown_count": pl.Int64,
    "regions_count": pl.Int64,
}


def region_densities(cells: pl.DataFrame) -> pl.DataFrame:
    """Density of every region × cluster over the regions of its kind.

    U is 1 for a location quotient of at least 1. Where the quotient is not known U is known if
    both its ends lie on one side of 1; otherwise it is left out of both sums, and the bounds say
    what it could do: all unknown ones 0, or all 1, with proximity as estimated.

    Args:
        cells: geo_type, period_year, scheme, geo_id, cluster_id, lq, lq_lower, lq_upper (NULL = no
            finite end); all clusters of a region, a proven zero with lq = 0.
    """
    parts = [
        _one_group(int(str(name[1])), part)
        for name, part in sorted(
            cells.partition_by("geo_type", "period_year", "scheme", as_dict=True).items()
        )
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=SCHEMA)


def _one_group(year: int, part: pl.DataFrame) -> pl.DataFrame:
    regions = part["geo_id"].unique().sort()
    clusters = part["cluster_id"].unique().sort()
    at = (
        regions.search_sorted(part["geo_id"]).to_numpy(),
        clusters.search_sorted(part["cluster_id"]).to_numpy(),
    )

    def dense(name: str, missing: float) -> NDArray[np.float64]:
        values = np.full((len(regions), len(clusters)), missing)
        values[at] = part[name].cast(pl.Float64).fill_null(missing).to_numpy()
        return values

    quotient = dense("lq", np.nan)
    low, high = dense("lq_lower", 0.0), dense("lq_upper", np.inf)
    known = np.isfinite(quotient)
    present = np.where(known, quotient >= 1, low >= 1)
    seen = known | (low >= 1) | (high < 1)
    density = density_with_gaps(present, seen)
    phi = np.nan_to_num(proximity_with_gaps(present, seen))
    total = phi.sum(axis=0)[None, :]
    own = (present & seen).astype(float) @ phi
    open_ = (~seen).astype(float) @ phi
    shape = density.shape
    lower = np.divide(own, total, out=np.full(shape, np.nan), where=total > 0)
    upper = np.divide(own + open_, total, out=np.full(shape, np.nan), where=total > 0)
    near = (present & seen).astype(np.int64) @ (phi > 0).astype(np.int64)
    unknown = (~seen).astype(np.int64) @ (phi > 0).astype(np.int64)
    row, column = np.indices(shape).reshape(2, -1)
    flag = np.where(seen, present.astype(float), np.nan)
    frame = pl.DataFrame(
        {
            "period_year": np.full(row.size, year),
            "geo_id": regions.gather(row),
            "cluster_id": clusters.gather(column),
            "density": density.ravel(),
            # rounded sums must not put a share outside its own bounds
            "density_lower": np.fmin(lower.ravel(), density.ravel()),
            "density_upper": np.fmax(np.minimum(upper.ravel(), 1), density.ravel()),
            "has_advantage": flag.ravel(),
            "near_own_count": near.ravel(),
            "unknown_count": unknown.ravel(),
            "regions_count": np.full(row.size, len(regions)),
        }
    )
    return frame.with_columns(pl.selectors.float().fill_nan(None)).cast(SCHEMA)
