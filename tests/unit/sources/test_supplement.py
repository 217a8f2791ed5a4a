"""Supplements: the template, spreadsheets' quirks, refusals row by row."""

from __future__ import annotations

from pathlib import Path

import httpx2 as httpx
import polars as pl
import pytest

from pipelines.errors import ConfigError, SchemaDrift
from pipelines.http.classify import Media
from pipelines.settings import Settings
from pipelines.sources.supplement import SOURCE, files
from pipelines.transports import LocalTransport
from tests.conftest import Cli
from tests.replies import cells, parsed, reply

HEAD = (
    "series_id,geo_id,period_year,value,obs_status,source_name,source_url,retrieved_on,licence,"
    "note\n"
)
GOOD = "IT.NET.BBND.P2,TWN,2023,26.4,A,Office,,2025-01-31,CC0,\n"


def csv(folder: Path, *rows: str, head: str = HEAD):
    return reply(folder, head + "".join(rows), Media.CSV, "supplement://local/a.csv")


def refused(folder: Path, row: str) -> list[tuple[str, str]]:
    got = parsed(SOURCE, "a.csv", [csv(folder, GOOD, row)])
    assert got.good.height == 1 and got.bad["_row_no"].to_list() == [3]  # as a spreadsheet counts
    return cells(got.bad, "column_name", "rule")


def test_a_good_row_is_used(tmp_path: Path) -> None:
    got = parsed(SOURCE, "a.csv", [csv(tmp_path, GOOD, ",,,,,,,,,\n")])
    assert got.bad.is_empty()
    assert cells(got.good, "series_id", "geo_id", "period_year", "value") == [
        ("IT.NET.BBND.P2", "TWN", 2023, 26.4)
    ]


@pytest.mark.parametrize(
    ("old", "new", "column", "rule"),
    [
        ("26.4", '"1,234.5"', "value", "not_a_number"),
        ("26.4", '"26,4"', "value", "not_a_number"),
        ("26.4", "", "value", "required"),
        ("26.4", "inf", "value", "not_a_number"),
        ("IT.NET.BBND.P2", "IT.NET", "series_id", "not_allowed"),
        ("TWN", "Taipei", "geo_id", "pattern"),
        ("2023", "2023-01-01", "period_year", "not_a_integer"),
        ("2023", "1850", "period_year", "below_minimum"),
        (",A,", ",M,", "obs_status", "not_allowed"),
        ("CC0", "", "licence", "required"),
        ("2025-01-31", "31/01/2025", "retrieved_on", "not_a_date"),
    ],
)
def test_a_bad_row_is_held_back_with_its_reason(
    tmp_path: Path, old: str, new: str, column: str, rule: str
) -> None:
    row = GOOD.replace("2023", "2022").replace(old if old != "2023" else "2022", new)
    assert refused(tmp_path, row) == [(column, rule)]


def test_semicolons_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    body = "\ufeff" + (HEAD + GOOD).replace(",", ";")
    got = parsed(SOURCE, "a.csv", [reply(tmp_path, body, Media.CSV, "supplement://local/a.csv")])
    assert got.bad.is_empty() and got.good["value"].to_list() == [26.4]


def test_workbooks_are_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "b.xlsx"
    rows = pl.read_csv((HEAD + GOOD).encode(), infer_schema=False)
    rows.with_columns(pl.col("value").cast(pl.Float64)).write_excel(path)
    landed = reply(tmp_path, path.read_bytes(), Media.ZIP, "supplement://local/b.xlsx")
    SOURCE.prove("b.xlsx", [landed])
    got = parsed(SOURCE, "b.xlsx", [landed])
    assert got.bad.is_empty() and got.good["value"].to_list() == [26.4]


def test_what_cannot_be_read_at_all_says_so(tmp_path: Path) -> None:
    with pytest.raises(SchemaDrift, match="column value, licence is not there"):
        lost = HEAD.replace("value", "wert").replace("licence", "lizenz")
        parsed(SOURCE, "a.csv", [csv(tmp_path, GOOD, head=lost)])
    latin = reply(tmp_path, (HEAD + GOOD.replace("Office", "Büro")).encode("cp1252"), Media.CSV, "")
    with pytest.raises(SchemaDrift, match="is not UTF-8; save it as 'CSV UTF-8'"):
        parsed(SOURCE, "a.csv", [latin])
    with pytest.raises(SchemaDrift, match="cannot be read as a workbook"):
        parsed(SOURCE, "a.xlsx", [reply(tmp_path, b"PK no", Media.ZIP, "")])


def test_template_is_refused_until_its_example_is_replaced(tmp_path: Path, cli: Cli) -> None:
    path = tmp_path / "mine.csv"
    assert cli("supplement", "template", str(path))[0] == 0
    code, text = cli("supplement", "check", str(path))
    assert code == 1 and "row 2: series_id" in text and "1 rows: 0 would be used, 1 held" in text
    path.write_text(HEAD + GOOD)
    assert cli("supplement", "check", str(path)) == (
        0,
        "1 rows: 1 would be used, 0 held back\n",
    )
    assert cli("supplement", "template", str(path))[0] == 2  # never over somebody's work
    with pytest.raises(ConfigError, match=r"no \.csv or \.xlsx"):
        SOURCE.refusals(tmp_path / "x.ods")


def test_the_folder_is_served_and_nothing_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "supplements"
    folder.mkdir()
    (folder / "a b.csv").write_text(HEAD + GOOD)
    (folder / "~$a b.xlsx").write_text("open in a spreadsheet")
    (tmp_path / "secret.csv").write_text("x")
    assert [path.name for path in files(tmp_path)] == ["a b.csv"]
    settings = Settings(home=tmp_path, profile="live")
    assert SOURCE.parts(settings) == ["a b.csv"] and SOURCE.off(settings) == ""
    assert SOURCE.off(Settings(home=tmp_path, profile="demo")) == "the demo takes no supplements"
    client = httpx.Client(transport=LocalTransport(tmp_path, httpx.MockTransport(lambda r: 1)))
    assert client.get("supplement://local/a%20b.csv").text == HEAD + GOOD
    assert client.get("supplement://local/..%2Fsecret.csv").status_code == 404
