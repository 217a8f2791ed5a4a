"""Constant market shares: what a change of an export share is made of.

Belongs here: the decomposition of one exporter's share of the world's imports between two years.
Does not belong here: which years, products and importers are compared (SQL).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ShareChange:
    """Five effects, in shares of world imports; they sum to `last_share - first_share`.

    Attributes:
        first_share, last_share: the exporter's share of all imports in both years.
        market_share: shares won in products and importers as they were.
        commodity_composition: first shares, where importers shifted between products.
        market_composition: first shares, where the world shifted between importers.
        commodity_adaptation: shares won in products that gained weight.
        market_adaptation: shares won in importers that gained weight.
    """

    first_share: float
    last_share: float
    market_share: float
    commodity_composition: float
    market_composition: float
    commodity_adaptation: float
    market_adaptation: float

    @property
    def total(self) -> float:
        """Sum of the five effects."""
        return (
            self.market_share
            + self.commodity_composition
            + self.market_composition
            + self.commodity_adaptation
            + self.market_adaptation
        )


def constant_market_shares(
    first_exports: ArrayLike,
    last_exports: ArrayLike,
    first_imports: ArrayLike,
    last_imports: ArrayLike,
) -> ShareChange:
    """Fagerberg and Sollie's decomposition of the change of one exporter's market share.

    With a = exports / imports of each importer j and product k, b = the product's weight in the
    importer's imports, c = the importer's weight in all imports, m = sum over k of a × b:
    market share Σ c0 Σ (a1-a0) b0; commodity composition Σ c0 Σ a0 (b1-b0); commodity adaptation
    Σ c0 Σ (a1-a0)(b1-b0); market composition Σ (c1-c0) m0; market adaptation Σ (c1-c0)(m1-m0).
    A weight or share whose denominator is zero is zero: its exports are zero as well.

    Args:
        first_exports, last_exports: importers × products, what the exporter sells, any unit.
        first_imports, last_imports: importers × products, what they buy from everybody, the
            exporter included, in the same unit. The exporter's own imports do not belong here:
            nobody exports to oneself.

    Raises:
        MetricInput: shapes differ, a figure is negative or not finite, exports exceed imports, or
            nothing is imported in one of the years.

    Source:
        Fagerberg, J. and Sollie, G. (1987), The method of constant market shares analysis
        reconsidered, Applied Economics 19(12), 1571-1583.
    """
    x0, x1, m0, m1 = (
        np.asarray(table, dtype=float)
        for table in (first_exports, last_exports, first_imports, last_imports)
    )
    if x0.ndim != 2 or not (x0.shape == x1.shape == m0.shape == m1.shape):
        raise MetricInput(
            f"the four tables have the shapes {x0.shape}, {x1.shape}, {m0.shape} and {m1.shape}; "
            "all have to be importers × products"
        )
    for name, table in (("exports", x0), ("exports", x1), ("imports", m0), ("imports", m1)):
        if not np.isfinite(table).all() or (table < 0).any():
            raise MetricInput(f"{name} have to be finite and not negative")
    for exports, imports in ((x0, m0), (x1, m1)):
        if (exports > imports * (1 + 1e-12)).any():
            importer, product = np.argwhere(exports > imports * (1 + 1e-12))[0]
            raise MetricInput(
                f"importer {importer}, product {product}: exports {exports[importer, product]:g} "
                f"exceed all imports {imports[importer, product]:g}"
            )
    if m0.sum() == 0 or m1.sum() == 0:
        raise MetricInput("nothing is imported in one of the years: no share is defined")
    a0, a1 = _ratio(x0, m0), _ratio(x1, m1)
    b0, b1 = (_ratio(m, m.sum(axis=1, keepdims=True)) for m in (m0, m1))
    c0, c1 = (m.sum(axis=1) / m.sum() for m in (m0, m1))
    s0, s1 = (a0 * b0).sum(axis=1), (a1 * b1).sum(axis=1)
    return ShareChange(
        first_share=float(x0.sum() / m0.sum()),
        last_share=float(x1.sum() / m1.sum()),
        market_share=float(c0 @ ((a1 - a0) * b0).sum(axis=1)),
        commodity_composition=float(c0 @ (a0 * (b1 - b0)).sum(axis=1)),
        market_composition=float((c1 - c0) @ s0),
        commodity_adaptation=float(c0 @ ((a1 - a0) * (b1 - b0)).sum(axis=1)),
        market_adaptation=float((c1 - c0) @ (s1 - s0)),
    )


def _ratio(above: Floats, below: Floats) -> Floats:
    below = np.broadcast_to(below, above.shape)
    return np.divide(above, below, out=np.zeros(above.shape), where=below > 0)
