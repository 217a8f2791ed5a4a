"""How many years one group is behind another: S-time-distance.

S(p) = t_follower(p) - t_leader(p): the time between the moments at which two series reach the same
level. Source: Sicherl, "Time distance in economics and statistics: concept, statistical measure
and examples", in Ferligoj (ed.), Advances in Data Analysis, 1993; used by ITU (Measuring the
Information Society, 2009). The leader's series is made monotone first (isotonic regression by
pool-adjacent-violators: Barlow et al., Statistical Inference under Order Restrictions, 1972): a
survey that dips for a year has not moved the moment at which a level was first reached.

Belongs here: the measure. Does not belong here: which series lead (intermediate/ecommerce).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import MetricInput

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Lag:
    """Years behind at one point in time.

    Attributes:
        years: positive = behind, negative = ahead; None where the leader's series does not reach
            the level, in which case one of the bounds is known.
        lower: the lag is more than this: the leader was beyond the level before it was first seen.
        upper: the lag is less than this: the leader has not reached the level yet.
    """

    years: float | None
    lower: float | None = None
    upper: float | None = None

    @property
    def is_censored(self) -> bool:
        return self.years is None


def isotonic(values: Doubles, weights: Doubles | None = None) -> Doubles:
    """Least-squares fit that never falls, by pooling adjacent violators.

    Args:
        values: (n) without NaN.
        weights: (n) positive; None = equal.

    Returns:
        (n) the fit; blocks of equal values where the series fell.
    """
    weight = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    # (mean, weight, length) of each block
    blocks: list[list[float]] = []
    for value, w in zip(values, weight, strict=True):
        blocks.append([float(value), float(w), 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, own, length = blocks.pop()
            into = blocks[-1]
            into[0] = (into[0] * into[1] + mean * own) / (into[1] + own)
            into[1] += own
            into[2] += length
    return np.repeat([block[0] for block in blocks], [int(block[2]) for block in blocks])


def time_reached(times: Doubles, fitted: Doubles, level: float) -> float | None:
    """First time at which a series that never falls reaches a level, linear between points.

    Args:
        times: (n) ascending.
        fitted: (n) never falling.
        level: what is to be reached.

    Returns:
        The time; None if the level lies below the first point (reached before it, unknown when)
        or above the last.
    """
    if level < fitted[0] or level > fitted[-1]:
        return None
    after = int(np.searchsorted(fitted, level, side="left"))
    if after == 0 or fitted[after] == level:
        return float(times[after])
    low, high = fitted[after - 1], fitted[after]
    share = (level - low) / (high - low)
    return float(times[after - 1] + share * (times[after] - times[after - 1]))


def lags(
    leader: Sequence[tuple[float, float]], follower: Sequence[tuple[float, float]]
) -> list[Lag]:
    """S-time-distance of the follower at each of its points.

    Args:
        leader: (time, level) with ascending times, at least two.
        follower: (time, level).

    Returns:
        One lag for each point of the follower, in order.

    Raises:
        MetricInput: times that do not ascend, fewer than two points of the leader, or a level or
            time that is no finite number.
    """
    if len(leader) < 2:
        raise MetricInput(
            f"a time distance needs two points of the leader; there are {len(leader)}"
        )
    times, levels = np.array(leader, dtype=float).T
    points = np.array(follower, dtype=float).reshape(-1, 2)
    if not (np.isfinite(times).all() and np.isfinite(levels).all() and np.isfinite(points).all()):
        raise MetricInput("a time or level is no finite number")
    if (np.diff(times) <= 0).any():
        raise MetricInput("the leader's times do not ascend")
    fitted = isotonic(levels)
    found = []
    for time, level in points.tolist():
        reached = time_reached(times, fitted, level)
        if reached is not None:
            found.append(Lag(time - reached))
        elif level < fitted[0]:
            found.append(Lag(None, lower=time - float(times[0])))
        else:
            found.append(Lag(None, upper=time - float(times[-1])))
    return found


def followership(rows: Sequence[tuple[int, float | None, float | None]]) -> list[Lag | None]:
    """Years behind in each year of one unit's two series.

    Args:
        rows: (year, leader's level, follower's level), years ascending, None = not observed. Every
            observation of the leader is used, also those after the year in question: a follower
            that is ahead is compared with what the leader came to later.

    Returns:
        One entry a row; None where the follower was not observed, or the leader at fewer than two
        points.
    """
    leader = [(year, led) for year, led, _ in rows if led is not None]
    if len(leader) < 2:
        return [None] * len(rows)
    follower = [(year, own) for year, _, own in rows if own is not None]
    found = iter(lags(leader, follower))
    return [None if own is None else next(found) for _, _, own in rows]
