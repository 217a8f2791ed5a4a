"""Write the three seeds that say which US counties belong together or touch.

    python dbt_project/seeds/reference/build_us_areas.py CBSA_CSV ECONOMIC_AREAS_XLS

CBSA_CSV is the delineation of core based statistical areas of July 2023 (Office of Management and
Budget, Bulletin 23-01) as a CSV with the columns of the NBER's `cbsa2fipsxw.csv`;
ECONOMIC_AREAS_XLS the Bureau of Economic Analysis' "BEA Economic Areas and Counties" of November
2004. Both are works of the U.S. government, in the public domain; only the facts are taken over,
in columns of our own. Neighbours come from the outlines that the dashboards ship.

Belongs here: how the lists are made, and which county took the place of which. Does not belong
here: what is aggregated over them (the models).
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

HERE = Path(__file__).resolve().parent
OUTLINES = HERE.parents[2] / "dashboards" / "geometry" / "us-counties.json"
FIRST_TERRITORY = "57"
CBSA_VINTAGE, EA_VINTAGE = "2023-07", "2004-11"

# Statistics to 2021 have Connecticut's eight counties, which the delineation of 2023 no longer
# knows: for them the one before it holds (Bulletin 20-01, March 2020).
CONNECTICUT_CBSA = {
    "09001": ("14860", "metropolitan"),
    "09003": ("25540", "metropolitan"),
    "09005": ("45860", "micropolitan"),
    "09007": ("25540", "metropolitan"),
    "09009": ("35300", "metropolitan"),
    "09011": ("35980", "metropolitan"),
    "09013": ("25540", "metropolitan"),
    "09015": ("49340", "metropolitan"),
}
OLD_CBSA_VINTAGE = "2020-03"

# County codes that began after the list of economic areas, and the county there in whose area
# they (or, for Connecticut's planning regions, most of their people) lie.
SUCCESSORS = {
    "02063": "02261", "02066": "02261", "02105": "02232", "02158": "02270", "02195": "02280",
    "02198": "02201", "02230": "02232", "02275": "02280", "46102": "46113",
    "09110": "09003", "09120": "09001", "09130": "09007", "09140": "09009", "09150": "09015",
    "09160": "09005", "09170": "09009", "09180": "09011", "09190": "09001",
}  # fmt: skip
# The list gives the District of Columbia a county of all nines.
RENAMED = {"11999": "11001"}


def main(cbsa_file: Path, economic_areas_file: Path) -> None:
    counties = pl.read_csv(HERE / "us_counties.csv", infer_schema=False)["county_code_fips5"]
    known = set(counties)
    write("us_county_cbsa.csv", cbsas(cbsa_file, known))
    write("us_county_economic_area.csv", economic_areas(economic_areas_file, known))
    write("us_county_neighbours.csv", neighbours(json.loads(OUTLINES.read_bytes()), known))


def cbsas(path: Path, known: set[str]) -> list[dict[str, str]]:
    """County → core based statistical area; counties outside all areas have no row."""
    rows, names = [], {}
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        county = row["fipsstatecode"] + row["fipscountycode"]
        if county >= FIRST_TERRITORY or not row["cbsacode"]:
            continue
        names[row["cbsacode"]] = row["cbsatitle"]
        kind = row["metropolitanmicropolitanstatis"].split()[0].lower()
        rows.append((county, row["cbsacode"], kind, CBSA_VINTAGE))
    for county, (code, kind) in CONNECTICUT_CBSA.items():
        rows.append((county, code, kind, OLD_CBSA_VINTAGE))
    unknown = {row[0] for row in rows} - known
    assert not unknown, f"counties that us_counties.csv does not list: {sorted(unknown)}"
    return [
        {
            "county_code_fips5": county,
            "cbsa_code": code,
            "cbsa_name": names[code],
            "cbsa_type": kind,
            "delineation_vintage": vintage,
        }
        for county, code, kind, vintage in sorted(rows)
    ]


def economic_areas(path: Path, known: set[str]) -> list[dict[str, str | None]]:
    """County → economic area, for every county code in use since 2000."""
    sheet = pl.read_excel(path, sheet_id=2, infer_schema_length=0)
    listed = {
        RENAMED.get(county, county): (area, name) for county, _, area, name in sheet.iter_rows()
    }
    listed |= {new: listed[old] for new, old in SUCCESSORS.items()}
    assert not known - set(listed), f"counties without an area: {sorted(known - set(listed))}"
    return [
        {
            "county_code_fips5": county,
            "economic_area_code": listed[county][0],
            "economic_area_name": listed[county][1],
            "delineation_vintage": EA_VINTAGE,
            "successor_of": SUCCESSORS.get(county),
        }
        for county in sorted(known)
    ]


def neighbours(topology: dict[str, Any], known: set[str]) -> list[dict[str, str]]:
    """Pairs of counties whose outlines share a line, each pair once; a corner is no neighbour.

    Where three counties meet, the simplified outlines have four lines of a few units' length that
    all three share: a point, not a border.
    """
    sides: dict[int, list[str]] = {}
    for shape in topology["objects"]["counties"]["geometries"]:
        for arc in set(arc_numbers(shape["arcs"])):
            sides.setdefault(arc, []).append(shape["id"])
    pairs = {(min(two), max(two)) for two in sides.values() if len(two) == 2}
    assert {county for pair in pairs for county in pair} <= known
    lines = [unpacked(line, topology["transform"]) for line in topology["arcs"]]
    middles = {
        shape["id"]: middle(shape, lines) for shape in topology["objects"]["counties"]["geometries"]
    }
    return [
        {
            "county_code_fips5": a,
            "neighbour_code_fips5": b,
            "distance_km": f"{distance_km(middles[a], middles[b]):.1f}",
        }
        for a, b in sorted(pairs)
    ]


def unpacked(line: list[list[int]], transform: dict[str, Any]) -> list[tuple[float, float]]:
    """Longitudes and latitudes of a delta-encoded line."""
    (scale_x, scale_y), (from_x, from_y) = transform["scale"], transform["translate"]
    x = y = 0
    points = []
    for step_x, step_y in line:
        x, y = x + step_x, y + step_y
        points.append((x * scale_x + from_x, y * scale_y + from_y))
    return points


def middle(shape: dict[str, Any], lines: list[list[tuple[float, float]]]) -> tuple[float, float]:
    """Centre of area of the largest outline of a county, in degrees."""
    polygons = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
    best = (-1.0, 0.0, 0.0)
    for polygon in polygons:
        ring: list[tuple[float, float]] = []
        for arc in polygon[0]:
            part = lines[arc] if arc >= 0 else lines[~arc][::-1]
            ring += part[1:] if ring else part
        # from the ring's own corner: a small ring far from the origin would lose all its digits
        from_x, from_y = ring[0]
        ring = [(px - from_x, py - from_y) for px, py in ring]
        area = x = y = 0.0
        for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
            cross = x0 * y1 - x1 * y0
            area += cross / 2
            x += (x0 + x1) * cross / 6
            y += (y0 + y1) * cross / 6
        if abs(area) > best[0]:
            # simplified to a line: its middle
            dx = x / area if area else sum(px for px, _ in ring) / len(ring)
            dy = y / area if area else sum(py for _, py in ring) / len(ring)
            best = (abs(area), from_x + dx, from_y + dy)
    return best[1], best[2]


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great-circle distance of two points, on a sphere of 6,371 km."""
    (x0, y0), (x1, y1) = (tuple(map(math.radians, point)) for point in (one, other))
    chord = (
        math.sin((y1 - y0) / 2) ** 2 + math.cos(y0) * math.cos(y1) * math.sin((x1 - x0) / 2) ** 2
    )
    return 2 * 6371 * math.asin(math.sqrt(chord))


def arc_numbers(arcs: Any) -> Iterator[int]:
    """Every arc of a geometry; the one's complement stands for the arc reversed."""
    for item in arcs:
        if isinstance(item, list):
            yield from arc_numbers(item)
        else:
            yield item if item >= 0 else ~item


def write(name: str, rows: Sequence[Mapping[str, str | None]]) -> None:
    pl.DataFrame(rows, infer_schema_length=None).write_csv(HERE / name)
    print(f"{name}: {len(rows)} rows")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
