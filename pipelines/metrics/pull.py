"""Growth of export markets without the exporter's own part in it.

Belongs here: symmetric growth and the leave-one-out pull over exporters × markets, where a market
is an importer and a product. Does not belong here: which markets make a cluster (SQL).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput

Floats = NDArray[np.float64]


def symmetric_growth(first: ArrayLike, last: ArrayLike) -> Floats:
    """2 (x1 - x0) / (x1 + x0): between -2 (gone) and 2 (new), and NaN where both are zero.

    Raises:
        MetricInput: shapes differ or a figure is negative.

    Source:
        Davis, S. J., Haltiwanger, J. C. and Schuh, S. (1996), Job Creation and Destruction, MIT
        Press, technical appendix.
    """
    x0, x1 = np.asarray(first, dtype=float), np.asarray(last, dtype=float)
    if x0.shape != x1.shape:
        raise MetricInput(f"first and last have the shapes {x0.shape} and {x1.shape}")
    if (x0 < 0).any() or (x1 < 0).any():
        raise MetricInput("symmetric growth is of figures that are not negative")
    both = x0 + x1
    return np.divide(2 * (x1 - x0), both, out=np.full(both.shape, np.nan), where=both > 0)


@dataclass(frozen=True)
class Pull:
    """Pull of each exporter's first markets; one entry for each exporter.

    Attributes:
        pull: symmetric growth a year, weighted by first exports; NaN without any kept market.
        world_pull: that of all markets together, each by its size; the same for all.
        dropped_share: share of the first exports in markets where nobody else sold at first or
            that are not known in the last year; NaN for an exporter without exports.
        own_growth: symmetric growth a year of the exporter's own total.
    """

    pull: Floats
    world_pull: float
    dropped_share: Floats
    own_growth: Floats


def market_growth_pull(
    first: ArrayLike,
    last: ArrayLike,
    *,
    years: float,
    known: ArrayLike | None = None,
    leave_one_out: bool = True,
) -> Pull:
    """Growth of the markets in which each exporter sold first, weighted by what it sold there.

    P_i = Σ w g / years over markets, w = the market's share in i's first exports, g = symmetric
    growth of the market's imports from everybody but i. With own exports in both years an
    exporter that grows would seem to stand in growing markets; `leave_one_out=False` computes that
    for comparison, and is no measure of demand.

    Args:
        first, last: exporters × markets, flows in the first and the last year.
        years: length of the window.
        known: markets of which the last year is known; all if left out.
        leave_one_out: whether the exporter's own flows are taken out.

    Raises:
        MetricInput: shapes differ, a flow is negative or not finite, or years is not positive.

    Source:
        Leamer, E. E. and Stern, R. M. (1970), Quantitative International Economics, chapter 7
        (growth of an exporter's markets); leave-one-out as in shift-share instruments.
    """
    x0, x1 = np.asarray(first, dtype=float), np.asarray(last, dtype=float)
    if x0.ndim != 2 or x0.shape != x1.shape:
        raise MetricInput(
            f"first and last have the shapes {x0.shape} and {x1.shape}; both have to be "
            "exporters × markets"
        )
    if not (np.isfinite(x0).all() and np.isfinite(x1).all()) or (x0 < 0).any() or (x1 < 0).any():
        raise MetricInput("flows have to be finite and not negative")
    if not years > 0:
        raise MetricInput(f"years is {years}; it has to be above 0")
    sure = np.ones(x0.shape[1], bool) if known is None else np.asarray(known, dtype=bool)
    if sure.shape != (x0.shape[1],):
        raise MetricInput(f"known has the shape {sure.shape}; it has to be one entry a market")
    own0, own1 = (x0, x1) if leave_one_out else (np.zeros_like(x0), np.zeros_like(x1))
    # differences of sums leave crumbs where one exporter is the whole market
    others0, others1 = (_without(x, own) for x, own in ((x0, own0), (x1, own1)))
    kept = (others0 > 0) & sure[None, :] & (x0 > 0)
    growth = np.where(kept, symmetric_growth(others0, others1), 0.0)
    kept_exports = (x0 * kept).sum(axis=1)
    totals = x0.sum(axis=1)
    weighted = (x0 * growth).sum(axis=1) / years
    empty = np.full(totals.shape, np.nan)
    m0, m1 = x0.sum(axis=0)[sure], x1.sum(axis=0)[sure]
    world = np.where(m0 > 0, symmetric_growth(m0, m1), 0.0)
    return Pull(
        pull=np.divide(weighted, kept_exports, out=empty.copy(), where=kept_exports > 0),
        world_pull=float((m0 * world).sum() / m0.sum() / years) if m0.sum() > 0 else float("nan"),
        dropped_share=np.divide(totals - kept_exports, totals, out=empty.copy(), where=totals > 0),
        own_growth=symmetric_growth(totals, x1.sum(axis=1)) / years,
    )


def _without(flows: Floats, own: Floats) -> Floats:
    rest = flows.sum(axis=0, keepdims=True) - own
    alone = (own > 0) & ((flows > 0).sum(axis=0, keepdims=True) == 1)
    return np.where(alone, 0.0, np.maximum(rest, 0.0))
