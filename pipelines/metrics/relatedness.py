"""How near products are to each other and to what a location already has.

Belongs here: proximity, density, distance, the outlook measures COI and COG, the product space.
Does not belong here: ECI and PCI (`pipelines.metrics.complexity`).

Notation: M is presence (locations × products, 0 or 1), k_p ubiquity, U = MᵀM co-occurrence and

    φ_pq = min(P(p | q), P(q | p)) = U_pq / max(k_p, k_q)

Density, COI and COG need only products W·φ with few rows. φ itself (4,726 × 4,726 for HS6) is not
needed for them: its numerator has the rank of M, and its denominator has as many values as there
are ubiquities. See `proximity_sums`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput
from pipelines.metrics.matrices import Flags, Floats, figures, flags, one_of

SelfProximity = Literal["exclude", "include"]
Measure = Literal["proximity", "cosine", "jaccard", "association"]
Method = Literal["auto", "levels", "direct"]

# Columns of φ that the direct method holds at a time.
_BLOCK = 1024


def proximity(presence: ArrayLike, *, self_proximity: SelfProximity = "exclude") -> Floats:
    """φ of all pairs of products: the smaller of the two conditional probabilities.

    Args:
        presence: locations × products.
        self_proximity: `exclude` sets the diagonal to 0, `include` to 1.

    Returns:
        products × products, symmetric, in [0, 1]; NaN in row and column of a product that no
        location has.

    Source:
        Hidalgo, C. A., Klinger, B., Barabási, A.-L. and Hausmann, R. (2007), The product space
        conditions the development of nations, Science 317, 482-487.
    """
    return relatedness(presence, measure="proximity", self_proximity=self_proximity)


def relatedness(
    presence: ArrayLike,
    *,
    measure: Measure = "proximity",
    self_proximity: SelfProximity = "exclude",
) -> Floats:
    """Relatedness of all pairs of products by co-occurrence U in n locations.

    Args:
        presence: locations × products.
        measure: `proximity` U / max(k_p, k_q); `cosine` U / √(k_p k_q); `jaccard`
            U / (k_p + k_q - U); `association` n U / (k_p k_q), which is 1 where two products meet
            as often as by chance and has no upper bound.
        self_proximity: `exclude` sets the diagonal to 0; `include` leaves what the formula gives.

    Returns:
        products × products, symmetric; NaN for a product that no location has.

    Source:
        van Eck, N. J. and Waltman, L. (2009), How to normalize cooccurrence data?, Journal of the
        American Society for Information Science and Technology 60(8), 1635-1651.
    """
    matrix = flags("presence", presence)
    one_of("self_proximity", self_proximity, ("exclude", "include"))
    one_of("measure", measure, ("proximity", "cosine", "jaccard", "association"))
    together = _together(matrix)
    ubiquity = np.diagonal(together).copy()
    one, other = ubiquity[:, None], ubiquity[None, :]
    if measure == "proximity":
        below = np.maximum(one, other)
    elif measure == "cosine":
        below = np.sqrt(one * other)
    elif measure == "jaccard":
        below = one + other - together
    else:
        below = one * other / matrix.shape[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        together /= below
    if self_proximity == "exclude":
        np.fill_diagonal(together, 0)
    nowhere = ubiquity == 0
    together[nowhere, :] = np.nan
    together[:, nowhere] = np.nan
    return together


def proximity_with_gaps(
    presence: ArrayLike, known: ArrayLike, *, self_proximity: SelfProximity = "exclude"
) -> Floats:
    """φ where some cells are not known: each pair over the locations in which both are known.

    Args:
        presence: locations × products; what is said of an unknown cell is not used.
        known: locations × products.
        self_proximity: as for `proximity`.

    Returns:
        products × products, symmetric; NaN where one of the two is nowhere present among the
        locations in which both are known.
    """
    matrix, seen = _known(presence, known)
    together = _together(matrix)
    # of those with p, how many are known to have q or not
    with_other = matrix.astype(np.float64).T @ seen.astype(np.float64)
    below = np.maximum(with_other, with_other.T)
    nowhere = np.minimum(with_other, with_other.T) == 0
    phi = np.divide(together, below, out=np.full_like(together, np.nan), where=~nowhere)
    if one_of("self_proximity", self_proximity, ("exclude", "include")) == "exclude":
        np.fill_diagonal(phi, np.where(np.diagonal(nowhere), np.nan, 0))
    return phi


def proximity_sums(
    weights: ArrayLike,
    presence: ArrayLike,
    *,
    self_proximity: SelfProximity = "exclude",
    method: Method = "auto",
) -> Floats:
    """W·φ, without φ where that is cheaper.

    φ_pq = U_pq / max(k_p, k_q). With products in the order of their ubiquity, for all products p
    of one ubiquity k

        Σ_q W_q φ_pq = (1/k) [Σ_{k_q ≤ k} W_q M_qᵀ + k Σ_{k_q > k} W_q M_qᵀ / k_q] M_p

    and the bracket, rows × locations, changes from level to level by (k' - k) times its second
    sum. That takes 6·r·l·p operations for r rows, l locations and p products, against 2·(l + r)·p²
    for φ and its product.

    Args:
        weights: rows × products.
        presence: locations × products; every product occurs somewhere.
        self_proximity: whether φ_pp is 0 or 1.
        method: `levels` as above, `direct` through blocks of φ, `auto` whichever takes fewer
            operations. They differ by rounding only.

    Returns:
        rows × products.

    Raises:
        MetricInput: shapes do not fit, or a product occurs nowhere.
    """
    matrix = flags("presence", presence)
    rows = np.asarray(weights, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != matrix.shape[1]:
        raise MetricInput(f"weights {rows.shape} and presence {matrix.shape}: columns differ")
    ubiquity = matrix.sum(axis=0)
    if not ubiquity.all():
        raise MetricInput(f"presence: product {np.flatnonzero(ubiquity == 0)[0]} occurs nowhere")
    one_of("self_proximity", self_proximity, ("exclude", "include"))
    one_of("method", method, ("auto", "levels", "direct"))
    if method == "auto":
        method = cheaper_method(rows.shape[0], *matrix.shape)
    if method == "levels":
        order = np.argsort(ubiquity, kind="stable")
        sums = np.empty_like(rows)
        sums[:, order] = sums_by_level(
            np.ascontiguousarray(rows.T[order]),
            np.ascontiguousarray(matrix.T[order], dtype=np.float64),
            ubiquity[order].astype(np.float64),
        ).T
    else:
        sums = _sums_directly(rows, matrix.astype(np.float64), ubiquity.astype(np.float64))
    if self_proximity == "exclude":
        sums -= rows
    return sums


def cheaper_method(rows: int, locations: int, products: int) -> Literal["levels", "direct"]:
    """The method with fewer operations (the division of φ counts as ten of a product's)."""
    levels = 6 * rows * locations * products
    direct = 2 * (locations + rows) * products**2 + 10 * products**2
    return "levels" if levels <= direct else "direct"


def sums_by_level(weights: Floats, presence: Floats, ubiquity: Floats) -> Floats:
    """Σ_q W_q φ_pq with φ_pp = 1, products in rows and in the order of their ubiquity.

    The kernel of `proximity_sums`; nothing is checked.

    Args:
        weights: products × rows.
        presence: products × locations, 0.0 or 1.0.
        ubiquity: products, rising and positive.

    Returns:
        products × rows.
    """
    sums = np.empty_like(weights)
    starts = np.flatnonzero(np.r_[True, ubiquity[1:] != ubiquity[:-1]])
    ends = np.r_[starts[1:], len(ubiquity)]
    shares = presence / ubiquity[:, None]
    # Σ W M / k over the products of higher ubiquity; those of the level itself may be in it, as
    # max(k, k) is the same from both sides
    above = shares.T @ weights
    bracket = np.zeros_like(above)
    step = np.empty_like(above)
    level = 0.0
    for start, end in zip(starts, ends, strict=True):
        np.multiply(above, ubiquity[start] - level, out=step)
        bracket += step
        level = ubiquity[start]
        np.matmul(shares[start:end], bracket, out=sums[start:end])
        np.matmul(shares[start:end].T, weights[start:end], out=step)
        above -= step
    return sums


def density(
    presence: ArrayLike,
    *,
    self_proximity: SelfProximity = "exclude",
    method: Method = "auto",
) -> Floats:
    """How much of what is near a product a location has: Σ_q M_cq φ_pq / Σ_q φ_pq.

    Args:
        presence: locations × products.
        self_proximity: `exclude` leaves q = p out of both sums (the formula of the paper and of
            the Stata package); `include` keeps it (the Growth Lab's Python package).
        method: see `proximity_sums`.

    Returns:
        locations × products, in [0, 1]; NaN for a location without any product, for a product
        that no location has and, without self-proximity, for one that never occurs with another.

    Source:
        Hidalgo et al. (2007), as for `proximity`.
    """
    matrix = flags("presence", presence)
    found = np.full(matrix.shape, np.nan)
    products = matrix.any(axis=0)
    locations = matrix.any(axis=1)
    if not products.any():
        return found
    part = matrix[np.ix_(locations, products)]
    ones = np.ones((1, part.shape[1]))
    near = proximity_sums(
        np.vstack([ones, part]), part, self_proximity=self_proximity, method=method
    )
    found[np.ix_(locations, products)] = shares_of(near[1:], near[0], part.shape[0])
    return found


def shares_of(sums: Floats, totals: Floats, locations: int) -> Floats:
    """Sums over near products by the totals of proximity; NaN where a product is near to none.

    The least total above 0 is one co-occurrence over the largest ubiquity: totals below half of
    that are 0 but for rounding.
    """
    near = totals * locations > 0.5
    shares = np.divide(sums, totals, out=np.full(sums.shape, np.nan), where=near[None, :])
    # a quotient of two rounded sums may pass 0 or 1 by its last bits
    return np.clip(shares, 0, 1, out=shares)


def density_with_gaps(
    presence: ArrayLike, known: ArrayLike, *, self_proximity: SelfProximity = "exclude"
) -> Floats:
    """Density where some cells are not known: they are left out of both sums.

    Args:
        presence: locations × products; what is said of an unknown cell is not used.
        known: locations × products.
        self_proximity: as for `density`.

    Returns:
        locations × products; also for a cell that is itself not known, as it is near to others
        that are. NaN where nothing near is known.
    """
    matrix, seen = _known(presence, known)
    phi = np.nan_to_num(proximity_with_gaps(matrix, seen, self_proximity=self_proximity))
    below = seen.astype(np.float64) @ phi
    near = below * matrix.shape[0] > 0.5
    shares = np.divide(
        matrix.astype(np.float64) @ phi, below, out=np.full(matrix.shape, np.nan), where=near
    )
    return np.clip(shares, 0, 1, out=shares)


def distance(near: ArrayLike) -> Floats:
    """What of a product's surroundings a location lacks: 1 - density.

    Source:
        Hausmann, R., Hidalgo, C. A. et al. (2014), The Atlas of Economic Complexity, MIT Press,
        technical box 4.1.
    """
    return 1 - np.asarray(near, dtype=np.float64)


def coi(near: ArrayLike, presence: ArrayLike, pci: ArrayLike) -> Floats:
    """Complexity outlook: Σ_p d_cp (1 - M_cp) PCI_p.

    Args:
        near: density, locations × products.
        presence: locations × products.
        pci: complexity of each product; NaN where it has none, and then it adds nothing (a
            product outside the eigenproblem's connected part has density 0 for locations in it).

    Returns:
        One figure for each location, in the unit of `pci`; NaN where its density is NaN for all
        products.

    Source:
        Hausmann, Hidalgo et al. (2014), as for `distance`: "complexity outlook index".
    """
    shares, matrix, weight = _outlook_inputs(near, presence, pci)
    shares = np.where(np.isnan(shares), 0, shares)
    found = (np.where(matrix, 0, shares)) @ weight
    found[np.isnan(np.asarray(near, dtype=np.float64)).all(axis=1)] = np.nan
    return found


def cog(
    presence: ArrayLike,
    pci: ArrayLike,
    *,
    self_proximity: SelfProximity = "exclude",
    method: Method = "auto",
) -> Floats:
    """Complexity outlook gain: what product p would add to the outlook of location c.

    COG_cp = (1 - M_cp) Σ_q (1 - M_cq) φ_pq PCI_q / Σ_r φ_qr, as both of the Growth Lab's packages
    have it. Some descriptions also subtract a term in PCI_p for what is gained by p itself.

    Args:
        presence: locations × products.
        pci: complexity of each product; NaN where it has none, and then it adds nothing.
        self_proximity: whether q = p counts, here and in the denominator.
        method: see `proximity_sums`.

    Returns:
        locations × products, in the unit of `pci`; 0 for what the location has; NaN for a product
        without PCI and for a location without any product.
    """
    matrix = flags("presence", presence)
    complexity = np.asarray(pci, dtype=np.float64)
    if complexity.shape != (matrix.shape[1],):
        raise MetricInput(f"pci {complexity.shape}: one for each of {matrix.shape[1]} products")
    found = np.full(matrix.shape, np.nan)
    products, locations = matrix.any(axis=0), matrix.any(axis=1)
    if not products.any():
        return found
    part = matrix[np.ix_(locations, products)]
    ones = np.ones((1, part.shape[1]))
    totals = proximity_sums(ones, part, self_proximity=self_proximity, method=method)[0]
    weight = outlook_weights(complexity[products], totals, part.shape[0])
    lacking = np.where(part, 0, weight)
    gain = proximity_sums(lacking, part, self_proximity=self_proximity, method=method)
    gain[part] = 0
    gain[:, np.isnan(complexity[products])] = np.nan
    found[np.ix_(locations, products)] = gain
    return found


def outlook_weights(pci: Floats, totals: Floats, locations: int) -> Floats:
    """PCI_q / Σ_r φ_qr; 0 where there is no PCI or where q is near to no product."""
    counted = (totals * locations > 0.5) & ~np.isnan(pci)
    return np.divide(pci, totals, out=np.zeros_like(totals), where=counted)


@dataclass(frozen=True)
class ProductSpace:
    """Edges of the product space, strongest first: indices of products, source < target.

    Attributes:
        source, target: columns of the presence matrix.
        proximity: φ of the pair.
        is_backbone: the edge is in the maximum spanning tree (or forest).
    """

    source: NDArray[np.intp]
    target: NDArray[np.intp]
    proximity: Floats
    is_backbone: Flags


def product_space(phi: ArrayLike, *, threshold: float = 0.55) -> ProductSpace:
    """Maximum spanning tree of φ, and all edges at or above a threshold besides.

    Where φ has several connected parts the tree is a forest: no edge of proximity 0 is made up.
    Ties are broken by the order of the products, so that the result is the same every time.

    Args:
        phi: products × products, symmetric (see `proximity`); NaN counts as 0.
        threshold: least φ of the further edges, above 0; the paper draws those from 0.55.

    Raises:
        MetricInput: φ is not square or not symmetric, or the threshold is not above 0.

    Source:
        Hidalgo et al. (2007), as for `proximity`.
    """
    near = np.nan_to_num(np.asarray(phi, dtype=np.float64), nan=0.0)
    near = figures("phi", near).copy()
    if near.shape[0] != near.shape[1] or not np.array_equal(near, near.T):
        raise MetricInput(f"phi {near.shape}: a symmetric matrix is needed")
    if not threshold > 0:
        raise MetricInput(f"threshold {threshold!r}: a positive number is needed")
    np.fill_diagonal(near, 0)
    size = near.shape[0]
    # Prim: the outside product nearest to the tree joins it, one at a time
    outside = np.ones(size, dtype=bool)
    best, via = np.full(size, -1.0), np.zeros(size, dtype=np.intp)
    ends: list[tuple[int, int]] = []
    for _ in range(size):
        nearest = int(np.argmax(np.where(outside, best, -2.0)))
        outside[nearest] = False
        if best[nearest] > 0:
            ends.append((min(nearest, via[nearest]), max(nearest, via[nearest])))
        closer = outside & (near[nearest] > np.maximum(best, 0))
        best[closer], via[closer] = near[nearest, closer], nearest
    backbone = np.zeros(near.shape, dtype=bool)
    for one, other in ends:
        backbone[one, other] = True
    source, target = np.nonzero(np.triu(near >= threshold, 1) | backbone)
    order = np.argsort(-near[source, target], kind="stable")
    source, target = source[order], target[order]
    return ProductSpace(source, target, near[source, target], backbone[source, target])


def _sums_directly(weights: Floats, presence: Floats, ubiquity: Floats) -> Floats:
    sums = np.empty_like(weights)
    for start in range(0, presence.shape[1], _BLOCK):
        block = slice(start, start + _BLOCK)
        phi = presence.T @ presence[:, block]
        phi /= np.maximum(ubiquity[:, None], ubiquity[None, block])
        np.matmul(weights, phi, out=sums[:, block])
    return sums


def _together(presence: Flags) -> Floats:
    """Co-occurrence, products × products: counts, exact in single precision below 2^24."""
    kind = np.float32 if presence.shape[0] < 1 << 24 else np.float64
    matrix = presence.astype(kind)
    return (matrix.T @ matrix).astype(np.float64)


def _known(presence: ArrayLike, known: ArrayLike) -> tuple[Flags, Flags]:
    seen = flags("known", known)
    given = np.asarray(presence)
    if given.shape != seen.shape:
        raise MetricInput(f"presence {given.shape} and known {seen.shape} differ")
    return flags("presence", np.where(seen, given, 0)), seen


def _outlook_inputs(
    near: ArrayLike, presence: ArrayLike, pci: ArrayLike
) -> tuple[Floats, Flags, Floats]:
    shares, matrix = np.asarray(near, dtype=np.float64), flags("presence", presence)
    weight = np.asarray(pci, dtype=np.float64)
    if shares.shape != matrix.shape or weight.shape != (matrix.shape[1],):
        raise MetricInput(
            f"density {shares.shape}, presence {matrix.shape} and pci {weight.shape} do not fit"
        )
    return shares, matrix, np.nan_to_num(weight, nan=0.0)
