"""Australian Bureau of Statistics: codes or labels, perturbed cells, classes of size."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media
from pipelines.settings import Settings
from pipelines.sources.abs import SOURCE, _division, _size
from tests.replies import cells, parsed, reply

URL = "https://data.api.abs.gov.au/rest/data/ABS,CABEE_SA2,1.0.0/all?format=csvfile"
HEAD = (
    "DATAFLOW,REGION,INDUSTRY,EMPLOYMENT_SIZE,FREQ,TIME_PERIOD,OBS_VALUE,UNIT_MEASURE,OBS_STATUS\n"
)
SIZES = ("Total", "Non employing", "1-4 Employees", "5-19 Employees", "20-199 Employees", "200+")
SHOWN = ("sa2_code_asgs", "division_code_anzsic", "size_class", "businesses_count", "status")


def rows(area: str, industry: str, values: list[str], status: str = "") -> list[str]:
    return [
        f"ABS:X(1.0.0),{area},{industry},{size},A,2024,{value},NUM,{status}\n"
        for size, value in zip(SIZES, values, strict=True)
    ]


ROWS = [
    *rows("101021008", "C", ["11", "6", "3", "0", "0", "0"]),
    *rows("901011001", "A", [""] * 6, "M"),
]


def file(folder: Path, lines: list[str] = ROWS, head: str = HEAD):
    return reply(folder, head + "".join(lines), Media.CSV, URL)


def test_perturbed_cells_stay_and_islands_have_none(tmp_path: Path) -> None:
    assert SOURCE.prove("cabee_sa2", [file(tmp_path)]).version == "2024"
    got = parsed(SOURCE, "cabee_sa2", [file(tmp_path)])
    assert got.bad.is_empty()
    assert cells(got.good, *SHOWN)[:4] == [
        ("101021008", "C", "total", 11, None),  # classes add up to 9: perturbed
        ("101021008", "C", "non_employing", 6, None),
        ("101021008", "C", "emp_1_4", 3, None),
        ("101021008", "C", "emp_5_19", 0, None),
    ]
    islands = got.good.filter(sa2_code_asgs="901011001")
    assert islands["businesses_count"].null_count() == 6 and set(islands["status"]) == {"M"}


def test_labels_and_other_headers_become_codes(tmp_path: Path) -> None:
    head = "date,division,sa2_main_2016,sa2_name_2016,indicator,value\n"
    line = '2024-06-01,"Electricity, Gas, Water and Waste Services",101021610,Googong,{},{}\n'
    sizes = ("non_employing", "employing_1_4", "employing_5_19", "employing_20_199")
    more = ("employing_200_plus", "total")
    lines = [line.format(size, n) for n, size in enumerate((*sizes, *more))]
    got = parsed(SOURCE, "cabee_sa2", [file(tmp_path, lines, head)])
    assert got.bad.is_empty()
    assert cells(got.good, "period_year", *SHOWN[:3])[0] == (
        2024,
        "101021610",
        "D",
        "non_employing",
    )
    assert set(got.good["size_class"]) == {
        "total", "non_employing", "emp_1_4", "emp_5_19", "emp_20_199", "emp_200_plus",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [("A", "A"), ("A: Agriculture, Forestry and Fishing", "A"), ("mining ", "B"),
     ("Currently Unknown", "U"), ("Witchcraft", "Witchcraft")],
)  # fmt: skip
def test_divisions(text: str, code: str) -> None:
    assert _division(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [("TOT: Total", "total"), ("NONEMP: Non employing", "non_employing"),
     ("Non-employing", "non_employing"), ("1-4: 1-4 Employees", "emp_1_4"),
     ("1 to 4", "emp_1_4"), ("200+ Employees", "emp_200_plus"),
     ("employing_200_plus", "emp_200_plus"), ("some", "some")],
)  # fmt: skip
def test_sizes(text: str, code: str) -> None:
    assert _size(text) == code


def test_what_is_no_code_is_held_back(tmp_path: Path) -> None:
    lines = [*ROWS, *rows("101021009", "B", ["1.5"] * 6)]
    got = parsed(SOURCE, "cabee_sa2", [file(tmp_path, lines)])
    assert got.good.height == 12 and set(got.bad["rule"]) == {"not_a_integer"}
    lines = [*ROWS, *rows("10102100", "Witchcraft", ["1"] * 6)]
    got = parsed(SOURCE, "cabee_sa2", [file(tmp_path, lines)])
    assert set(got.bad["reason"]) == {"sa2_code_asgs is '10102100', which does not match \\d{9}"}


def test_a_row_less_is_refused(tmp_path: Path) -> None:
    for number in range(6):
        with pytest.raises(Incomplete, match="101021008, C, 2024 with 5 of 6: rows are missing"):
            SOURCE.prove("cabee_sa2", [file(tmp_path, ROWS[:number] + ROWS[number + 1 :])])


def test_a_lost_column_is_drift(tmp_path: Path) -> None:
    with pytest.raises(SchemaDrift, match="none of the columns INDUSTRY, ANZSIC"):
        parsed(SOURCE, "cabee_sa2", [file(tmp_path, head=HEAD.replace("INDUSTRY", "BRANCH"))])


def test_off_when_live_until_an_address_is_set() -> None:
    assert "is not confirmed" in SOURCE.off(Settings(profile="live"))
    assert SOURCE.off(Settings(profile="demo")) == SOURCE.off(Settings(profile="replay:x")) == ""
    there = Settings(profile="live", national_addresses={"abs": "https://x.example/ABS,A,1/"})
    assert SOURCE.off(there) == ""
    assert SOURCE.next_request("cabee_sa2", [], there).url == "https://x.example/ABS,A,1/all"
