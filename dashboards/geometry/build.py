"""Rebuild the outlines in this folder from the unpacked us-atlas and world-atlas packages.

Belongs here: which shapes and properties are kept, how arcs are pruned, where the result goes.
Does not belong here: fetching the packages (README.md says how), drawing.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEED = HERE.parents[1] / "dbt_project" / "seeds" / "reference" / "apec_economies.csv"
FIRST_TERRITORY = "57"  # FIPS codes above the fifty states and DC are territories
ANTARCTICA = "010"
# Natural Earth gives this islet Australia's code; two shapes with one id would be filled twice.
SHARES_AN_ID = "Ashmore and Cartier Is."
# BACI's codes are ISO 3166-1 numeric codes, but for these two.
ISO_NUMERIC = {"USA": "840", "TWN": "158"}

# In degrees; a dot of a map that is 1,000 dots wide is 0.36 degrees.
WORLD_TOLERANCE = 0.12
WORLD_LEAST = 0.6

Shape = dict[str, Any]


def arc_numbers(arcs: Any) -> Iterator[int]:
    """Every arc that a geometry uses; the one's complement stands for the arc reversed."""
    for item in arcs:
        if isinstance(item, list):
            yield from arc_numbers(item)
        else:
            yield item if item >= 0 else ~item


def renumber(arcs: Any, new: dict[int, int]) -> Any:
    """The same nesting of arcs under their new numbers, directions kept."""
    if isinstance(arcs, list):
        return [renumber(item, new) for item in arcs]
    return new[arcs] if arcs >= 0 else ~new[~arcs]


def extract(topology: Shape, name: str, keep: Callable[[Shape], Shape | None]) -> Shape:
    """A topology with one object and only the arcs that this object needs.

    Args:
        topology: a quantised TopoJSON topology.
        name: the object to take over.
        keep: gives the shape's new `id` and `properties`, or None to leave the shape out.
    """
    chosen = [
        (shape, head)
        for shape in topology["objects"][name]["geometries"]
        if (head := keep(shape)) is not None
    ]
    used = sorted({arc for shape, _ in chosen for arc in arc_numbers(shape["arcs"])})
    new = {old: position for position, old in enumerate(used)}
    shapes = [
        {"type": shape["type"], **head, "arcs": renumber(shape["arcs"], new)}
        for shape, head in sorted(chosen, key=lambda pair: pair[1].get("id", "~"))
    ]
    return {
        "type": "Topology",
        "transform": topology["transform"],
        "objects": {name: {"type": "GeometryCollection", "geometries": shapes}},
        "arcs": [topology["arcs"][old] for old in used],
    }


def simplified(topology: Shape, tolerance: float, least: float) -> Shape:
    """The same shapes with fewer points: a map of the world is a few hundred dots high.

    Arcs are simplified one by one (Douglas and Peucker 1973), so that neighbours keep one border.
    Rings smaller than `least` go, but for the largest of each shape.

    Args:
        topology: result of `extract`.
        tolerance: how far a dropped point may lie beside the line, in degrees.
        least: width and height below which a ring is dropped, in degrees.
    """
    scale_x, scale_y = topology["transform"]["scale"]
    arcs = [list(itertools.accumulate(arc, lambda a, b: [a[0] + b[0], a[1] + b[1]]))
            for arc in topology["arcs"]]  # fmt: skip

    def size(ring: list[int]) -> float:
        points = [point for number in arc_numbers(ring) for point in arcs[number]]
        xs, ys = zip(*points, strict=True)
        return max((max(xs) - min(xs)) * scale_x, (max(ys) - min(ys)) * scale_y)

    name, collection = next(iter(topology["objects"].items()))
    shapes = []
    for shape in collection["geometries"]:
        polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        largest = max(polygons, key=lambda polygon: size(polygon[0]))
        kept = [polygon for polygon in polygons if polygon is largest or size(polygon[0]) >= least]
        shapes.append({**shape, "type": "MultiPolygon", "arcs": kept})
    rings = [ring for shape in shapes for polygon in shape["arcs"] for ring in polygon]
    thin = [_thinned(arc, tolerance / scale_x) for arc in arcs]
    # A ring that collapses or turns over is filled from the outside: the whole globe but itself.
    while spoilt := {
        number
        for ring in rings
        if not _same_ring(ring, arcs, thin)
        for number in arc_numbers(ring)
        if len(thin[number]) < len(arcs[number])
    }:
        for number in spoilt:
            thin[number] = arcs[number]
    deltas = [
        [arc[0], *([b[0] - a[0], b[1] - a[1]] for a, b in itertools.pairwise(arc))] for arc in thin
    ]
    smaller = {
        **topology,
        "objects": {name: {"type": "GeometryCollection", "geometries": shapes}},
        "arcs": deltas,
    }
    return extract(
        smaller, name, lambda shape: {k: shape[k] for k in ("id", "properties") if k in shape}
    )


