"""Economic and product complexity from a presence matrix.

Belongs here: diversity, ubiquity, the connected parts of a presence matrix, ECI and PCI, fitness,
and `complexity`, which does all of it at once. Does not belong here: RCA and presence
(`pipelines.metrics.advantage`), proximity and density (`pipelines.metrics.relatedness`), tables
with names (`pipelines.metrics.complexity_table`).

Notation: M is presence (locations × products, 0 or 1), k_c diversity, k_p ubiquity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput
from pipelines.metrics import advantage, relatedness
from pipelines.metrics.advantage import Comparison
from pipelines.metrics.matrices import TIE, Flags, Floats, flags, one_of
from pipelines.metrics.relatedness import SelfProximity

Counts = NDArray[np.int64]
Normalise = Literal["stata", "population"]
Side = Literal["auto", "locations", "products"]
Parts = Literal["one", "largest"]

# Below this gap between eigenvalues, or correlation with diversity, the vector or its sign is
# decided by rounding.
_GAP = 1e-9


class NotDetermined(MetricInput):
    """The presence matrix does not determine an ECI: whatever was returned would be arbitrary."""


def diversity(presence: ArrayLike) -> Counts:
    """k_c: how many products each location has."""
    return flags("presence", presence).sum(axis=1)


def ubiquity(presence: ArrayLike) -> Counts:
    """k_p: how many locations have each product."""
    return flags("presence", presence).sum(axis=0)


def connected_parts(presence: ArrayLike) -> tuple[Counts, Counts]:
    """Parts of the presence matrix that share neither a location nor a product.

    Args:
        presence: locations × products.

    Returns:
        The number of the part of each location and of each product, from 0 in the order of the
        first location; -1 for a location without a product and a product without a location.
    """
    matrix = flags("presence", presence)
    locations = np.full(matrix.shape[0], -1)
    products = np.full(matrix.shape[1], -1)
    number = 0
    for first in np.flatnonzero(matrix.any(axis=1)):
        if locations[first] >= 0:
            continue
        found = np.zeros(matrix.shape[0], dtype=bool)
        found[first] = True
        reached = matrix[first]
        size = 1
        while True:
            found |= matrix[:, reached].any(axis=1)
            if (now := int(found.sum())) == size:
                break
            size = now
            reached = matrix[found].any(axis=0)
        locations[found], products[reached] = number, number
        number += 1
    return locations, products


@dataclass(frozen=True)
class EciPci:
    """Economic and product complexity.

    Attributes:
        eci: of each location, mean 0 and standard deviation 1 over those that have one; NaN
            outside `locations`.
        pci: of each product, on ECI's scale: the mean PCI of a location's products is its ECI.
            NaN outside `products`.
        shift: `pci + shift` is the eigenvector itself in units of ECI's standard deviation. COI
            and COG are weighted with it, as in the Growth Lab's packages.
        eigenvalues: second and third largest eigenvalue (the largest is 1).
        sign_correlation: correlation of ECI with diversity, which decides the sign; near 0 the
            sign hangs by a thread.
        locations, products: which of them the eigenvector is over.
    """

    eci: Floats
    pci: Floats
    shift: float
    eigenvalues: tuple[float, float]
    sign_correlation: float
    locations: Flags
    products: Flags


def eci_pci(
    presence: ArrayLike,
    *,
    normalise: Normalise = "stata",
    side: Side = "auto",
    parts: Parts = "one",
) -> EciPci:
    """Economic and product complexity: the second eigenvector of the method of reflections.

    ECI is the second eigenvector of M̃_cc' = Σ_p M_cp M_c'p / (k_c k_p), PCI that of the same on
    the products' side. Both follow from B = D_c^(-1/2) M D_p^(-1/2): B Bᵀ and BᵀB are symmetric
    with the same eigenvalues, so that `eigh` of the smaller of them is enough, and the other side
    is one multiplication. The sign is that of a positive correlation between ECI and diversity.

    Args:
        presence: locations × products. Locations without a product and products without a
            location are left out of the eigenproblem.
        normalise: mean and standard deviation of ECI, which PCI is put on the scale of too:
            `population` divides the squares by the n locations (the Growth Lab's Python package);
            `stata` takes the sample deviation over the filled table of n locations × m products,
            in which each location stands m times, so that n m - 1 takes the place of n m (the
            Growth Lab's Stata package). They differ by a factor of √(1 - 1/(n m)).
        side: which side's eigenproblem is solved; `auto` takes the smaller one.
        parts: `one` requires that the presence matrix is connected; `largest` uses its connected
            part of most locations (then most products) and leaves the others out.

    Raises:
        MetricInput: the matrix is none of 0 and 1, or an option is unknown.
        NotDetermined: there are not two locations and two products with presence, the matrix is
            not connected (or its two largest parts are equal in size), the second eigenvalue is no
            single one, or ECI is not correlated with diversity.

    Source:
        Hidalgo, C. A. and Hausmann, R. (2009), The building blocks of economic complexity, PNAS
        106(26), 10570-10575; Hausmann, Hidalgo et al. (2014), The Atlas of Economic Complexity,
        technical box 2.2. Normalisation: `ecomplexity.ado` of cid-harvard/ecomplexity,
        `ecomplexity.py` of cid-harvard/py-ecomplexity 0.5.3.
    """
    matrix = flags("presence", presence)
    one_of("normalise", normalise, ("stata", "population"))
    one_of("side", side, ("auto", "locations", "products"))
    one_of("parts", parts, ("one", "largest"))
    locations, products = _part(matrix, parts)
    part = matrix
    if not (locations.all() and products.all()):
        part = matrix[np.ix_(locations, products)]
    if min(part.shape) < 2:
        raise NotDetermined(
            f"ECI needs two locations and two products with presence; there are {part.shape[0]} "
            f"and {part.shape[1]}"
        )
    dense = part.astype(np.float64)
    degree_c, degree_p = dense.sum(axis=1), dense.sum(axis=0)
    kc, kp, values = _second(dense, degree_c, degree_p, side)
    kc, kp, correlation = _signed(kc, kp, degree_c)
    mean = kc.mean()
    squares = float(np.square(kc - mean).sum()) * part.shape[1]
    deviation = np.sqrt(squares / (part.size - (normalise == "stata")))
    eci, pci = np.full(matrix.shape[0], np.nan), np.full(matrix.shape[1], np.nan)
    eci[locations] = (kc - mean) / deviation
    pci[products] = (kp - mean) / deviation
    return EciPci(eci, pci, float(mean / deviation), values, correlation, locations, products)


def fitness(presence: ArrayLike, *, iterations: int) -> tuple[Floats, Floats]:
    """Fitness of locations and complexity of products by their non-linear iteration.

    F_c ← Σ_p M_cp Q_p and Q_p ← 1 / Σ_c (M_cp / F_c), both from the values before and then
    divided by their means; all begin at 1. Fitness of the weakest locations may go to zero for
    ever, so that the number of iterations is a choice, and has to be told with the result.

    Args:
        presence: locations × products.
        iterations: at least 1.

    Returns:
        Fitness of locations and complexity of products, each with mean 1 over those with presence;
        NaN for the others.

    Raises:
        MetricInput: no iterations, no presence, or a fitness has gone below the least double.

    Source:
        Tacchella, A., Cristelli, M., Caldarelli, G., Gabrielli, A. and Pietronero, L. (2012), A
        new metrics for countries' fitness and products' complexity, Scientific Reports 2, 723.
    """
    matrix = flags("presence", presence)
    if iterations < 1:
        raise MetricInput(f"iterations {iterations}: at least 1")
    locations, products = matrix.any(axis=1), matrix.any(axis=0)
    if not locations.any():
        raise MetricInput("no location has any product")
    dense = matrix[np.ix_(locations, products)].astype(np.float64)
    strength, quality = np.ones(dense.shape[0]), np.ones(dense.shape[1])
    for turn in range(1, iterations + 1):
        with np.errstate(over="ignore", divide="ignore"):
            fit, rare = dense @ quality, 1 / (dense.T @ (1 / strength))
        strength, quality = fit / fit.mean(), rare / rare.mean()
        if strength.min() < np.finfo(np.float64).tiny:
            raise MetricInput(
                f"fitness of location {np.flatnonzero(locations)[strength.argmin()]} is below the "
                f"least double after {turn} iterations; ask for fewer"
            )
    found_c, found_p = np.full(matrix.shape[0], np.nan), np.full(matrix.shape[1], np.nan)
    found_c[locations], found_p[products] = strength, quality
    return found_c, found_p


@dataclass(frozen=True)
class Complexity:
    """Everything from one matrix of values. Arrays are locations × products, or one of the two.

    Attributes:
        rca: NaN where not defined; None where presence was given.
        presence: M.
        diversity, ubiquity: k_c and k_p.
        eci, pci: NaN where the eigenvector does not reach, see `EciPci`.
        density: see `relatedness.density`.
        coi: mean 0 and standard deviation 1 over the locations that have an ECI; NaN elsewhere.
        cog: in units of ECI's standard deviation; 0 for what a location has; NaN for a location
            or a product outside the eigenproblem.
        ties: cells whose RCA is the threshold but for rounding.
        problem: why there is no ECI, PCI, COI and COG at all; None where there is.
    """

    rca: Floats | None
    presence: Flags
    diversity: Counts
    ubiquity: Counts
    eci: Floats
    pci: Floats
    density: Floats
    coi: Floats
    cog: Floats
    ties: int
    problem: str | None


def complexity(
    values: ArrayLike,
    *,
    presence: Literal["rca", "given"] = "rca",
    threshold: float = 1.0,
    comparison: Comparison = "ge",
    self_proximity: SelfProximity = "exclude",
    normalise: Normalise = "stata",
) -> Complexity:
    """RCA, presence, diversity, ubiquity, ECI, PCI, density, COI and COG of one period.

    What the formulas do not reach is NaN: a location without any product and a product of no
    location are left out; where presence falls into several connected parts, ECI and PCI are over
    the largest one (`EciPci.locations` tells which). Where no ECI is determined at all, `problem`
    says why and the rest is still there.

    Args:
        values: locations × products; figures in one unit, or 0 and 1 where presence is given.
        presence: `rca` derives it from RCA, `given` takes the values for it.
        threshold, comparison: see `advantage.presence`.
        self_proximity: see `relatedness.density`; the Stata package excludes, Python's includes.
        normalise: see `eci_pci`.

    Raises:
        MetricInput: a value is NaN, infinite, negative (or, where presence is given, neither 0
            nor 1), there is no cell, or an option is unknown.
    """
    one_of("self_proximity", self_proximity, ("exclude", "include"))
    one_of("presence", presence, ("rca", "given"))
    ratio, ties = None, 0
    if presence == "given":
        matrix = flags("values", values)
    else:
        ratio = advantage.rca(values)
        matrix = advantage.presence(ratio, threshold=threshold, comparison=comparison)
        ties = int(np.count_nonzero(np.abs(ratio - threshold) <= threshold * TIE))
    k_c, k_p = matrix.sum(axis=1), matrix.sum(axis=0)
    eci, pci = np.full(matrix.shape[0], np.nan), np.full(matrix.shape[1], np.nan)
    eigen, problem = None, None
    try:
        eigen = eci_pci(matrix, normalise=normalise, parts="largest")
        eci, pci = eigen.eci, eigen.pci
    except NotDetermined as error:
        problem = str(error)
    near, gain = _near_and_gain(matrix, k_p, eigen, self_proximity)
    outlook = np.full(matrix.shape[0], np.nan)
    if eigen is not None:
        raw = relatedness.coi(near, matrix, pci + eigen.shift)
        outlook = _standardised(raw, eigen, normalise)
    return Complexity(ratio, matrix, k_c, k_p, eci, pci, near, outlook, gain, ties, problem)


def _near_and_gain(
    presence: Flags, degree_p: Counts, eigen: EciPci | None, self_proximity: SelfProximity
) -> tuple[Floats, Floats]:
    """Density and COG together: the levels of ubiquity are walked through once for both.

    The same as `relatedness.density` and `relatedness.cog`.
    """
    near, gain = np.full(presence.shape, np.nan), np.full(presence.shape, np.nan)
    locations, products = presence.any(axis=1), np.flatnonzero(degree_p)
    rows = 1 + int(locations.sum()) * (1 if eigen is None else 2)
    if not len(products):
        return near, gain
    if relatedness.cheaper_method(rows, int(locations.sum()), len(products)) == "direct":
        near = relatedness.density(presence, self_proximity=self_proximity)
        if eigen is not None:
            gain = relatedness.cog(presence, eigen.pci + eigen.shift, self_proximity=self_proximity)
            gain[~eigen.locations] = np.nan
        return near, gain
    products = products[np.argsort(degree_p[products], kind="stable")]
    part = presence.T[products][:, locations]
    dense, level = part.astype(np.float64), degree_p[products].astype(np.float64)
    own = 1.0 if self_proximity == "exclude" else 0.0
    totals = relatedness.sums_by_level(np.ones((len(products), 1)), dense, level)[:, 0] - own
    count = dense.shape[1]
    weights = np.empty((len(products), rows - 1))
    weights[:, :count] = dense
    if eigen is not None:
        weight = relatedness.outlook_weights((eigen.pci + eigen.shift)[products], totals, count)
        np.multiply(1 - dense, weight[:, None], out=weights[:, count:])
    sums = relatedness.sums_by_level(weights, dense, level)
    if own:
        sums -= weights
    where = np.ix_(locations, products)
    near[where] = relatedness.shares_of(sums[:, :count].T, totals, count)
    if eigen is not None:
        gained = sums[:, count:]
        gained[part] = 0
        gained[~eigen.products[products]] = np.nan
        gain[where] = gained.T
        gain[~eigen.locations] = np.nan
    return near, gain


def _standardised(raw: Floats, eigen: EciPci, normalise: Normalise) -> Floats:
    """COI with mean 0 and standard deviation 1, counted as ECI's."""
    counted = raw[eigen.locations]
    spread = np.square(counted - counted.mean()).sum() * (cells := int(eigen.products.sum()))
    deviation = np.sqrt(spread / (len(counted) * cells - (normalise == "stata")))
    found = np.full(raw.shape, np.nan)
    # where all outlooks are equal but for rounding, none differs from the mean
    differ = deviation > TIE * np.abs(counted).max()
    found[eigen.locations] = (counted - counted.mean()) / deviation if differ else 0.0
    return found


def _part(presence: Flags, parts: Parts) -> tuple[Flags, Flags]:
    """Locations and products of the part that the eigenproblem is over."""
    locations, products = connected_parts(presence)
    count = int(locations.max()) + 1
    if count <= 1:
        return locations == 0, products == 0
    sizes = [(int((locations == n).sum()), int((products == n).sum())) for n in range(count)]
    if parts == "one":
        raise NotDetermined(
            f"presence falls into {count} parts that share neither a location nor a product "
            f"(locations, products: {', '.join(map(str, sizes[:5]))}); their ECI cannot be compared"
        )
    order = sorted(range(count), key=lambda n: sizes[n], reverse=True)
    if sizes[order[0]] == sizes[order[1]]:
        raise NotDetermined(
            f"the two largest of {count} unconnected parts are of equal size {sizes[order[0]]}; "
            "neither is the one to compute ECI over"
        )
    return locations == order[0], products == order[0]


def _second(
    presence: Floats, degree_c: Floats, degree_p: Floats, side: Side
) -> tuple[Floats, Floats, tuple[float, float]]:
    """The second eigenvector on both sides, kc = D_c⁻¹ M kp, and the 2nd and 3rd eigenvalue."""
    scaled = presence / np.sqrt(degree_c)[:, None]
    scaled /= np.sqrt(degree_p)[None, :]
    if side == "auto":
        side = "locations" if presence.shape[0] <= presence.shape[1] else "products"
    square = scaled @ scaled.T if side == "locations" else scaled.T @ scaled
    values, vectors = np.linalg.eigh(square)
    second = float(values[-2])
    # a 2 × 2 problem has no third value; the other side's is 0
    third = float(values[-3]) if len(values) > 2 else 0.0
    if second < _GAP:
        raise NotDetermined(
            "all locations have the same products in proportion: nothing sets them off"
        )
    if second - third < _GAP or 1 - second < _GAP:
        raise NotDetermined(
            f"the second eigenvalue {second:.12f} is no single one (1 and {third:.12f} beside it): "
            "its eigenvector is arbitrary"
        )
    vector = vectors[:, -2]
    if side == "locations":
        kp = (presence.T @ (vector / np.sqrt(degree_c))) / degree_p
    else:
        kp = vector / np.sqrt(degree_p)
    kc = (presence @ kp) / degree_c
    kp, kc = kp / np.linalg.norm(kc), kc / np.linalg.norm(kc)
    return kc, kp, (second, third)


def _signed(kc: Floats, kp: Floats, degree_c: Floats) -> tuple[Floats, Floats, float]:
    """The vectors with the sign that ECI rises with diversity, and how clearly it does."""
    one, other = kc - kc.mean(), degree_c - degree_c.mean()
    below = np.linalg.norm(one) * np.linalg.norm(other)
    correlation = float(one @ other / below) if below > 0 else 0.0
    if abs(correlation) < _GAP:
        raise NotDetermined("ECI is not correlated with diversity: nothing tells its sign")
    sign = 1 if correlation > 0 else -1
    return sign * kc, sign * kp, abs(correlation)
