"""Japan: wide tables, truth values and misspelt headers, areas that have to be there."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines import contracts
from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.settings import Settings
from pipelines.sources.base import Answer
from pipelines.sources.estat import SOURCE
from tests.replies import cells, reply

BASE = "https://www.e-stat.go.jp/stat-search/files"
AREAS = "AreaID,AreaName\n00000,Japan\n01000,Hokkaido\n01100,Sapporo(Hokkaido)\n"
CENSUS = (
    "AreaID,SFirm_32A,SFirm_350,SEmp_010,Semp_982,VA_15,Firm_4,Pop15\n"
    "00000,7,True,69,12,-21,44,109754177\n"
    "01000,0,False,9,,5,4,4749191\n"
    "01100,1,False,3,1,2,1,1700000\n"
)
IO = "AreaID(string),R1C1,R1C2,Y1\n,,,\n00000,10,2.5,30\n01000,3,-1,8\n"


def delivery(folder: Path, table: str, areas: str = AREAS, name: str = "IOTable"):
    return [
        reply(folder, areas, Media.CSV, f"{BASE}/AreaID.csv"),
        reply(folder, table, Media.CSV, f"{BASE}/{name}.csv"),
    ]


def read(part: str, replies: list) -> dict[str, contracts.Gated]:
    return {
        chunk.table: contracts.apply(SOURCE.table(chunk.table), chunk.rows, "test")
        for chunk in SOURCE.parse(part, replies)
    }


def test_a_cell_becomes_a_row_with_the_meaning_of_its_header(tmp_path: Path) -> None:
    replies = delivery(tmp_path, CENSUS)
    SOURCE.prove("areas_industries", replies)
    got = read("areas_industries", replies)
    assert all(gated.bad.is_empty() for gated in got.values())
    assert cells(got["areas"].good, "area_code_jis", "area_name")[1] == ("01000", "Hokkaido")
    counts = got["counts"].good.filter(area_code_jis="01000")
    about = ("measure", "period_year", "industry_level", "industry_code_jsic")
    assert cells(counts, *about, "value_count", "value_count_status") == [
        ("establishments", 2014, "group", "32A", 0, None),
        ("establishments", 2014, "group", "350", None, "missing"),
        ("employees", 2014, "group", "010", 9, None),
        ("employees", 2014, "group", "982", None, None),
        ("establishments", 2012, "division", "4", 4, None),
        ("population_15_and_over", 2015, "all", "all", 4749191, None),
    ]
    amounts = got["amounts"].good.filter(area_code_jis="00000")
    assert cells(amounts, *about, "value_amount") == [
        ("value_added_mjpy", 2012, "division", "15", -21.0)
    ]
    landed = sum(gated.good.height for gated in got.values())
    assert landed == 3 + 3 * 7


def test_input_output_tables_skip_the_empty_line(tmp_path: Path) -> None:
    replies = delivery(tmp_path, IO)
    SOURCE.prove("io_2015", replies)  # a city may have no table
    got = read("io_2015", replies)["io_cells"]
    assert got.bad.is_empty()
    shown = ("area_code_jis", "row_code", "column_code", "value_mjpy")
    assert cells(got.good.filter(pl.col("area_code_jis") == "00000"), *shown) == [
        ("00000", "R1", "C1", 10.0),
        ("00000", "R1", "C2", 2.5),
        ("00000", "Y", "C1", 30.0),
    ]


@pytest.mark.parametrize(
    ("part", "table"), [("areas_industries", CENSUS), ("io_2015", IO)], ids=["census", "io"]
)
def test_an_area_less_or_more_or_no_table_is_refused(tmp_path: Path, part: str, table: str) -> None:
    lines = table.splitlines(keepends=True)
    fewer = "".join(line for line in lines if not line.startswith("01000"))
    with pytest.raises(Incomplete, match="not in both are 01000: rows are missing") as refused:
        SOURCE.prove(part, delivery(tmp_path, fewer))
    assert refused.value.outcome == Outcome.TRUNCATED
    with pytest.raises(Incomplete, match="not in both are 47000"):
        SOURCE.prove(part, delivery(tmp_path, f"{table}47000{lines[-1][5:]}"))
    with pytest.raises(Incomplete, match="the list of areas came, the table did not"):
        SOURCE.prove(part, delivery(tmp_path, table)[:1])


def test_a_column_that_is_not_known_is_held_back_and_none_that_is_known_is_drift(
    tmp_path: Path,
) -> None:
    wide = CENSUS.replace("Pop15", "Robots")
    got = read("areas_industries", delivery(tmp_path, wide))["counts"]
    assert got.bad.height == 3 and set(got.bad["value"]) == {"Robots"}
    with pytest.raises(SchemaDrift, match="no column is a measure and an industry"):
        read("areas_industries", delivery(tmp_path, "AreaID,a\n00000,1\n"))
    with pytest.raises(SchemaDrift, match="none of the columns AreaID"):
        read("areas_industries", delivery(tmp_path, CENSUS.replace("AreaID", "Id")))
    with pytest.raises(SchemaDrift, match="no column is a cell"):
        read("io_2015", delivery(tmp_path, "AreaID,a\n00000,1\n"))


def test_the_list_of_areas_is_asked_for_first() -> None:
    settings = Settings(profile="live", national_addresses={"estat": "https://x.example/jp"})
    first = SOURCE.next_request("io_2015", [], settings)
    answer = Answer(first, Outcome.OK, None)
    second = SOURCE.next_request("io_2015", [answer], settings)
    assert (first.url, second.url) == (
        "https://x.example/jp/AreaID.csv",
        "https://x.example/jp/IOTable.csv",
    )
    assert SOURCE.next_request("io_2015", [answer, answer], settings) is None
    assert "in the address only" in SOURCE.off(Settings(profile="live"))
