"""Randomness without state: a number is a function of the seed, a label and where it is used.

A generator that is drawn from in order would change every figure after the place where a line of
data is added. Here the figure of one economy, industry and year depends on nothing but its own
identity, so windows of years move and volumes grow without touching the other figures.

Belongs here: hashing identities into uniform and bell-shaped numbers. Does not belong here: what
the numbers are used for.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ids = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SIXTEEN = np.uint64(0xFFFF)


def ids(names: Iterable[str]) -> Ids:
    """A number for each name that does not depend on the other names."""
    return np.array([_label(name) for name in names], dtype=np.uint64)


class Noise:
    """A family of random numbers with one label, addressed by identities.

    Args:
        seed: of the whole demo.
        *labels: what the numbers are for; other labels give unrelated numbers.
    """

    def __init__(self, seed: int, *labels: str) -> None:
        self._key = np.array([_label(f"{seed}/{'/'.join(labels)}")], dtype=np.uint64)

    def uniform(self, *axes: ArrayLike) -> Floats:
        """Numbers from 0 to 1 (exclusive), one for each combination of the broadcast axes."""
        return (self._hash(axes) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def normal(self, *axes: ArrayLike) -> Floats:
        """Numbers with mean 0 and variance 1, never beyond 3.5: a sum of four uniform ones.

        The bound is wanted: no synthetic figure is ever absurd.
        """
        bits = self._hash(axes)
        total = np.zeros(bits.shape)
        for shift in (0, 16, 32, 48):
            total += ((bits >> np.uint64(shift)) & _SIXTEEN).astype(np.float64)
        return (total / 65535.0 - 2.0) * np.sqrt(3.0)

    def smooth(self, identity: ArrayLike, years: ArrayLike) -> Floats:
        """Like `normal`, but close years have close numbers (a moving sum over three years)."""
        at = np.asarray(years, dtype=np.int64)
        parts = [self.normal(identity, (at - lag).astype(np.uint64)) for lag in (0, 1, 2)]
        return (parts[0] + parts[1] + parts[2]) / np.sqrt(3.0)

    def _hash(self, axes: tuple[ArrayLike, ...]) -> Ids:
        state = self._key
        for axis in axes:
            state = _scramble(state ^ np.asarray(axis).astype(np.uint64))
        return state


def _scramble(value: Ids) -> Ids:
    """One round of splitmix64: every bit of the argument moves every bit of the result."""
    value = value + _STEP
    value = (value ^ (value >> np.uint64(30))) * _MIX_1
    value = (value ^ (value >> np.uint64(27))) * _MIX_2
    return value ^ (value >> np.uint64(31))


def _label(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
