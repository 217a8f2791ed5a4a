"""Revealed comparative advantage, and which location has which product.

Belongs here: RCA, RSCA, the presence matrix. Does not belong here: what is computed from presence
(`pipelines.metrics.complexity`, `pipelines.metrics.relatedness`).

Matrices are locations × products throughout. Values may be in any unit, the same for all cells.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from pipelines.errors import MetricInput
from pipelines.metrics.matrices import Flags, Floats, figures, one_of, reaches

Comparison = Literal["ge", "gt"]


def rca(values: ArrayLike) -> Floats:
    """Revealed comparative advantage: (x / X_location) / (X_product / X_all).

    Args:
        values: locations × products, not negative; an absent flow is 0.

    Returns:
        locations × products, a ratio; NaN where the location or the product has no value at all.

    Raises:
        MetricInput: a value is NaN, infinite or negative, or there is no cell.

    Source:
        Balassa, B. (1965), Trade liberalisation and "revealed" comparative advantage, The
        Manchester School 33(2), 99-123.
    """
    matrix = figures("values", values)
    locations, products = matrix.sum(axis=1), matrix.sum(axis=0)
    total = locations.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        # Scales of rows and columns: never larger than the cells, so that nothing overflows.
        ratio = matrix * (1 / locations)[:, None]
        ratio *= (total / products)[None, :]
    if not (locations.all() and products.all()):
        ratio[locations == 0, :] = np.nan
        ratio[:, products == 0] = np.nan
    return ratio


def rsca(ratio: ArrayLike) -> Floats:
    """Symmetric RCA: (RCA - 1) / (RCA + 1), from -1 (nothing) to 1.

    Args:
        ratio: RCA of any shape; NaN stays NaN.

    Raises:
        MetricInput: an RCA is negative.

    Source:
        Laursen, K. (2015), Revealed comparative advantage and the alternatives as measures of
        international specialization, Eurasian Business Review 5, 99-115.
    """
    advantage = np.asarray(ratio, dtype=np.float64)
    if (advantage < 0).any():
        raise MetricInput("an RCA is negative")
    # 1 - 2 / (RCA + 1) is the same and defined for an infinite RCA too
    return 1 - 2 / (advantage + 1)


def presence(ratio: ArrayLike, *, threshold: float = 1.0, comparison: Comparison = "ge") -> Flags:
    """Which location has which product: RCA at (`ge`) or above (`gt`) the threshold.

    RCA within 1e-12 of the threshold, relative to it, is equal to it: present under `ge` and
    absent under `gt`, whatever the last bits of the sums are.

    Args:
        ratio: locations × products; NaN is no presence.
        threshold: positive, usually 1.
        comparison: `ge` as the Growth Lab's Python package has it, `gt` as its Stata package.

    Raises:
        MetricInput: the threshold is no positive number, or the comparison is unknown.
    """
    one_of("comparison", comparison, ("ge", "gt"))
    return reaches(np.asarray(ratio, dtype=np.float64), threshold, strictly=comparison == "gt")
