"""How widely an economy trades: concentration, variety, penetration, two-way trade.

Belongs here: measures of one economy's flows over products and partners. Does not belong here:
advantage and complexity (`pipelines.metrics.advantage`, `complexity`), growth (`pull`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput

Floats = NDArray[np.float64]


def normalised_herfindahl(amounts: ArrayLike, potential: int) -> float:
    """(Σ s² - 1/n) / (1 - 1/n), s = shares of the amounts, n = potential places, a fixed number.

    With n fixed a single place is 1; were n the number of places in use, it would be undefined.
    NaN without any amount, or where only one place is possible.

    Raises:
        MetricInput: an amount is negative or not finite, or more places are in use than possible.

    Source:
        Hirschman, A. O. (1964), The paternity of an index, American Economic Review 54(5), 761-762.
    """
    amount = _amounts("amounts", amounts)
    if int((amount > 0).sum()) > potential:
        raise MetricInput(f"{(amount > 0).sum()} places are in use, {potential} are possible")
    total = amount.sum()
    if total == 0 or potential < 2:
        return float("nan")
    squares = float(((amount / total) ** 2).sum())
    return (squares - 1 / potential) / (1 - 1 / potential)


def grubel_lloyd(exports: ArrayLike, imports: ArrayLike) -> float:
    """1 - Σ |X - M| / Σ (X + M) over products; NaN where nothing is traded.

    Source:
        Grubel, H. G. and Lloyd, P. J. (1975), Intra-Industry Trade, Macmillan.
    """
    sold, bought = _amounts("exports", exports), _amounts("imports", imports)
    if sold.shape != bought.shape:
        raise MetricInput(f"exports and imports have the shapes {sold.shape} and {bought.shape}")
    both = float((sold + bought).sum())
    return 1 - float(abs(sold - bought).sum()) / both if both > 0 else float("nan")


def market_penetration(own: ArrayLike, world: ArrayLike) -> float:
    """Partners served over partners that import, summed over the products that are exported.

    Args:
        own: importers × products, what the economy sells; its own row is left out.
        world: importers × products, what the importers buy from everybody.

    Returns:
        A share from 0 to 1; NaN where nothing is exported.

    Source:
        World Bank, World Integrated Trade Solution, Index of Export Market Penetration; Brenton,
        P. and Newfarmer, R. (2007), World Bank Policy Research Working Paper 4302.
    """
    sold, bought = _pair(own, world)
    exported = (sold > 0).any(axis=0)
    possible = int((bought[:, exported] > 0).sum())
    return int((sold > 0).sum()) / possible if possible else float("nan")


def extensive_margin(own: ArrayLike, world: ArrayLike, *, pooled: bool = False) -> float:
    """Part of the rest of the world's exports that is in the economy's own varieties.

    In importer j: Σ over the economy's products of the others' sales / Σ over all products of the
    others' sales. Over importers: geometric mean with the logarithmic mean of j's share in the
    economy's and in the others' exports as weight; importers in whose purchases of the same
    products nobody else has a part are left out. `pooled` divides the sums over importers instead.

    Args:
        own: importers × products, what the economy sells.
        world: importers × products, what they buy from everybody, the economy included. The
            economy's own imports do not belong here.

    Returns:
        A share from 0 to 1; 0 where nothing is exported; NaN where the others export nothing.

    Source:
        Hummels, D. and Klenow, P. J. (2005), The variety and quality of a nation's exports,
        American Economic Review 95(3), 704-723, equations 1 to 5.
    """
    sold, bought = _pair(own, world)
    others = np.where((sold > 0) & (bought <= sold * (1 + 1e-12)), 0.0, bought - sold)
    if not (sold > 0).any():
        return 0.0
    if others.sum() == 0:
        return float("nan")
    same = np.where(sold > 0, others, 0.0).sum(axis=1)
    if pooled:
        return float(same.sum() / others.sum())
    own_share = sold.sum(axis=1) / sold.sum()
    other_share = others.sum(axis=1) / others.sum()
    used = same > 0
    weight = logarithmic_mean(own_share[used], other_share[used])
    if not weight.sum() > 0:
        return float("nan")
    margin = same[used] / others.sum(axis=1)[used]
    return float(np.exp((weight * np.log(margin)).sum() / weight.sum()))


def logarithmic_mean(first: ArrayLike, second: ArrayLike) -> Floats:
    """(a - b) / (ln a - ln b), and a where both are equal; 0 where one of them is 0."""
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    mean = np.zeros(np.broadcast(a, b).shape)
    close = abs(a - b) <= 1e-6 * a
    mean = np.where(close, (a + b) / 2, mean)
    apart = ~close & (a > 0) & (b > 0)
    ratio = np.log(np.where(apart, a, 2.0)) - np.log(np.where(apart, b, 1.0))
    return np.where(apart, (a - b) / ratio, mean)


def _pair(own: ArrayLike, world: ArrayLike) -> tuple[Floats, Floats]:
    sold, bought = _amounts("own", own), _amounts("world", world)
    if sold.ndim != 2 or sold.shape != bought.shape:
        raise MetricInput(
            f"own and world have the shapes {sold.shape} and {bought.shape}; both have to be "
            "importers × products"
        )
    if (sold > bought * (1 + 1e-12)).any():
        raise MetricInput("the economy sells more to an importer than it buys from everybody")
    return sold, bought


def _amounts(name: str, values: ArrayLike) -> Floats:
    amount = np.asarray(values, dtype=float)
    if not np.isfinite(amount).all() or (amount < 0).any():
        raise MetricInput(f"{name} have to be finite and not negative")
    return amount
