"""Business Formation Statistics: months as columns, codes in number cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media
from pipelines.sources.bfs import SOURCE
from tests.replies import cells, parsed, reply

HEAD = "sa,naics_sector,series,geo,year,jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec\n"
ROWS = [
    "U,TOTAL,BA_BA,US,2025,497030,440230,0,4,5,6,7,8,,,,\n",
    "A,TOTAL,BF_BF4Q,DE,2025,D,S,NA,4,5,6,7,8,9,10,11,12\n",
]


def file(folder: Path, rows: list[str] = ROWS, head: str = HEAD):
    return reply(folder, head + "".join(rows), Media.CSV, "https://www.census.gov/bfs_monthly.csv")


def test_months_become_rows_and_codes_become_statuses(tmp_path: Path) -> None:
    got = parsed(SOURCE, "monthly", [file(tmp_path)])
    assert got.bad.is_empty() and got.good.height == 24
    shown = got.good.sort("area_code", "period")
    names = ("area_code", "period", "value", "value_status")
    assert cells(shown.head(4), *names) == [
        ("DE", "2025-01", None, "suppressed"),
        ("DE", "2025-02", None, "low_reliability"),
        ("DE", "2025-03", None, "missing"),
        ("DE", "2025-04", 4.0, None),
    ]
    us = shown.filter(area_code="US")
    assert us["value"].to_list() == [497030, 440230, 0, 4, 5, 6, 7, 8, None, None, None, None]
    assert us["value_status"].null_count() == 12  # months to come carry no code


def test_text_that_is_no_code_goes_to_quarantine(tmp_path: Path) -> None:
    got = parsed(SOURCE, "monthly", [file(tmp_path, [ROWS[0].replace("440230", "x")])])
    assert got.bad["rule"].to_list() == ["not_a_number"] and got.good.height == 11


def test_renamed_month_is_schema_drift_and_a_cut_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaDrift, match="column aug is not there"):
        parsed(SOURCE, "monthly", [file(tmp_path, head=HEAD.replace("aug", "august"))])
    with pytest.raises(Incomplete, match="cut short"):
        SOURCE.prove("monthly", [file(tmp_path, [ROWS[0], ROWS[1][:30]])])


def test_row_order_does_not_move_the_canonical_hash(tmp_path: Path) -> None:
    one, two = file(tmp_path), file(tmp_path, ROWS[::-1])
    assert SOURCE.canonical_sha256("monthly", [one]) == SOURCE.canonical_sha256("monthly", [two])
