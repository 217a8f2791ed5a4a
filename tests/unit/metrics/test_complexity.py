"""ECI, PCI and fitness: by hand, by identity, and inputs that have no answer.

The example that is worked by hand throughout (also in test_relatedness.py): location A has the
products 1, 2 and 3, B has 1 and 2, C has 1. Diversity 3, 2, 1; ubiquity 3, 2, 1.

    M̃ = [11/18 5/18 2/18; 5/12 5/12 2/12; 1/3 1/3 1/3] has the eigenvalues 1, 1/4 and 1/9, and
    for 1/4 the vector kc = (2, -1, -4); kp = 4 D_p⁻¹ Mᵀ kc = (-4, 2, 8).
    Mean -1, squares 9 + 0 + 9 = 18. Deviation √(18/3) = √6, or √(18·3/(9-1)) = √6.75 as Stata.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.errors import MetricInput
from pipelines.metrics import relatedness
from pipelines.metrics.advantage import presence, rca, rsca
from pipelines.metrics.complexity import (
    NotDetermined,
    complexity,
    connected_parts,
    diversity,
    eci_pci,
    fitness,
    ubiquity,
)

NESTED = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0]])
NAN = float("nan")


def random_presence(seed: int, shape: tuple[int, int], share: float = 0.3) -> np.ndarray:
    return np.random.default_rng(seed).random(shape) < share


# --- RCA and presence -------------------------------------------------------------------------


def test_rca_by_hand() -> None:
    """Exports 30 and 10, 20 and 0; products 50 and 10, world 60.
    30·60/(40·50) = 0.9, 10·60/(40·10) = 1.5, 20·60/(20·50) = 1.2."""
    ratio = rca([[30, 10], [20, 0]])
    assert ratio == pytest.approx(np.array([[0.9, 1.5], [1.2, 0]]))
    assert rsca(ratio) == pytest.approx(np.array([[-0.1 / 1.9, 0.2], [1 / 11, -1]]))
    assert presence(ratio).tolist() == [[False, True], [True, False]]
    assert presence(ratio, threshold=0.9).tolist() == [[True, True], [True, False]]
    assert presence(ratio, threshold=0.9, comparison="gt").tolist() == [
        [False, True],
        [True, False],
    ]


def test_no_total_is_no_advantage() -> None:
    ratio = rca([[1, 2, 0], [0, 0, 0]])
    assert ratio[0, :2].tolist() == [1, 1] and np.isnan(ratio[1]).all() and np.isnan(ratio[0, 2])
    assert not presence(ratio)[1].any()
    assert rsca([0, NAN, np.inf])[[0, 2]].tolist() == [-1, 1]
    with pytest.raises(MetricInput, match="negative"):
        rsca([-0.5])


def test_ties_do_not_hang_on_the_last_bit() -> None:
    """Rows in proportion: every RCA is 1, and sums of 0.1 and 0.3 do not come out even."""
    values = np.outer([0.1, 0.7, 1.3, 0.01], [0.1, 0.2, 0.3, 1e-7, 1e9])
    ratio = rca(values)
    assert (ratio != 1).any(), "no rounding, nothing tested"
    assert presence(ratio).all() and not presence(ratio, comparison="gt").any()
    assert complexity(values).ties == values.size
    assert presence(ratio + 1e-9, comparison="gt").all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1, NAN]], r"values\[0, 1\]: nan is no finite figure"),
        ([[1, 2], [np.inf, 0]], r"values\[1, 0\]: inf is no finite"),
        ([[1, 2], [3, -4]], r"values\[1, 1\]: -4.0 is negative"),
        ([[1e308, 1e308]], "larger unit"),
        ([[]], "no cells"),
        ([1, 2], "1 dimensions"),
    ],
)
def test_wrong_values_are_refused_by_place(values: list, message: str) -> None:
    with pytest.raises(MetricInput, match=message):
        rca(values)
    with pytest.raises(MetricInput, match=message):
        complexity(values)


def test_unknown_options_are_refused() -> None:
    with pytest.raises(MetricInput, match="threshold 0"):
        presence([[1.0]], threshold=0)
    for option in ("comparison", "self_proximity", "normalise", "presence"):
        with pytest.raises(MetricInput, match=option):
            complexity(NESTED, **{option: "other"})
    with pytest.raises(MetricInput, match=r"values\[0, 1\]: 0.5 is neither"):
        complexity([[1, 0.5]], presence="given")


# --- ECI and PCI ------------------------------------------------------------------------------


def test_eci_and_pci_by_hand() -> None:
    assert diversity(NESTED).tolist() == [3, 2, 1] and ubiquity(NESTED).tolist() == [3, 2, 1]
    found = eci_pci(NESTED, normalise="population")
    assert found.eigenvalues == pytest.approx((1 / 4, 1 / 9))
    assert found.eci == pytest.approx(np.array([3, 0, -3]) / 6**0.5)
    assert found.pci == pytest.approx(np.array([-3, 3, 9]) / 6**0.5)
    assert found.pci + found.shift == pytest.approx(np.array([-4, 2, 8]) / 6**0.5)
    stata = eci_pci(NESTED, normalise="stata")
    assert stata.eci == pytest.approx(np.array([3, 0, -3]) / 6.75**0.5)
    assert stata.pci == pytest.approx(np.array([-3, 3, 9]) / 6.75**0.5)


@pytest.mark.parametrize("shape", [(20, 60), (60, 20), (35, 35)])
@pytest.mark.parametrize("normalise", ["stata", "population"])
def test_both_sides_give_the_same(shape: tuple[int, int], normalise: str) -> None:
    matrix = random_presence(sum(shape), shape)
    one = eci_pci(matrix, side="locations", normalise=normalise)
    other = eci_pci(matrix, side="products", normalise=normalise)
    assert np.abs(one.eci - other.eci).max() < 1e-10
    assert np.abs(one.pci - other.pci).max() < 1e-10
    assert np.array_equal(eci_pci(matrix, normalise=normalise).eci,
                          (one if shape[0] <= shape[1] else other).eci)  # fmt: skip


def test_eci_is_an_eigenvector_of_the_definition() -> None:
    """M̃ written out, without symmetry: M̃ v = λ v for the returned vector, by plain `eig`."""
    matrix = random_presence(7, (15, 40)).astype(float)
    matrix[0] = 1
    found = eci_pci(matrix)
    k_c, k_p = matrix.sum(axis=1), matrix.sum(axis=0)
    tilde = np.einsum("cp,dp,c,p->cd", matrix, matrix, 1 / k_c, 1 / k_p)
    vector = found.eci + found.shift
    assert tilde @ vector == pytest.approx(found.eigenvalues[0] * vector, abs=1e-12)
    assert sorted(np.linalg.eigvals(tilde).real)[-2] == pytest.approx(found.eigenvalues[0])
    assert np.corrcoef(found.eci, k_c)[0, 1] > 0
    assert matrix @ found.pci / k_c == pytest.approx(found.eci, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(st.integers(2, 9), st.integers(2, 9))), st.randoms())
def test_eci_does_not_depend_on_the_order(matrix: np.ndarray, random: object) -> None:
    try:
        found = eci_pci(matrix, parts="largest")
    except MetricInput:
        assume(False)
    rows, columns = list(range(matrix.shape[0])), list(range(matrix.shape[1]))
    random.shuffle(rows), random.shuffle(columns)  # type: ignore[attr-defined]
    again = eci_pci(matrix[np.ix_(rows, columns)], parts="largest")
    # a vector is known to rounding over the distance to the next eigenvalue
    gap = min(found.eigenvalues[0] - found.eigenvalues[1], 1 - found.eigenvalues[0])
    assert again.eci == pytest.approx(found.eci[rows], abs=1e-12 / gap, nan_ok=True)
    assert again.pci == pytest.approx(found.pci[columns], abs=1e-11 / gap, nan_ok=True)
    in_it = found.locations
    assert found.eci[in_it].mean() == pytest.approx(0, abs=1e-9)
    mean = matrix[np.ix_(in_it, found.products)] @ found.pci[found.products]
    assert mean / matrix[in_it].sum(axis=1) == pytest.approx(found.eci[in_it], abs=1e-8)


def test_unconnected_parts_are_found_and_reported() -> None:
    """A with 1-3, B with 1-2, C with 1 as above; D and E share 4 and 5; F and product 6 nothing."""
    matrix = np.zeros((6, 6), dtype=int)
    matrix[:3, :3] = NESTED
    matrix[3, 3:5], matrix[4, 3] = 1, 1
    locations, products = connected_parts(matrix)
    assert locations.tolist() == [0, 0, 0, 1, 1, -1] and products.tolist() == [0, 0, 0, 1, 1, -1]
    with pytest.raises(NotDetermined, match=r"2 parts.*\(3, 3\), \(2, 2\)"):
        eci_pci(matrix)
    found = eci_pci(matrix, parts="largest", normalise="population")
    assert found.eci[:3] == pytest.approx(np.array([3, 0, -3]) / 6**0.5)
    assert np.isnan(found.eci[3:]).all() and np.isnan(found.pci[3:]).all()
    with pytest.raises(NotDetermined, match="equal size"):
        eci_pci(np.kron(np.eye(2), NESTED), parts="largest")


def test_a_long_chain_is_one_part() -> None:
    """Each location shares one product with the next: only connected through all the others."""
    chain = np.eye(40, 41, dtype=bool) | np.eye(40, 41, 1, dtype=bool)
    shuffled = chain[np.random.default_rng(1).permutation(40)]
    assert connected_parts(shuffled)[0].max() == 0


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones((3, 4)), "nothing sets them off"),
        (np.ones((1, 4)), "two locations and two products"),
        (np.ones((4, 1)), "two locations and two products"),
        (np.zeros((3, 3)), "there are 0 and 0"),
        # a ring: the two next eigenvectors are a sine and a cosine
        (np.eye(6) + np.roll(np.eye(6), 1, axis=1), "no single one"),
        # all equally diverse: either sign is as good
        ([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]], "nothing tells its sign"),
    ],
)
def test_an_arbitrary_eci_is_not_returned(matrix: np.ndarray, message: str) -> None:
    with pytest.raises(NotDetermined, match=message):
        eci_pci(matrix)
    found = complexity(matrix, presence="given")
    assert found.problem is not None and message in found.problem
    assert np.isnan(found.eci).all() and np.isnan(found.coi).all() and np.isnan(found.cog).all()


# --- fitness ----------------------------------------------------------------------------------


def test_fitness_by_hand() -> None:
    """Once: F = (3, 2, 1)/2, Q = (1/3, 1/2, 1)/(11/18) = (6, 9, 18)/11. Twice: F ~ (33, 15, 6)/11
    with mean 18/11; Q ~ 1/(2/3 + 1 + 2), 1/(2/3 + 1), 1/(2/3) = 3/11, 3/5, 3/2."""
    first = fitness(NESTED, iterations=1)
    assert first[0] == pytest.approx([1.5, 1, 0.5])
    assert first[1] == pytest.approx(np.array([6, 9, 18]) / 11)
    second = fitness(NESTED, iterations=2)
    assert second[0] == pytest.approx([11 / 6, 5 / 6, 1 / 3])
    quality = np.array([3 / 11, 3 / 5, 3 / 2])
    assert second[1] == pytest.approx(quality / quality.mean())


def test_fitness_has_edges() -> None:
    bordered = np.pad(NESTED, ((0, 1), (1, 0)))
    found = fitness(bordered, iterations=3)
    assert np.isnan(found[0][3]) and np.isnan(found[1][0])
    assert found[0][:3] == pytest.approx(fitness(NESTED, iterations=3)[0])
    with pytest.raises(MetricInput, match="at least 1"):
        fitness(NESTED, iterations=0)
    with pytest.raises(MetricInput, match="no location"):
        fitness(np.zeros((2, 2)), iterations=5)
    # a location whose only product is everybody's loses fitness geometrically
    everybody = np.ones((5, 6), dtype=int)
    everybody[-1, 1:] = 0
    everybody[0, 1:3] = 0
    with pytest.raises(MetricInput, match="below the least double after"):
        fitness(everybody, iterations=100_000)


# --- all at once ------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(12, 90), (90, 12)])
@pytest.mark.parametrize("self_proximity", ["exclude", "include"])
def test_all_at_once_is_each_alone(shape: tuple[int, int], self_proximity: str) -> None:
    """Both sides of the rule of costs, and some that are nowhere or beside the rest."""
    rows = 1 + 2 * shape[0]
    assert relatedness.cheaper_method(rows, *shape) == ("levels" if shape[0] == 12 else "direct")
    matrix = random_presence(3, shape, 0.2).astype(int)
    matrix[0], matrix[:, 0] = 0, 0
    matrix[1], matrix[:, 1], matrix[1, 1] = 0, 0, 1
    found = complexity(matrix, presence="given", self_proximity=self_proximity)
    eigen = eci_pci(matrix, parts="largest")
    raw = eigen.pci + eigen.shift
    options = {"self_proximity": self_proximity, "method": "direct"}
    near = relatedness.density(matrix, **options)
    assert np.array_equal(np.isnan(near), np.isnan(found.density))
    assert np.nanmax(np.abs(near - found.density)) < 1e-12
    assert found.eci == pytest.approx(eigen.eci, nan_ok=True) and np.isnan(found.eci[:2]).all()
    gain = relatedness.cog(matrix, raw, **options)
    gain[~eigen.locations] = np.nan
    assert np.array_equal(np.isnan(gain), np.isnan(found.cog))
    assert np.nanmax(np.abs(gain - found.cog)) < 1e-10
    outlook = relatedness.coi(near, matrix, raw)[eigen.locations]
    assert found.coi[eigen.locations] == pytest.approx(
        (outlook - outlook.mean())
        / np.sqrt(np.square(outlook - outlook.mean()).sum() * eigen.products.sum()
                  / (len(outlook) * eigen.products.sum() - 1)),
        abs=1e-10,
    )  # fmt: skip
    assert np.isnan(found.coi[:2]).all() and np.isnan(found.density[0]).all()
    assert found.diversity[0] == 0 and found.ubiquity[1] == 1


def test_with_strict_comparison_a_location_may_have_nothing() -> None:
    """All sell the same mix but one: RCA is above 1 nowhere for the average seller."""
    found = complexity([[5, 5], [5, 5], [9, 1], [1, 9]], comparison="gt")
    assert found.diversity.tolist() == [0, 0, 1, 1] and found.ties == 4
    assert np.isnan(found.density[:2]).all() and found.rca is not None
