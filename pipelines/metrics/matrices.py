"""What a matrix of figures or of presence has to be before a formula may use it.

Belongs here: checks with an error that names row, column and value, and the rule that decides ties
at a threshold. Does not belong here: formulas, names of rows and columns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Ratios of sums of doubles carry an error of some 1e-15. A ratio this near to a threshold is taken
# to be equal to it, so that presence does not depend on the order of a sum.
TIE = 1e-12


def figures(name: str, values: ArrayLike) -> Floats:
    """A matrix of finite figures that are not negative.

    Raises:
        MetricInput: not two-dimensional, empty, or a figure is NaN, infinite or negative (names
            row, column and value, counted from 0).
    """
    matrix = np.asarray(values, dtype=np.float64)
    _shape(name, matrix)
    # one pass each; the cells are searched only where something is wrong
    with np.errstate(over="ignore"):
        total = matrix.sum()
    if not (np.isfinite(total) and matrix.min() >= 0):
        _first(name, matrix, ~np.isfinite(matrix), "is no finite figure")
        _first(name, matrix, matrix < 0, "is negative")
        raise MetricInput(f"{name}: the sum is beyond the greatest double; use a larger unit")
    return matrix


def flags(name: str, values: ArrayLike) -> Flags:
    """A matrix of yes and no, given as booleans or as 0 and 1.

    Raises:
        MetricInput: not two-dimensional, empty, or a value is neither 0 nor 1.
    """
    matrix = np.asarray(values)
    _shape(name, matrix)
    if matrix.dtype == np.bool_:
        return matrix
    _first(name, matrix, ~((matrix == 0) | (matrix == 1)), "is neither 0 nor 1")
    return matrix.astype(np.bool_)


def reaches(ratios: Floats, threshold: float, *, strictly: bool = False) -> Flags:
    """Whether a ratio is at least (or strictly above) a threshold; NaN is not.

    Ratios within `TIE` of the threshold, relative to it, count as equal to it.

    Raises:
        MetricInput: the threshold is not a positive finite number.
    """
    if not (np.isfinite(threshold) and threshold > 0):
        raise MetricInput(f"threshold {threshold!r}: a positive number is needed")
    if strictly:
        return ratios > threshold * (1 + TIE)
    return ratios >= threshold * (1 - TIE)


def one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    """A word out of a closed list.

    Raises:
        MetricInput: names what is allowed.
    """
    if value not in known:
        raise MetricInput(f"{name} {value!r}: {' or '.join(map(repr, known))}")
    return value


def _shape(name: str, matrix: NDArray) -> None:
    if matrix.ndim != 2:
        raise MetricInput(f"{name}: a matrix is needed, not {matrix.ndim} dimensions")
    if matrix.size == 0:
        raise MetricInput(f"{name}: there are no cells (shape {matrix.shape})")


def _first(name: str, matrix: NDArray, wrong: Flags, why: str) -> None:
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise MetricInput(f"{name}[{row}, {column}]: {matrix[row, column]} {why}")
