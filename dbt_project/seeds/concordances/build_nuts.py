"""Write the seed of links between versions of NUTS.

    python dbt_project/seeds/concordances/build_nuts.py CROSSWALKS_PARQUET NUTS2024_CSV

CROSSWALKS_PARQUET are the tables of the NUTS converter of the European Commission's Joint Research
Centre (reuse with attribution, Commission Decision 2011/833/EU): which region of one version lies
in which of another, with the people who lived there in 2018. NUTS2024_CSV is Eurostat's list of the
regions of version 2024; how they came out of version 2021 stands below, for levels 1 and 2.

Belongs here: how the list is made. Does not belong here: weights (models/reference).
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import polars as pl

HERE = Path(__file__).resolve().parent
# A share of a region's people below which an overlap is a matter of outlines, not of regions.
SLIVER = 0.001
# Version 2024 at level 2. Utrecht and South Holland got new codes for a shift of 2019 that the
# converter's outlines of 2021 have already. Portugal: Centro loses Oeste (PT16B) and Médio Tejo
# (PT16I), Alentejo loses Lezíria do Tejo (PT185), and the metropolitan area of Lisbon is divided.
RENAMED_2024 = {"NL31": "NL35", "NL33": "NL36"}
PT16_OUT, PT18_OUT = {"PT16B", "PT16I"}, {"PT185"}
# Statistics Portugal, census of 2021: 808 thousand of 2,870 thousand people live south of the Tejo.
SETUBAL_SHARE = 0.281
OUTSIDE_2024 = ("CH", "IS", "NO", "UK")  # the list of 2024 is of the Union only
Link = tuple[str, str, int, str, str, int]


def main(crosswalks: Path, list_2024: Path) -> None:
    table = pl.read_parquet(crosswalks).with_columns(pl.col("level").cast(pl.Int64))
    table = table.filter(~pl.col("from_code").str.ends_with("Z"))  # extra-regio: no region
    links: list[Link] = []
    for old, new in (("2013", "2016"), ("2016", "2021")):
        overlaps = table.filter(pl.col("from_version") == old, pl.col("to_version") == new)
        kept = overlaps.filter(pl.col("pop18") > SLIVER * pl.col("pop18").sum().over("from_code"))
        lost = set(overlaps["from_code"]) - set(kept["from_code"])
        if lost or set(overlaps["to_code"]) - set(kept["to_code"]):
            raise SystemExit(f"{old} to {new}: a region would lose its only link: {lost}")
        links += [
            (old, new, level, before, after, max(1, round(people)))
            for level, before, after, people in kept.select(
                "level", "from_code", "to_code", "pop18"
            ).iter_rows()
        ]
    links += to_2024(table.filter(pl.col("from_version") == "2021", pl.col("to_version") == "2021"))
    check_2024(links, list_2024)
    header = ("from_version", "to_version", "nuts_level", "from_code", "to_code", "population_2018")
    with (HERE / "nuts_link.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(sorted(links))


def to_2024(regions: pl.DataFrame) -> list[Link]:
    """Links of version 2021 to version 2024, levels 1 and 2."""
    people = {
        code: max(1, round(count)) for code, count in regions.select("from_code", "pop18").rows()
    }

    def sum_of(parent: str, within: set[str], *, inside: bool) -> int:
        return sum(
            count
            for code, count in people.items()
            if len(code) == 5 and code.startswith(parent) and (code in within) == inside
        )

    links: list[Link] = []
    for level, code in sorted(regions.select("level", "from_code").iter_rows()):
        if level > 2 or code.startswith(OUTSIDE_2024):
            continue
        if code == "PT16":
            targets = {"PT19": sum_of(code, PT16_OUT, inside=False),
                       "PT1D": sum_of(code, PT16_OUT, inside=True)}  # fmt: skip
        elif code == "PT18":
            targets = {"PT1C": sum_of(code, PT18_OUT, inside=False),
                       "PT1D": sum_of(code, PT18_OUT, inside=True)}  # fmt: skip
        elif code == "PT17":
            south = round(people[code] * SETUBAL_SHARE)
            targets = {"PT1A": people[code] - south, "PT1B": south}
        else:
            targets = {RENAMED_2024.get(code, code): people[code]}
        links += [("2021", "2024", level, code, to, count) for to, count in targets.items()]
    return links


def check_2024(links: list[Link], list_2024: Path) -> None:
    """Stop where the regions that version 2024 has are not those that are linked to."""
    with list_2024.open(newline="", encoding="utf-8-sig") as lines:
        listed = {
            row[1]
            for row in csv.reader(lines, delimiter=";")
            if len(row) > 3 and row[3] in ("1", "2") and not row[1].endswith("Z")
        }
    linked = {link[4] for link in links if link[1] == "2024"}
    if linked != listed:
        raise SystemExit(f"version 2024: {sorted(linked ^ listed)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
