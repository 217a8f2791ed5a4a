"""Broadband by county: padded headers, codes without zeros, dashes that are no zeros."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media
from pipelines.sources.microsoft import _STATES, SOURCE
from tests.replies import cells, parsed, reply

HEAD = "ST,COUNTY ID,COUNTY NAME, BROADBAND AVAILABILITY PER FCC , BROADBAND USAGE \r\n"
ROWS = ["AL,1001,Autauga County, 0.81 , 0.28 \r\n", "TX,48301,Loving County, - , - \r\n"]
URL = "https://raw.githubusercontent.com/microsoft/x/broadband_data_2019November.csv"


def file(folder: Path, rows: list[str] = ROWS, head: str = "\ufeff" + HEAD):
    return reply(folder, head + "".join(rows), Media.CSV, URL)


def whole() -> list[str]:
    return [f"{state},{n + 1}001,A County,0.5,0.{n + 10}\r\n" for n, state in enumerate(_STATES)]


def test_cells_are_read_and_a_dash_says_why_there_is_no_figure(tmp_path: Path) -> None:
    got = parsed(SOURCE, "2019", [file(tmp_path)])
    assert got.bad.is_empty()
    names = (
        "period_year",
        "county_code_fips5",
        "broadband_availability_share",
        "broadband_availability_share_status",
        "broadband_usage_share",
        "broadband_usage_share_status",
    )
    assert cells(got.good, *names) == [
        (2019, "01001", 0.81, None, 0.28, None),
        (2019, "48301", None, "missing", None, "suppressed"),
    ]


def test_what_is_no_share_goes_to_quarantine(tmp_path: Path) -> None:
    rows = [ROWS[0].replace(" 0.28 ", "28%"), ROWS[0].replace("0.81", "1.2"), *ROWS[1:]]
    got = parsed(SOURCE, "2019", [file(tmp_path, rows)])
    assert sorted(got.bad["rule"]) == ["above_maximum", "not_a_number"]
    assert got.good["county_code_fips5"].to_list() == ["48301"]


def test_a_renamed_column_is_schema_drift(tmp_path: Path) -> None:
    for name in ("COUNTY ID", "BROADBAND USAGE", "ST"):
        with pytest.raises(SchemaDrift, match=name):
            parsed(SOURCE, "2019", [file(tmp_path, head=HEAD.replace(name, "X"))])


def test_a_state_without_counties_is_refused(tmp_path: Path) -> None:
    SOURCE.prove("2019", [file(tmp_path, whole())])
    with pytest.raises(Incomplete, match="no county of DC"):
        SOURCE.prove("2019", [file(tmp_path, [row for row in whole() if row[:2] != "DC"])])
    with pytest.raises(Incomplete, match="cut short"):
        SOURCE.prove("2019", [file(tmp_path, [*whole(), "WY,56045,Weston"])])


def test_a_closed_release_is_not_asked_for_again() -> None:
    assert "closed" in SOURCE.settled("2019") and "closed" in SOURCE.settled("2020")
