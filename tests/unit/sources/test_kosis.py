"""Korea: Korean headers, kinds that overlap, names that are not unique."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media
from pipelines.settings import Settings
from pipelines.sources.kosis import SOURCE
from tests.replies import cells, parsed, reply

URL = "https://kosis.kr/statHtml/DT_133001N_1011/businesses.csv"
HEAD = "[15133JYB]시군구별,시군구별,[13301A]사업자별,사업자별,시점,가동사업자 현황[명]\n"
KINDS = ("총계", "법인", "개인사업자", "일반사업자", "간이사업자", "면세사업자")


def rows(code: str, name: str, values: str) -> list[str]:
    return [
        f"{code},{name},16133T2008_{n},{kind},2010 년,{value}\n"
        for n, (kind, value) in enumerate(zip(KINDS, values.split(), strict=True))
    ]


ROWS = [
    *rows("15133JYB0801", "중구", "100 30 70 40 20 10"),
    *rows("15133JYB0J01", "중구", "9 X - 5 0 4"),
]


def export(folder: Path, lines: list[str] = ROWS, head: str = HEAD, encoding: str = "utf-8"):
    return reply(folder, (head + "".join(lines)).encode(encoding), Media.CSV, URL)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_korean_headers_and_marks(tmp_path: Path, encoding: str) -> None:
    file = export(tmp_path, encoding=encoding)
    assert SOURCE.prove("businesses", [file]).version == "2010"
    got = parsed(SOURCE, "businesses", [file])
    assert got.bad.is_empty() and got.good.height == 12
    shown = ("period_year", "district_code_kosis", "district_name", "business_kind")
    assert cells(got.good, *shown, "businesses_count", "businesses_count_status")[5:9] == [
        (2010, "15133JYB0801", "중구", "individual_exempt", 10, None),
        (2010, "15133JYB0J01", "중구", "total", 9, None),
        (2010, "15133JYB0J01", "중구", "corporation", None, "suppressed"),
        (2010, "15133JYB0J01", "중구", "individual", None, "missing"),
    ]


def test_a_row_less_is_refused(tmp_path: Path) -> None:
    for number in range(len(ROWS)):
        with pytest.raises(Incomplete, match="2010 with 5 of 6: rows are missing"):
            SOURCE.prove("businesses", [export(tmp_path, ROWS[:number] + ROWS[number + 1 :])])


def test_a_kind_that_is_not_known_is_held_back(tmp_path: Path) -> None:
    got = parsed(SOURCE, "businesses", [export(tmp_path, [ROWS[0].replace("총계", "기타")])])
    assert got.bad["reason"].to_list()[0].startswith("business_kind is '기타', not one of total")


@pytest.mark.parametrize("lost", ["시점", "[15133JYB]시군구별", "가동사업자 현황[명]"])
def test_a_lost_column_is_drift(tmp_path: Path, lost: str) -> None:
    with pytest.raises(SchemaDrift, match="no column for"):
        parsed(SOURCE, "businesses", [export(tmp_path, head=HEAD.replace(lost, "x", 1))])


def test_bytes_in_no_known_encoding_are_drift(tmp_path: Path) -> None:
    file = reply(tmp_path, HEAD.encode() + b"\xff\xfe\xfa,\n", Media.CSV, URL)
    with pytest.raises(SchemaDrift, match="neither UTF-8 nor cp949"):
        parsed(SOURCE, "businesses", [file])


def test_off_when_live() -> None:
    assert "CLUSTERKPI_NATIONAL_ADDRESSES" in SOURCE.off(Settings(profile="live"))
    assert SOURCE.off(Settings(profile="demo")) == ""
