"""Schooling by county: titles above the header, periods as columns, thousands with separators."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media
from pipelines.sources.usda import SOURCE
from tests.replies import cells, parsed, reply

TITLES = '\ufeff"Educational attainment, 1970-2018",,,,\r\n"Sources: ""none""",,,,\r\n'
OLD = (
    '"Less than a high school diploma, 1980","High school diploma only, 1980",'
    '"Some college (1-3 years), 1980","Four years of college or higher, 1980",'
    '"Percent of adults with less than a high school diploma, 1980",'
    '"Percent of adults with a high school diploma only, 1980",'
    '"Percent of adults completing some college (1-3 years), 1980",'
    '"Percent of adults completing four years of college or higher, 1980"'
)
NEW = (
    '"Less than a high school diploma, 2014-18","High school diploma only, 2014-18",'
    '"Some college or associate\'s degree, 2014-18","Bachelor\'s degree or higher, 2014-18",'
    '"Percent of adults with less than a high school diploma, 2014-18",'
    '"Percent of adults with a high school diploma only, 2014-18",'
    '"Percent of adults completing some college or associate\'s degree, 2014-18",'
    '"Percent of adults with a bachelor\'s degree or higher, 2014-18"'
)
HEAD = f"FIPS Code,State,Area name,2013 Urban Influence Code,{OLD},{NEW}\r\n"
NATION = 'US,United States,,"1,000",0,7,8,98.5,0.0,0.7,0.8,"2,000",0,3,4,99.7,0.0,0.1,0.2\r\n'
STATE = 'AL,Alabama,,600,1,2,3,99.0,0.2,0.3,0.5,"1,500",1,2,3,99.6,0.1,0.1,0.2\r\n'
COUNTY = 'AL,Autauga County,2,600,1,2,3,99.0,0.2,0.3,0.5,"1,400",1,2,3,99.6,0.1,0.1,0.2\r\n'
NOT_YET = "AL,Late County,2,,,,,,,,,100,0,0,0,100.0,0.0,0.0,0.0\r\n"
ROWS = ["00000," + NATION, "01000," + STATE, "01001," + COUNTY, "01003," + NOT_YET]


def file(folder: Path, rows: list[str] = ROWS, head: str = HEAD):
    url = "https://www.ers.usda.gov/webdocs/DataFiles/48747/Education.csv"
    return reply(folder, TITLES + head + "".join(rows), Media.CSV, url)


def test_each_period_and_level_is_a_row(tmp_path: Path) -> None:
    got = parsed(SOURCE, "attainment", [file(tmp_path)])
    assert got.bad.is_empty() and got.good.height == 4 * 2 * 4
    shown = got.good.filter(level_code="bachelor_or_more").sort("period_year", "area_code_fips5")
    names = ("period_year", "period_label", "area_code_fips5", "adults_count", "adults_pct")
    assert cells(shown, *names) == [
        (1980, "1980", "00000", 8, 0.8),
        (1980, "1980", "01000", 3, 0.5),
        (1980, "1980", "01001", 3, 0.5),
        (1980, "1980", "01003", None, None),
        (2018, "2014-18", "00000", 4, 0.2),
        (2018, "2014-18", "01000", 3, 0.2),
        (2018, "2014-18", "01001", 3, 0.2),
        (2018, "2014-18", "01003", 0, 0.0),
    ]
    least = got.good.filter(level_code="less_than_high_school", area_code_fips5="00000")
    assert sorted(least["adults_count"]) == [1000, 2000]


@pytest.mark.parametrize("cell", ['"1,00"', '"1,0000"', '"x1,000"', "1 000"])
def test_separators_in_the_wrong_place_are_no_figure(tmp_path: Path, cell: str) -> None:
    rows = [ROWS[0].replace('"1,000"', cell), *ROWS[1:]]
    got = parsed(SOURCE, "attainment", [file(tmp_path, rows)])
    assert got.bad["rule"].to_list() == ["not_a_integer"]


def test_counties_have_to_be_the_adults_of_their_state(tmp_path: Path) -> None:
    assert SOURCE.prove("attainment", [file(tmp_path)]).version == "2018"
    with pytest.raises(Incomplete, match="AL has 1506 adults in 2018, its counties 1406"):
        SOURCE.prove("attainment", [file(tmp_path, ROWS[:3])])
    with pytest.raises(Incomplete, match="no state"):
        SOURCE.prove("attainment", [file(tmp_path, ROWS[:1])])
    with pytest.raises(Incomplete, match="cut short"):
        SOURCE.prove("attainment", [file(tmp_path, [*ROWS[:3], ROWS[3][:40]])])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("FIPS Code", "Area code", "no line begins with 'FIPS Code'"),
        ("Area name", "Name", "column Area name is not there"),
        ("High school diploma only, 1980", "Diploma, 1980", "1980 has no .* count of high_school"),
        ("only, 1980\",\"Percent", "only in 1980\",\"Percent", "share of high_school"),
    ],
)  # fmt: skip
def test_a_renamed_column_is_schema_drift(tmp_path: Path, old: str, new: str, said: str) -> None:
    head = HEAD.replace(old, new)
    assert head != HEAD
    with pytest.raises(SchemaDrift, match=said):
        parsed(SOURCE, "attainment", [file(tmp_path, head=head)])


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    one, two = file(tmp_path), file(tmp_path, ROWS[::-1])
    assert one.sha256 != two.sha256
    assert SOURCE.canonical_sha256("", [one]) == SOURCE.canonical_sha256("", [two])
