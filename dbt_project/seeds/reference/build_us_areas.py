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
    return [{"county_code_fips5": a, "neighbour_code_fips5": b} for a, b in sorted(pairs)]


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
