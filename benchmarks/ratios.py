"""Slopes and ratios of costs, and what is beyond tolerance: pure arithmetic on what was measured.

Belongs here: fits, ratios, comparing. Does not belong here: measuring, printing.

`Measured` is size → stage → the fields of `measure.Cost`, as it lies in `suite.json`; sizes are
multiples of the demo's volume. A stage's *cost* is its CPU time over that of the yardstick of the
same size and run, its *memory* its peak over the yardstick's, its *growth* the CPU time at one
size over that at the smallest. No second of one machine is ever compared with one of another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Measured = Mapping[int, Mapping[str, Mapping[str, Any]]]

YARDSTICK = "yardstick"
# By how much a ratio may exceed the baseline's: CPU time of the same work moves by a third
# when other work shares the cores, its peak memory by a tenth.
TOLERANCE = {"cost": 1.5, "growth": 1.4, "memory": 1.3}
# Below this share of the yardstick a cost is start-up and chance.
LEAST_SHARE = 0.1


@dataclass(frozen=True)
class Beyond:
    """A ratio that is further above its baseline than the tolerance allows."""

    stage: str
    size: int
    kind: str
    baseline: float
    found: float
    tolerance: float

    def __str__(self) -> str:
        return (
            f"{self.stage} at ×{self.size}: {self.kind} {self.found:.2f}, baseline "
            f"{self.baseline:.2f}: {self.found / self.baseline:.2f} times, allowed "
            f"{self.tolerance:g}"
        )


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float | None:
    """Exponent b of cost = a · size^b: least squares on the logarithms; 1 is linear.

    Returns:
        None where fewer than two sizes have a cost above zero.

    Raises:
        ValueError: as many sizes as costs are needed, and sizes above zero.
    """
    if len(sizes) != len(costs) or any(size <= 0 for size in sizes):
        raise ValueError(f"sizes {list(sizes)} do not fit costs {list(costs)}")
    points = [
        (math.log(size), math.log(cost))
        for size, cost in zip(sizes, costs, strict=True)
        if cost > 0
    ]
    if len({x for x, _ in points}) < 2:
        return None
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    over = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return over / sum((x - mean_x) ** 2 for x, _ in points)


def slopes(measured: Measured, field: str = "cpu_seconds") -> dict[str, float | None]:
    """The slope of each stage over the sizes at which it was measured."""
    found: dict[str, float | None] = {}
    for stage in stages(measured):
        sizes = [size for size in sorted(measured) if stage in measured[size]]
        found[stage] = slope(sizes, [measured[size][stage][field] for size in sizes])
    return found


def stages(measured: Measured) -> list[str]:
    """Every stage, in the order in which the smallest size ran them."""
    return list(dict.fromkeys(stage for size in sorted(measured) for stage in measured[size]))


def ratios(measured: Measured) -> dict[int, dict[str, dict[str, float]]]:
    """Size → stage → kind → ratio; `growth` is left out at the smallest size.

    Raises:
        KeyError: a size has no yardstick.
    """
    smallest = min(measured)
    found: dict[int, dict[str, dict[str, float]]] = {}
    for size, costs in sorted(measured.items()):
        unit = costs[YARDSTICK]
        for stage, spent in costs.items():
            if stage == YARDSTICK:
                continue
            of = {
                "cost": spent["cpu_seconds"] / unit["cpu_seconds"],
                "memory": spent["peak_bytes"] / unit["peak_bytes"],
            }
            first = measured[smallest].get(stage)
            if size != smallest and first and first["cpu_seconds"] > 0:
                of["growth"] = spent["cpu_seconds"] / first["cpu_seconds"]
            found.setdefault(size, {})[stage] = of
    return found


def compare(
    baseline: Measured, found: Measured, tolerance: Mapping[str, float] = TOLERANCE
) -> list[Beyond]:
    """What of `found` is beyond tolerance, the worst first; sizes that only one side has are left.

    Raises:
        ValueError: no size in common, or the smallest sizes, from which growth counts, differ; or
            a stage of the baseline was not measured.
    """
    both = sorted(set(baseline) & set(found))
    if not both or min(baseline) != min(found):
        raise ValueError(f"measured sizes {sorted(found)}, baseline {sorted(baseline)}")
    before, now = ratios(baseline), ratios(found)
    beyond = []
    for size in both:
        if missing := set(before[size]) - set(now[size]):
            raise ValueError(f"×{size}: not measured: {', '.join(sorted(missing))}")
        for stage, kinds in before[size].items():
            for kind, old in kinds.items():
                new = now[size][stage].get(kind)
                slight = max(old, new or 0) < LEAST_SHARE and kind != "growth"
                idle = now[size][stage]["cost"] < LEAST_SHARE and kind == "growth"
                if new is None or old <= 0 or slight or idle:
                    continue
                if new / old > tolerance[kind]:
                    beyond.append(Beyond(stage, size, kind, old, new, tolerance[kind]))
    return sorted(beyond, key=lambda one: one.baseline / one.found)
