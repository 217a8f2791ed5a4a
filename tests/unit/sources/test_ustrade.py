"""State exports: code and name in one cell, two levels that overlap, sums to the dollar."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media
from pipelines.settings import Settings
from pipelines.sources.ustrade import SOURCE
from tests.replies import cells, parsed, reply

HEAD = (
    '"2012 export by state by NAICS"\n"Current date: 06/25/2020 1:19 PM"\n'
    '"Commodity","State","Country","Time","Total Exports Value ($US)",\n'
)
FIGURES = {
    "All Commodities": ("1,003", "1,001", "2"),
    "336 Transportation Equipment": ("1,002", "1,001", "1"),
    "3361 Motor Vehicles": ("1,000", "1,000", None),
    "3363 Motor Vehicle Parts": ("2", "1", "1"),
    "910 Waste And Scrap": ("1", None, "1"),
    "9100 Waste And Scrap": ("1", None, "1"),
}
ROWS = [
    f'"{commodity}","{area}","World Total","2012","{value}"\n'
    for commodity, values in FIGURES.items()
    for area, value in zip(("All States", "Ohio", "Unknown"), values, strict=True)
    if value
]


def export(folder: Path, rows: list[str] = ROWS, head: str = HEAD):
    url = "https://usatrade.census.gov/exports/state_exports_2012.csv"
    return reply(folder, head + "".join(rows), Media.CSV, url)


def test_code_and_name_are_parted(tmp_path: Path) -> None:
    got = parsed(SOURCE, "2012", [export(tmp_path)])
    assert got.bad.is_empty() and got.good.height == len(ROWS)
    names = ("state_name_census", "commodity_code_naics", "commodity_name", "exports_usd")
    assert cells(got.good.filter(state_name_census="Ohio"), *names) == [
        ("Ohio", "all", "All Commodities", 1001),
        ("Ohio", "336", "Transportation Equipment", 1001),
        ("Ohio", "3361", "Motor Vehicles", 1000),
        ("Ohio", "3363", "Motor Vehicle Parts", 1),
    ]


def test_what_is_no_value_goes_to_quarantine(tmp_path: Path) -> None:
    rows = [row.replace('"1,000"', '"1,00"') for row in ROWS[:6]]
    rows += [
        '"Parts of cars","Ohio","World Total","2012","1"\n',
        '"3361 Cars","Ohio","China","2012","1"\n',
    ]
    got = parsed(SOURCE, "2012", [export(tmp_path, rows)])
    assert sorted(got.bad["rule"]) == ["not_allowed", "pattern"]
    got = parsed(SOURCE, "2012", [export(tmp_path, [row.replace("1,000", "1,00") for row in ROWS])])
    assert got.bad["rule"].to_list() == ["not_a_integer", "not_a_integer"]


@pytest.mark.parametrize("gone", range(len(ROWS)))
def test_any_row_less_is_refused(tmp_path: Path, gone: int) -> None:
    assert SOURCE.prove("2012", [export(tmp_path)]).version == "2012"
    with pytest.raises(Incomplete, match=r"rows are missing|cut short"):
        SOURCE.prove("2012", [export(tmp_path, ROWS[:gone] + ROWS[gone + 1 :])])


def test_another_year_under_the_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaDrift, match="has the year 2012, 2013 was asked for"):
        SOURCE.prove("2013", [export(tmp_path)])


def test_a_renamed_column_is_schema_drift(tmp_path: Path) -> None:
    for name in ("Commodity", "State", "Total Exports Value"):
        with pytest.raises(SchemaDrift, match=r"Commodity|State|Exports"):
            parsed(SOURCE, "2012", [export(tmp_path, head=HEAD.replace(f'"{name}', '"X'))])


def test_it_is_off_when_live_without_an_address(tmp_path: Path) -> None:
    assert "ustrade" in SOURCE.off(Settings(profile="live", home=tmp_path))
    own = Settings(
        profile="live", home=tmp_path, national_addresses={"ustrade": "https://a.org/x/"}
    )
    assert SOURCE.off(own) == ""
    spec = SOURCE.next_request("2012", [], own)
    assert spec is not None and spec.url == "https://a.org/x/state_exports_2012.csv"
    years = Settings(profile="demo", home=tmp_path, ustrade_last_year=2012, ustrade_years=2)
    assert SOURCE.parts(years) == ["2011", "2012"]