def _same_ring(ring: list[int], before: list[Any], after: list[Any]) -> bool:
    """The area of a ring has kept its sign and two thirds of its size."""
    old, new = (_area(ring, arcs) for arcs in (before, after))
    return old * new > 0 and abs(new) > abs(old) * 2 / 3


def _area(ring: list[int], arcs: list[Any]) -> float:
    points: list[list[int]] = []
    for number in ring:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += arc if not points else arc[1:]
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(points)) / 2


def _thinned(points: list[list[int]], tolerance: float) -> list[list[int]]:
    """Douglas and Peucker; a closed ring is cut at the point that is farthest from its start."""
    if len(points) < 5:
        return points
    if points[0] == points[-1]:
        far = max(range(len(points)), key=lambda i: math.dist(points[i], points[0]))
        first = _thinned_line(points[: far + 1], tolerance)
        ring = first[:-1] + _thinned_line(points[far:], tolerance)
        return ring if len(ring) > 3 else [points[0], points[far // 2], points[far], points[-1]]
    return _thinned_line(points, tolerance)


def _thinned_line(points: list[list[int]], tolerance: float) -> list[list[int]]:
    keep = {0, len(points) - 1}
    todo = [(0, len(points) - 1)]
    while todo:
        start, end = todo.pop()
        if end - start < 2:
            continue
        (ax, ay), (bx, by) = points[start], points[end]
        length = math.hypot(bx - ax, by - ay)

        def beside(i: int, a: list[int] = points[start], dx: int = bx - ax, dy: int = by - ay,
                   length: float = length) -> float:  # fmt: skip
            x, y = points[i]
            if length == 0:
                return math.hypot(x - a[0], y - a[1])
            return abs(dy * (x - a[0]) - dx * (y - a[1])) / length

        far = max(range(start + 1, end), key=beside)
        if beside(far) > tolerance:
            keep.add(far)
            todo += [(start, far), (far, end)]
    return [points[i] for i in sorted(keep)]


def united_states(shape: Shape) -> Shape | None:
    """States and counties of the fifty states and DC."""
    if shape["id"] >= FIRST_TERRITORY:
        return None
    return {"id": shape["id"], "properties": {"name": shape["properties"]["name"]}}


def world(economies: dict[str, dict[str, str]]) -> Callable[[Shape], Shape | None]:
    """Countries; APEC economies get their APEC name and the project's `geo_id`."""

    def keep(shape: Shape) -> Shape | None:
        code, name = shape.get("id"), shape["properties"]["name"]
        if code == ANTARCTICA or name == SHARES_AN_ID:
            return None
        if code is None:
            return {"properties": {"name": name}}
        if code in economies:
            row = economies[code]
            name_and_id = {"name": row["economy_name"], "geo_id": row["geo_id"]}
            return {"id": code, "properties": name_and_id}
        return {"id": code, "properties": {"name": name}}

    return keep


def apec_by_iso_numeric(rows: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    """The seed's rows by ISO 3166-1 numeric code, three digits."""
    return {ISO_NUMERIC.get(row["geo_id"], row["economy_code_baci"].zfill(3)): row for row in rows}


def main() -> None:
    """Write the three files next to this script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("us_atlas", type=Path, help="unpacked us-atlas package")
    parser.add_argument("world_atlas", type=Path, help="unpacked world-atlas package")
    given = parser.parse_args()
    with SEED.open(newline="", encoding="utf-8") as handle:
        economies = apec_by_iso_numeric(list(csv.DictReader(handle)))
    plan: list[tuple[str, Path, str, Callable[[Shape], Shape | None]]] = [
        ("us-states.json", given.us_atlas / "states-10m.json", "states", united_states),
        ("us-counties.json", given.us_atlas / "counties-10m.json", "counties", united_states),
        (
            "world-countries.json",
            given.world_atlas / "countries-50m.json",
            "countries",
            world(economies),
        ),
    ]
    for target, source, name, keep in plan:
        topology = extract(json.loads(source.read_text(encoding="utf-8")), name, keep)
        if name == "countries":
            topology = simplified(topology, WORLD_TOLERANCE, WORLD_LEAST)
        text = json.dumps(topology, ensure_ascii=False, separators=(",", ":"))
        (HERE / target).write_text(text + "\n", encoding="utf-8")
        print(f"{target}: {len(topology['objects'][name]['geometries'])} shapes, {len(text)} bytes")


if __name__ == "__main__":
    main()
