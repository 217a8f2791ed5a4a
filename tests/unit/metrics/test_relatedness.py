"""Proximity, density and the outlook: by hand, and the fast way against the plain one.

The example of test_complexity.py: A has the products 1, 2 and 3, B has 1 and 2, C has 1.

    U12 = 2, U13 = 1, U23 = 1, so φ12 = 2/3, φ13 = 1/3, φ23 = 1/2; sums 1, 7/6 and 5/6.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.errors import MetricInput
from pipelines.metrics.relatedness import (
    cheaper_method,
    cog,
    coi,
    density,
    density_with_gaps,
    distance,
    product_space,
    proximity,
    proximity_sums,
    proximity_with_gaps,
    relatedness,
)

NESTED = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0]])
PHI = np.array([[0, 2 / 3, 1 / 3], [2 / 3, 0, 1 / 2], [1 / 3, 1 / 2, 0]])
NAN = float("nan")
matrices = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def test_proximity_by_hand() -> None:
    assert proximity(NESTED) == pytest.approx(PHI)
    assert proximity(NESTED, self_proximity="include") == pytest.approx(PHI + np.eye(3))
    lonely = proximity(np.pad(NESTED, ((0, 0), (0, 1))))
    assert np.isnan(lonely[3]).all() and np.isnan(lonely[:, 3]).all()
    assert lonely[:3, :3] == pytest.approx(PHI)


def test_other_measures_by_hand() -> None:
    """Products 1 and 2: U = 2, k = 3 and 2, three locations."""
    assert relatedness(NESTED, measure="cosine")[0, 1] == pytest.approx(2 / 6**0.5)
    assert relatedness(NESTED, measure="jaccard")[0, 1] == pytest.approx(2 / 3)
    assert relatedness(NESTED, measure="association")[0, 1] == pytest.approx(3 * 2 / 6)
    with pytest.raises(MetricInput, match="measure 'pearson'"):
        relatedness(NESTED, measure="pearson")


@pytest.mark.parametrize("method", ["levels", "direct", "auto"])
def test_density_by_hand(method: str) -> None:
    """B lacks 3: all that is near to 3 it has. C has 1: (1/3)/(5/6) = 2/5 of what is near to 3."""
    found = density(NESTED, method=method)
    assert found == pytest.approx(np.array([[1, 1, 1], [2 / 3, 4 / 7, 1], [0, 4 / 7, 2 / 5]]))
    assert distance(found)[2] == pytest.approx([1, 3 / 7, 3 / 5])
    # with itself: 1 more in both sums
    both = density(NESTED, self_proximity="include", method=method)
    assert both[2] == pytest.approx([1 / 2, (2 / 3) / (13 / 6), (1 / 3) / (11 / 6)])


def test_outlook_by_hand() -> None:
    """With PCI -4, 2, 8: B gains 1·8 from product 3; C 4/7·2 + 2/5·8. COG of C in product 2 is
    φ23 · 8/(5/6) = 24/5, in product 3 φ23 · 2/(7/6) = 6/7; B has nothing left beside 3."""
    pci = np.array([-4.0, 2, 8])
    assert coi(density(NESTED), NESTED, pci) == pytest.approx([0, 8, 8 / 7 + 16 / 5])
    for method in ("levels", "direct"):
        assert cog(NESTED, pci, method=method) == pytest.approx(
            np.array([[0, 0, 0], [0, 0, 0], [0, 24 / 5, 6 / 7]]), abs=1e-12
        )
    included = cog(NESTED, pci, self_proximity="include")
    assert included[1, 2] == pytest.approx(8 / (11 / 6))


def test_a_product_without_pci_adds_nothing() -> None:
    pci = np.array([-4.0, NAN, 8])
    gain = cog(NESTED, pci)
    assert np.isnan(gain[:, 1]).all() and gain[2, 2] == 0
    assert coi(density(NESTED), NESTED, pci)[2] == pytest.approx(16 / 5)
    with pytest.raises(MetricInput, match="one for each of 3"):
        cog(NESTED, pci[:2])
    with pytest.raises(MetricInput, match="do not fit"):
        coi(density(NESTED), NESTED, pci[:2])


@settings(max_examples=120, deadline=None)
@given(matrices, st.sampled_from(["exclude", "include"]))
def test_fast_density_is_plain_density(matrix: np.ndarray, self_proximity: str) -> None:
    """Against φ written out pair by pair."""
    phi = np.nan_to_num(proximity(matrix, self_proximity=self_proximity))
    with np.errstate(invalid="ignore", divide="ignore"):
        plain = (matrix @ phi) / phi.sum(axis=0)
    plain[~matrix.any(axis=1)] = NAN
    fast = density(matrix, self_proximity=self_proximity, method="levels")
    assert fast == pytest.approx(plain, abs=1e-12, nan_ok=True)
    defined = fast[~np.isnan(fast)]
    assert ((defined >= 0) & (defined <= 1)).all()


@settings(max_examples=60, deadline=None)
@given(matrices, st.integers(0, 2**32 - 1))
def test_proximity_is_what_it_says(matrix: np.ndarray, seed: int) -> None:
    """min(P(p | q), P(q | p)) counted one by one; symmetric; in [0, 1]."""
    phi = proximity(matrix, self_proximity="include")
    rng = np.random.default_rng(seed)
    p, q = rng.integers(0, matrix.shape[1], 2)
    k_p, k_q, both = matrix[:, p].sum(), matrix[:, q].sum(), (matrix[:, p] & matrix[:, q]).sum()
    if min(k_p, k_q) == 0:
        assert np.isnan(phi[p, q])
    else:
        assert phi[p, q] == pytest.approx(min(both / k_p, both / k_q))
    assert np.array_equal(phi, phi.T, equal_nan=True)
    assert ((phi >= 0) & (phi <= 1) | np.isnan(phi)).all()


@pytest.mark.parametrize("shape", [(30, 300), (300, 30)])
def test_sums_agree_for_any_weights(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(5)
    matrix = rng.random(shape) < rng.random(shape[1]) ** 2
    matrix[0] = True
    weights = rng.normal(size=(7, shape[1])) * 1e3
    plain = weights @ proximity(matrix)
    for method in ("levels", "direct"):
        assert np.abs(proximity_sums(weights, matrix, method=method) - plain).max() < 1e-9
    with pytest.raises(MetricInput, match="columns differ"):
        proximity_sums(weights[:, 1:], matrix)
    with pytest.raises(MetricInput, match="product 3 occurs nowhere"):
        proximity_sums(weights, matrix & (np.arange(shape[1]) != 3))


def test_the_cheaper_method_is_taken() -> None:
    """HS6 of 222 economies by levels, a nation of counties and few clusters directly."""
    assert cheaper_method(445, 222, 4726) == "levels"
    assert cheaper_method(2 * 3130, 3130, 45) == "direct"


def test_gaps_are_left_out_of_both_sums() -> None:
    """B is not known to have product 1. P(1|2): of those with 2 whose 1 is known, A alone has both:
    1/1; P(2|1): of A and C, which have 1, A has 2: 1/2. φ12 = min = 1/2; φ13 = 1/2; φ23 = 1/2.
    Density of B in 3: only 2 is known beside it, and B has it: 1. In 1: 2 of (2, 3): 1/2."""
    known = np.array([[1, 1, 1], [0, 1, 1], [1, 1, 1]])
    guess = np.where(known, NESTED, 1)
    phi = proximity_with_gaps(guess, known)
    assert phi == pytest.approx(np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]))
    found = density_with_gaps(guess, known)
    assert found[1] == pytest.approx([1 / 2, 0, 1])
    everything = np.ones_like(NESTED)
    assert proximity_with_gaps(NESTED, everything) == pytest.approx(PHI)
    assert density_with_gaps(NESTED, everything) == pytest.approx(density(NESTED))
    with pytest.raises(MetricInput, match="differ"):
        density_with_gaps(NESTED, everything[:2])


def test_product_space_by_hand() -> None:
    """Tree 1-2 (2/3) and 2-3 (1/2); 1-3 (1/3) only where the threshold lets it in."""
    space = product_space(PHI)
    assert list(zip(space.source, space.target, space.is_backbone, strict=True)) == [
        (0, 1, True), (1, 2, True),
    ]  # fmt: skip
    wide = product_space(PHI, threshold=0.3)
    assert wide.proximity == pytest.approx([2 / 3, 1 / 2, 1 / 3])
    assert wide.is_backbone.tolist() == [True, True, False]
    apart = product_space(proximity(np.kron(np.eye(2), NESTED)))
    assert len(apart.source) == 4 and apart.is_backbone.all()
    with pytest.raises(MetricInput, match="symmetric"):
        product_space([[0, 1], [0.5, 0]])
    with pytest.raises(MetricInput, match="threshold 0"):
        product_space(PHI, threshold=0)


@settings(max_examples=40, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 8), st.integers(2, 10))))
def test_the_backbone_is_a_maximum_spanning_forest(matrix: np.ndarray) -> None:
    """Against Kruskal's algorithm: the same number of edges and the same total."""
    phi = np.nan_to_num(proximity(matrix))
    space = product_space(phi, threshold=2)
    edges = sorted(((phi[i, j], i, j) for i, j in np.argwhere(np.triu(phi, 1) > 0)), reverse=True)
    part = list(range(len(phi)))
    weights = []
    for weight, i, j in edges:
        if part[i] != part[j]:
            weights.append(weight)
            part = [part[i] if n == part[j] else n for n in part]
    assert sorted(space.proximity, reverse=True) == pytest.approx(weights)
    assert space.is_backbone.all()
