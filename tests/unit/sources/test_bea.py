"""Input-output workbooks: titles, names, notes and `...` around the cells of a table."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import httpx2 as httpx
import numpy as np
import polars as pl
import pytest
import xlsxwriter

from pipelines.demo import DemoTransport
from pipelines.demo.bea_wire import accounts
from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media
from pipelines.settings import Settings
from pipelines.sources.bea import SOURCE, matrix
from tests.replies import cells, parsed, reply

URL = "https://apps.bea.gov/industry/iTables%20Static%20Files/AllTablesSUP.zip"
SHEET = [
    ["Use of commodities", "", "", "", ""],
    ["(Millions of dollars)", "", "", "", ""],
    ["", "Name", "Farms", "Forestry", "Total"],
    ["Code", "", "111CA", "113FF", "T001"],
    ["111CA", "Farms", 55665, "...", 55665],
    ["113FF", "Forestry", "n.a.", -3, 0],
    ["Total Value Added", "", 1.5, 2, 3.5],
    ["Note. Detail may not add to total.", "", "", "", ""],
]


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()
    return sink.getvalue()


def archive(folder: Path, members: dict[str, bytes]):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as packed:
        for name, body in members.items():
            packed.writestr(name, body)
    return reply(folder, sink.getvalue(), Media.ZIP, URL)


def both(use: dict[str, list], supply: dict[str, list]) -> dict[str, bytes]:
    return {
        "Use_SUT_Framework_2022-2023_SUM.xlsx": workbook(use),
        "Supply_2022-2023_SUM.xlsx": workbook(supply),
    }


def test_cells_are_found_between_titles_names_and_notes(tmp_path: Path) -> None:
    file = archive(tmp_path, both({"ReadMe": [["x"]], "2023": SHEET}, {"2023": SHEET}))
    SOURCE.prove("summary", [file])
    got = parsed(SOURCE, "summary", [file])
    names = ("row_code", "column_code", "value_musd", "value_musd_status")
    use = got.good.filter(table_name="use").sort("row_code", "column_code")
    assert cells(use, *names) == [
        ("111CA", "111CA", 55665.0, None),
        ("111CA", "113FF", None, "not_applicable"),
        ("111CA", "T001", 55665.0, None),
        ("113FF", "113FF", -3.0, None),
        ("113FF", "T001", 0.0, None),
        ("Total Value Added", "111CA", 1.5, None),
        ("Total Value Added", "113FF", 2.0, None),
        ("Total Value Added", "T001", 3.5, None),
    ]
    assert got.bad["reason"].unique().to_list() == [
        "value_musd is 'n.a.', which is no number and no code (...)"
    ]
    assert got.bad.height == 2 and got.good.height == 16  # each of the two tables


def test_a_missing_workbook_or_year_is_refused(tmp_path: Path) -> None:
    good = both({"2022": SHEET, "2023": SHEET}, {"2022": SHEET, "2023": SHEET})
    one = {name: body for name, body in good.items() if name.startswith("Use")}
    with pytest.raises(Incomplete, match="0 workbooks of summary supply tables"):
        SOURCE.prove("summary", [archive(tmp_path, one)])
    odd = both({"2022": SHEET, "2023": SHEET}, {"2022": SHEET})
    with pytest.raises(Incomplete, match=r"not the same years as the other tables \(2023\)"):
        SOURCE.prove("summary", [archive(tmp_path, odd)])


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([["title", None], ["text", "other text"]], "no row of column codes"),
        ([["", "1", "2", "3"], ["111CA", "5", "6", "7"]], "no row of column codes"),
        ([["", "111CA", "111CA", "T001"], ["111CA", "1", "2", "3"]], "111CA stands there twice"),
    ],
)
def test_a_sheet_without_codes_is_drift(rows: list[list[str]], why: str) -> None:
    sheet = pl.DataFrame(rows, orient="row", schema=[f"c{n}" for n in range(len(rows[0]))])
    with pytest.raises(SchemaDrift, match=why):
        matrix(sheet, "sheet 2023")


def test_the_accounts_of_the_demo_balance(tmp_path: Path) -> None:
    """What an industry uses and adds is its output; what is supplied of a commodity is used."""
    got = DemoTransport(today=date(2026, 11, 1)).handle_request(httpx.Request("GET", URL))
    table = parsed(SOURCE, "summary", [reply(tmp_path, got.read(), Media.ZIP, URL)]).good
    year = table.filter(pl.col("period_year") == table["period_year"].max())

    def row(name: str, code: str) -> pl.DataFrame:
        of = year.filter((pl.col("table_name") == name) & (pl.col("row_code") == code))
        return of.select("column_code", pl.col("value_musd").fill_null(0).alias(code))

    use = row("use", "T005").join(row("use", "VABAS"), on="column_code")
    use = use.join(row("use", "T018"), on="column_code").filter(
        ~pl.col("column_code").is_in(["T001", "F010", "T019"])
    )
    assert use.height > 60
    assert (use["T005"] + use["VABAS"] - use["T018"]).abs().max() == 0
    rows, columns, figures = accounts(20050309, 2024)["Supply"]
    whole, uses = figures[:, columns.index("T013")], accounts(20050309, 2024)["Use_SUT_Framework"]
    used = uses[2][: len(rows), uses[1].index("T019")]
    np.testing.assert_array_equal(whole, used)


def test_one_request_for_all_tables() -> None:
    spec = SOURCE.next_request("summary", [], Settings(profile="live"))
    assert spec.url == URL and spec.static
