"""Stats NZ: exports bound by name, codes before names, regions with all industries."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media
from pipelines.settings import Settings
from pipelines.sources.statsnz import SOURCE
from tests.replies import cells, parsed, reply

BASE = "https://nzdotstat.stats.govt.nz/wbos"
HEAD = "\ufeffMeasure,Year,Area,ANZSIC06,Value,Flags\n"
REGIONS = ("Otago Region", "Hawke's Bay Region")
INDUSTRIES = ("F Wholesale Trade", "C12  Beverage and Tobacco Product Manufacturing")
ROWS = [
    f'"Geographic Units","2022","{region}","{industry}",{477 + 3 * n},\n'
    for n, (region, industry) in enumerate((r, i) for r in REGIONS for i in INDUSTRIES)
]
OUTSIDE = '"Geographic Units","2022","Area Outside Region","F Wholesale Trade",0,\n'


def export(folder: Path, rows: list[str], head: str = HEAD, part: str = "TABLECODE7601"):
    return reply(folder, head + "".join(rows), Media.CSV, f"{BASE}/{part}.csv")


def test_codes_are_told_from_names(tmp_path: Path) -> None:
    file = export(tmp_path, [*ROWS, OUTSIDE])
    SOURCE.prove("region_industries", [file])
    got = parsed(SOURCE, "region_industries", [file])
    assert got.bad.is_empty()
    shown = ("region_name", "industry_code_anzsic", "industry_name", "value_count", "flags")
    assert cells(got.good, *shown)[1:3] == [
        ("Otago Region", "C12", "Beverage and Tobacco Product Manufacturing", 480, None),
        ("Hawke's Bay Region", "F", "Wholesale Trade", 483, None),
    ]
    assert got.good["value_count"].to_list()[-1] == 0  # a zero that was rounded, and stays


def test_an_export_in_another_order_and_the_list_of_industries(tmp_path: Path) -> None:
    head = "Year,Area,Enterprise employee count size group,Measure,Value,Flags\n"
    lines = [
        '"2022","Otago Region","50+","Employee Count",31700,\n',
        '"2022","Otago Region","50+","Geographic Units",,c\n',
    ]
    got = parsed(SOURCE, "region_sizes", [export(tmp_path, lines, head, "TABLECODE7613")])
    assert cells(got.good, "size_group", "measure", "value_count", "flags") == [
        ("50+", "Employee Count", 31700, None),
        ("50+", "Geographic Units", None, "c"),
    ]
    text = 'Anzsic06,Description\nA,"A Agriculture, Forestry and Fishing"\nF331,F331 Basic\nT9,x\n'
    got = parsed(SOURCE, "industries", [reply(tmp_path, text, Media.CSV, f"{BASE}/anzsic06.csv")])
    assert cells(got.good, "industry_code_anzsic", "industry_name") == [
        ("A", "Agriculture, Forestry and Fishing"),
        ("F331", "Basic"),
    ]
    assert got.bad["rule"].to_list() == ["pattern"]


def test_a_row_less_is_refused_but_not_outside_the_regions(tmp_path: Path) -> None:
    for number in range(len(ROWS)):
        rows = [*ROWS[:number], *ROWS[number + 1 :], OUTSIDE]
        with pytest.raises(Incomplete, match="has 1 of 2 rows of Geographic Units in 2022"):
            SOURCE.prove("region_industries", [export(tmp_path, rows)])


def test_a_lost_column_is_drift_and_a_comma_is_no_number(tmp_path: Path) -> None:
    with pytest.raises(SchemaDrift, match="none of the columns ANZSIC06, Industry is there"):
        parsed(SOURCE, "region_industries", [export(tmp_path, ROWS, HEAD.replace("ANZSIC06", "x"))])
    odd = ROWS[0].replace("477", '"1,477"')
    got = parsed(SOURCE, "region_industries", [export(tmp_path, [odd])])
    assert got.bad["reason"].to_list() == ["value_count is '1,477', which is no integer"]


def test_off_when_live_until_exports_are_kept_somewhere() -> None:
    assert "exported from a page" in SOURCE.off(Settings(profile="live"))
    settings = Settings(profile="live", national_addresses={"statsnz": "https://x.example/nz"})
    urls = [SOURCE.next_request(part, [], settings).url for part in SOURCE.parts(settings)]
    assert urls == [
        "https://x.example/nz/TABLECODE7601.csv",
        "https://x.example/nz/TABLECODE7613.csv",
        "https://x.example/nz/anzsic06_code.csv",
    ]
