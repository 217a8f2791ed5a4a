"""Rebuild the outlines in this folder from the unpacked us-atlas and world-atlas packages.

Belongs here: which shapes and properties are kept, how arcs are pruned, where the result goes.
Does not belong here: fetching the packages (README.md says how), drawing.
"""

from __future__ import annotations

import argparse
import csv
import json
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
        text = json.dumps(topology, ensure_ascii=False, separators=(",", ":"))
        (HERE / target).write_text(text + "\n", encoding="utf-8")
        print(f"{target}: {len(topology['objects'][name]['geometries'])} shapes, {len(text)} bytes")


if __name__ == "__main__":
    main()
