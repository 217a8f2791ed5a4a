"""Survival of export flows: spells from a panel of presence, Kaplan-Meier, Greenwood.

Belongs here: when a flow begins and ends, and how long flows last. Does not belong here: which
flow belongs to which cluster or period (SQL), and what counts as a flow's value.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class LifeTable:
    """A Kaplan-Meier estimate; entry n is age n + 1.

    Attributes:
        at_risk: spells that reached the age and of which it is known whether they ended at it.
        ended: those that ended.
        survival: probability of outliving the age; NaN from the age on at which nobody is at risk
            while survival is above zero.
        standard_error: Greenwood's; NaN where survival is 0 or NaN, or where no spell has ended
            so far, because no variance can be told from that.
        lower, upper: interval around survival, cut at 0 and 1; NaN where the error is.
    """

    at_risk: Integers
    ended: Integers
    survival: Floats
    standard_error: Floats
    lower: Floats
    upper: Floats


def kaplan_meier(
    durations: ArrayLike,
    ended: ArrayLike,
    *,
    horizon: int,
    level: float = 0.95,
) -> LifeTable:
    """Kaplan-Meier's product-limit estimator over whole years, with Greenwood's interval.

    S(n) = product over ages a <= n of (1 - d_a / n_a); variance S(n)^2 × sum of
    d_a / (n_a (n_a - d_a)); the interval is S ± z × error.

    Args:
        durations: for each spell, the number of yearly transitions seen: one that ended counts the
            transition at which it did, one that did not counts those that it outlived. A spell
            that was seen in its first year only and may have gone on has duration 0 and is never
            at risk.
        ended: whether the spell was seen to end (True) or was still there (False).
        horizon: last age, in years.
        level: coverage of the interval.

    Raises:
        MetricInput: lengths differ, a duration is negative or no whole number, a spell ended
            before its first transition, or horizon or level make no sense.

    Source:
        Kaplan, E. L. and Meier, P. (1958), Nonparametric estimation from incomplete observations,
        Journal of the American Statistical Association 53, 457-481; Greenwood, M. (1926), The
        natural duration of cancer, Reports on Public Health and Medical Subjects 33.
    """
    length = np.asarray(durations)
    gone = np.asarray(ended)
    if length.ndim != 1 or gone.shape != length.shape:
        raise MetricInput(
            f"durations and ended have the shapes {length.shape} and {gone.shape}; both have to be "
            "one entry for each spell"
        )
    if gone.dtype != np.bool_:
        raise MetricInput(f"ended is of type {gone.dtype}; it has to be true or false")
    if length.size and not np.array_equal(length, np.asarray(length, dtype=np.int64)):
        raise MetricInput("durations have to be whole years")
    length = length.astype(np.int64)
    if length.size and length.min() < 0:
        raise MetricInput(f"duration {length.min()} is negative")
    if np.any(gone & (length == 0)):
        raise MetricInput("a spell with duration 0 ended; an end takes one transition")
    if horizon < 1:
        raise MetricInput(f"horizon is {horizon}; it has to be one year or more")
    if not 0 < level < 1:
        raise MetricInput(f"level is {level}; it has to lie between 0 and 1")
    ages = np.arange(1, horizon + 1)
    at_risk = (length[None, :] >= ages[:, None]).sum(axis=1)
    died = ((length[None, :] == ages[:, None]) & gone[None, :]).sum(axis=1)
    return life_table(at_risk, died, level=level)


def life_table(at_risk: ArrayLike, ended: ArrayLike, *, level: float = 0.95) -> LifeTable:
    """The estimate of `kaplan_meier` from counts by age (entry n is age n + 1).

    Raises:
        MetricInput: more spells ended at an age than were at risk, or more are at risk than
            outlived the age before.
    """
    n = np.asarray(at_risk, dtype=np.int64)
    d = np.asarray(ended, dtype=np.int64)
    if n.shape != d.shape or n.ndim != 1:
        raise MetricInput(f"at_risk and ended have the shapes {n.shape} and {d.shape}")
    if np.any(d < 0) or np.any(d > n):
        raise MetricInput("at an age more spells ended than were at risk")
    if np.any(n[1:] > (n - d)[:-1]):
        raise MetricInput("at an age more spells are at risk than outlived the one before")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    survival = np.full(n.shape, np.nan)
    error = np.full(n.shape, np.nan)
    so_far, hazard_sum = 1.0, 0.0
    for age in range(len(n)):
        if so_far == 0.0:
            survival[age] = 0.0  # nobody is left to be at risk
            continue
        if n[age] == 0:
            break
        so_far *= 1 - d[age] / n[age]
        survival[age] = so_far
        if n[age] > d[age]:
            hazard_sum += d[age] / (n[age] * (n[age] - d[age]))
        if so_far > 0 and hazard_sum > 0:
            error[age] = so_far * np.sqrt(hazard_sum)
    return LifeTable(
        n,
        d,
        survival,
        error,
        np.clip(survival - z * error, 0, 1),
        np.clip(survival + z * error, 0, 1),
    )


@dataclass(frozen=True)
class Spells:
    """New spells of a panel: one entry for each.

    Attributes:
        line: row of the panel.
        start: column of the panel in which the spell begins.
        duration: transitions seen, see `kaplan_meier`.
        ended: whether the spell was seen to end.
    """

    line: Integers
    start: Integers
    duration: Integers
    ended: NDArray[np.bool_]


def new_spells(
    present: ArrayLike,
    known: ArrayLike | None = None,
    *,
    zeros_before: int = 2,
    gap_years: int = 0,
) -> Spells:
    """Spells that begin within a panel of yearly presence.

    A spell begins in a year in which a line is present after `zeros_before` years of known
    absence, so that lines present when the panel begins are left out (left-censored). It ends in
    the first of `gap_years` + 1 known absences in a row; shorter gaps are passed over. It is
    censored where the panel ends or the next years are not known: with a gap of one year, an
    absence in the last year says nothing, and so the last transition is not used for anybody.

    Args:
        present: lines × years; True where the flow is there.
        known: lines × years; False where an absence is not known to be a zero. All if left out.
        zeros_before: years of known absence that make a beginning.
        gap_years: absences in a row that do not end a spell.

    Raises:
        MetricInput: shapes differ, a flow is present in a year that is not known, or a count is
            out of range.

    Source:
        Besedeš, T. and Prusa, T. J. (2006), Ins, outs, and the duration of trade, Canadian Journal
        of Economics 39(1), 266-295 (spells, one-year gaps, censoring).
    """
    there = np.asarray(present, dtype=bool)
    if there.ndim != 2:
        raise MetricInput(f"present has {there.ndim} dimensions; it has to be lines × years")
    sure = np.ones_like(there) if known is None else np.asarray(known, dtype=bool)
    if sure.shape != there.shape:
        raise MetricInput(f"known has the shape {sure.shape}, present {there.shape}")
    if np.any(there & ~sure):
        line, year = np.argwhere(there & ~sure)[0]
        raise MetricInput(f"line {line} is present in year {year}, which is not known")
    if zeros_before < 1 or gap_years < 0:
        raise MetricInput("zeros_before has to be 1 or more and gap_years 0 or more")
    years = there.shape[1]
    found: list[tuple[int, int, int, bool]] = []
    for line in range(there.shape[0]):
        for start in range(zeros_before, years):
            before = slice(start - zeros_before, start)
            if not there[line, start] or there[line, before].any() or not sure[line, before].all():
                continue
            duration, ended = 0, False
            for age in range(1, years - start):
                window = slice(start + age, start + age + gap_years + 1)
                if start + age + gap_years >= years or not sure[line, window].all():
                    break
                duration = age
                if not there[line, window].any():
                    ended = True
                    break
            found.append((line, start, duration, ended))
    columns = list(zip(*found, strict=True)) if found else [(), (), (), ()]
    return Spells(
        np.array(columns[0], dtype=np.int64),
        np.array(columns[1], dtype=np.int64),
        np.array(columns[2], dtype=np.int64),
        np.array(columns[3], dtype=bool),
    )
