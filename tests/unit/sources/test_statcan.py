"""Statistics Canada: a whole table in a zip, letters beside empty figures, months without gaps."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.settings import Settings
from pipelines.sources.statcan import SOURCE
from tests.replies import cells, parsed, reply

URL = "https://www150.statcan.gc.ca/n1/tbl/csv/33100270-eng.zip"
HEAD = (
    '"REF_DATE","GEO","DGUID","Industry","Business dynamics measure","UOM","UOM_ID",'
    '"SCALAR_FACTOR","SCALAR_ID","VECTOR","COORDINATE","VALUE","STATUS","SYMBOL","TERMINATED",'
    '"DECIMALS"\r\n'
)
ABOUT = (
    '"Cube Title","Product Id","CANSIM Id",URL,"Cube Notes","Archive Status",Frequency,'
    '"Start Reference Period","End Reference Period","Total number of dimensions"\r\n'
    '"Openings, and closures","33100270",,"u",5;6,"CURRENT","Monthly","2024-11-01",'
    '"2025-01-01","3"\r\n'
    "\r\nSymbol Legend\r\n"
)
MONTHS = ("2024-11", "2024-12", "2025-01")


def row(month: str, geo: str, measure: str, value: str, status: str = "", over: str = "") -> str:
    cells = (
        month, geo, "2021A000235", "Manufacturing [31-33]", measure, "Number", "223", "units", "0",
        "v1", "1.6.1", value, status, "", over, "0",
    )  # fmt: skip
    return ",".join(f'"{cell}"' for cell in cells) + "\r\n"


ROWS = [
    *(
        row(month, "Ontario ", "Entrants", value)
        for month, value in zip(MONTHS, "579", strict=True)
    ),
    *(row(month, "Nunavut", "Entrants", "", "x") for month in MONTHS),
    row("2024-11", "Ontario ", "Exits", "12", "E"),
    row("2024-12", "Ontario ", "Exits", "0"),
    row("2025-01", "Ontario ", "Exits", "", ".."),
]


def delivery(folder: Path, rows: list[str] = ROWS, head: str = HEAD, about: str | None = ABOUT):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("33100270.csv", "\ufeff" + head + "".join(rows))
        if about is not None:
            archive.writestr("33100270_MetaData.csv", "\ufeff" + about)
    return reply(folder, sink.getvalue(), Media.ZIP, URL)


def test_letters_stay_beside_empty_figures(tmp_path: Path) -> None:
    file = delivery(tmp_path)
    assert SOURCE.prove("33100270", [file]).version == "2025-01"
    got = parsed(SOURCE, "33100270", [file])
    assert got.bad.is_empty() and got.good.height == len(ROWS)
    shown = got.good.filter(period="2025-01").sort("geo_name", "measure")
    assert cells(shown, "geo_name", "measure", "businesses_count", "status") == [
        ("Nunavut", "Entrants", None, "x"),
        ("Ontario", "Entrants", 9.0, None),
        ("Ontario", "Exits", None, ".."),
    ]
    zero = got.good.filter(period="2024-12", measure="Exits")
    assert cells(zero, "geo_code_dguid", "businesses_count") == [("2021A000235", 0.0)]


def test_a_copy_with_plain_names_is_read(tmp_path: Path) -> None:
    head = "month,year,region,industry,measure,value,status,data_available\n"
    rows = [f"{month},x,Quebec,Construction [23],Entrants,870.0,,1\n" for month in MONTHS]
    file = delivery(tmp_path, rows, head)
    SOURCE.prove("33100270", [file])
    got = parsed(SOURCE, "33100270", [file])
    assert cells(got.good.head(1), "period", "geo_name", "geo_code_dguid", "businesses_count") == [
        ("2024-11", "Quebec", None, 870.0)
    ]


@pytest.mark.parametrize("number", [1, 2, 4, 8])
def test_a_row_less_is_refused(tmp_path: Path, number: int) -> None:
    rows = [*ROWS[:number], *ROWS[number + 1 :]]
    with pytest.raises(Incomplete, match="1 series lack months, the first of them") as refused:
        SOURCE.prove("33100270", [delivery(tmp_path, rows)])
    assert refused.value.outcome == Outcome.TRUNCATED


def test_a_series_that_is_over_may_end(tmp_path: Path) -> None:
    over = [row(month, "Yukon", "Exits", "7", over="t") for month in MONTHS[:2]]
    SOURCE.prove("33100270", [delivery(tmp_path, [*ROWS, *over])])
    over = [row(month, "Yukon", "Exits", "7") for month in MONTHS[:2]]
    with pytest.raises(Incomplete, match=r"Exits of Manufacturing .* in Yukon, with 2 of 3 months"):
        SOURCE.prove("33100270", [delivery(tmp_path, [*ROWS, *over])])


def test_a_month_less_or_a_member_less_is_refused(tmp_path: Path) -> None:
    fewer = [line for line in ROWS if "2025-01" not in line]
    with pytest.raises(Incomplete, match="2024-11 to 2024-12 came, 2024-11 to 2025-01 were ann"):
        SOURCE.prove("33100270", [delivery(tmp_path, fewer)])
    with pytest.raises(Incomplete, match=r"member 33100270_MetaData\.csv is missing"):
        SOURCE.prove("33100270", [delivery(tmp_path, about=None)])
    with pytest.raises(SchemaDrift, match="does not say from when to when"):
        SOURCE.prove("33100270", [delivery(tmp_path, about="nothing\r\n")])


def test_another_unit_or_letter_is_held_back_and_a_lost_column_stops_it(tmp_path: Path) -> None:
    rows = [ROWS[0].replace('"units"', '"thousands"'), ROWS[1], ROWS[6].replace('"E"', '"Q"')]
    got = parsed(SOURCE, "33100270", [delivery(tmp_path, rows)])
    assert got.bad["rule"].to_list() == ["not_allowed", "not_allowed"]
    assert set(got.bad["column_name"]) == {"scalar_factor", "status"}
    with pytest.raises(SchemaDrift, match="none of the columns GEO, region is there"):
        parsed(SOURCE, "33100270", [delivery(tmp_path, head=HEAD.replace("GEO", "PLACE"))])


def test_one_request_for_the_table_and_always_on() -> None:
    settings = Settings(profile="live")
    spec = SOURCE.next_request("33100270", [], settings)
    assert spec.url == URL and spec.static and SOURCE.off(settings) == ""
