"""Cluster strength: a rule of quantiles that sorts the cells of a cluster into levels.

Belongs here: the rule, its defaults, its thresholds and its verdicts. Does not belong here: the
quotients it looks at (`pipelines.metrics.specialisation`), reading a rule's file
(`pipelines.commands.metrics`).

A verdict has three values: true, false, and unknown (NaN) where a withheld figure could fall on
either side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.errors import MetricInput

Floats = NDArray[np.float64]
LEVELS = ("qualifying", "significant", "strong", "strong10")
MEASURES = ("employment", "establishments")


@dataclass(frozen=True)
class Level:
    """One level: where its LQ has to lie.

    Attributes:
        quantile: of LQ over the regions with employment in the cluster.
        strictly: above the quantile; otherwise at it or above.
        lq_min: least LQ besides, or None.
        p_value_max: greatest bootstrap p-value besides, or None.
    """

    quantile: float
    strictly: bool
    lq_min: float | None = None
    p_value_max: float | None = None


@dataclass(frozen=True)
class StrengthRule:
    """Base (measures strictly above a quantile) and the four levels that build on it.

    The defaults are the rule of the U.S. Cluster Mapping Project. A rule's file gives any part of
    it anew; what it leaves out keeps its default:

        base: {quantile: 0.25, measures: [employment, establishments]}
        qualifying: {quantile: 0.25, strictly: true}
        significant: {quantile: 0.50, strictly: true}
        strong: {quantile: 0.75, strictly: false, lq_min: 1}
        strong10: {quantile: 0.90, strictly: false, lq_min: 1}

    Each level takes `p_value_max` too (none by default).
    """

    base_quantile: float = 0.25
    measures: tuple[str, ...] = MEASURES
    levels: Mapping[str, Level] = field(
        default_factory=lambda: {
            "qualifying": Level(0.25, True),
            "significant": Level(0.50, True),
            "strong": Level(0.75, False, lq_min=1.0),
            "strong10": Level(0.90, False, lq_min=1.0),
        }
    )

    @classmethod
    def from_mapping(cls, rule: Mapping[str, Any]) -> StrengthRule:
        """Read a rule from a mapping of the shape shown above.

        Raises:
            MetricInput: a key, a measure or a value that a rule does not have.
        """
        default = cls()
        _only("the rule", rule, ("base", *LEVELS))
        base = _mapping("base", rule.get("base", {}))
        _only("base", base, ("quantile", "measures"))
        measures = base.get("measures", default.measures)
        if not isinstance(measures, list | tuple) or not measures or set(measures) - set(MEASURES):
            raise MetricInput(f"base: measures must be some of {', '.join(MEASURES)}: {measures!r}")
        levels = {}
        for name in LEVELS:
            given = _mapping(name, rule.get(name, {}))
            _only(name, given, ("quantile", "strictly", "lq_min", "p_value_max"))
            usual = default.levels[name]
            strictly = given.get("strictly", usual.strictly)
            if not isinstance(strictly, bool):
                raise MetricInput(f"{name}: strictly must be true or false: {strictly!r}")
            levels[name] = Level(
                _number(name, "quantile", given.get("quantile", usual.quantile), 1.0),
                strictly,
                _number(name, "lq_min", given.get("lq_min", usual.lq_min), np.inf, empty=True),
                _number(name, "p_value_max", given.get("p_value_max"), 1.0, empty=True),
            )
        quantile = _number("base", "quantile", base.get("quantile", default.base_quantile), 1.0)
        return cls(quantile, tuple(dict.fromkeys(measures)), levels)


@dataclass(frozen=True)
class Strength:
    """Verdicts (regions × clusters: 1, 0 or NaN) and thresholds (one value a cluster)."""

    verdicts: dict[str, Floats]
    thresholds: dict[str, Floats]
    measures: tuple[str, ...]


def cluster_strength(
    lq: ArrayLike,
    employment: ArrayLike,
    establishments: ArrayLike | None = None,
    *,
    lq_bounds: tuple[ArrayLike, ArrayLike] | None = None,
    employment_bounds: tuple[ArrayLike, ArrayLike] | None = None,
    p_value: ArrayLike | None = None,
    rule: StrengthRule | None = None,
) -> Strength:
    """Sort cells into qualifying, significant, strong and strong10.

    Thresholds are quantiles by linear interpolation over the regions whose employment in the
    cluster is known and above 0. A known cell is judged by its figures, a withheld one by its
    bounds: above at both ends, below at both ends, or unknown.

    Args:
        lq, employment, establishments: regions × clusters; NaN where not known. Without
            establishments the base uses employment alone (`measures` in the result says so).
        lq_bounds, employment_bounds: lower and upper of the same; needed for verdicts on cells
            that are not known.
        p_value: of the standardised LQ, where a level asks for it.
        rule: the default is the rule of the U.S. Cluster Mapping Project.

    Raises:
        MetricInput: shapes differ, a level asks for p-values and there are none, or the base asks
            for nothing but establishments and there are none.

    Source:
        U.S. Cluster Mapping Project: a strong cluster has an LQ at or above the 75th percentile
        of the regions with employment in it and at or above 1, and employment and establishments
        above their 25th percentiles.
    """
    rule = rule or StrengthRule()
    quotient, jobs = np.asarray(lq, dtype=float), np.asarray(employment, dtype=float)
    figures = {"employment": jobs}
    if establishments is not None:
        figures["establishments"] = np.asarray(establishments, dtype=float)
    measures = tuple(name for name in rule.measures if name in figures)
    if not measures:
        raise MetricInput("the base of the rule needs establishments, and there are none")
    shapes = {quotient.shape, *(values.shape for values in figures.values())}
    if len(shapes) != 1 or quotient.ndim != 2:
        raise MetricInput(f"figures must be regions × clusters of one shape, not {shapes}")

    counted = np.isfinite(jobs) & (jobs > 0)
    bounds = {"employment": _ends(jobs, employment_bounds)}
    if establishments is not None:
        bounds["establishments"] = _ends(figures["establishments"], None)
    thresholds: dict[str, Floats] = {}
    base = np.ones(quotient.shape)
    for name in measures:
        limit = _quantiles(figures[name], counted, rule.base_quantile)
        thresholds[f"{name}_base"] = limit
        base = _both(base, _reaches(bounds[name], limit[None, :], strictly=True))
    # nothing is no cluster, whatever else is not known
    base = np.where(jobs == 0, 0.0, base)

    ends = _ends(quotient, lq_bounds)
    verdicts = {}
    for name, level in rule.levels.items():
        limit = _quantiles(quotient, counted, level.quantile)
        thresholds[f"lq_{name}"] = limit
        verdict = _both(base, _reaches(ends, limit[None, :], strictly=level.strictly))
        if level.lq_min is not None:
            least = np.full((1, 1), level.lq_min)
            verdict = _both(verdict, _reaches(ends, least, strictly=False))
        if level.p_value_max is not None:
            if p_value is None:
                raise MetricInput(f"{name} asks for a p-value, and there are none")
            p = np.asarray(p_value, dtype=float)
            small = np.where(np.isnan(p), np.nan, (p <= level.p_value_max).astype(float))
            verdict = _both(verdict, small)
        verdicts[name] = verdict
    return Strength(verdicts, thresholds, measures)


def _quantiles(values: Floats, counted: NDArray[np.bool_], quantile: float) -> Floats:
    """Quantile of each column over the counted cells, between order statistics; NaN without any."""
    ordered = np.sort(np.where(counted & np.isfinite(values), values, np.inf), axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    result = np.full(values.shape[1], np.nan)
    some = np.flatnonzero(count)
    place = quantile * (count[some] - 1)
    lesser = np.floor(place).astype(int)
    low = ordered[lesser, some]
    high = ordered[np.minimum(lesser + 1, count[some] - 1), some]
    # numpy's own interpolation, to the last bit: verdicts compare figures with the result
    part, width = place - lesser, high - low
    result[some] = np.where(part >= 0.5, high - width * (1 - part), low + width * part)
    return result


def _ends(values: Floats, bounds: tuple[ArrayLike, ArrayLike] | None) -> tuple[Floats, Floats]:
    """The figure twice where it is known, else its bounds, else NaN."""
    if bounds is None:
        return values, values
    low, high = (np.asarray(end, dtype=float) for end in bounds)
    known = np.isfinite(values)
    return np.where(known, values, low), np.where(known, values, high)


def _reaches(ends: tuple[Floats, Floats], limit: Floats, *, strictly: bool) -> Floats:
    """1 where both ends lie above the limit, 0 where neither does, NaN where not known."""
    low, high = ends
    above = (low > limit, high > limit) if strictly else (low >= limit, high >= limit)
    known = ~(np.isnan(low) | np.isnan(high) | np.isnan(limit))
    return np.where(known & above[0], 1.0, np.where(known & ~above[1], 0.0, np.nan))


def _both(one: Floats, other: Floats) -> Floats:
    """Three-valued AND: false wins over unknown, unknown over true."""
    no = (one == 0) | (other == 0)
    return np.where(no, 0.0, np.where(np.isnan(one) | np.isnan(other), np.nan, 1.0))


def _only(name: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    strange = [str(key) for key in given if key not in known]
    if strange:
        raise MetricInput(f"{name}: unknown {', '.join(strange)}; there are {', '.join(known)}")


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MetricInput(f"{name} must hold keys and values, not {value!r}")
    return value


def _number(name: str, key: str, value: Any, most: float, *, empty: bool = False) -> Any:
    if value is None and empty:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise MetricInput(f"{name}: {key} must be a number from 0 to {most:g}: {value!r}")
    return float(value)
