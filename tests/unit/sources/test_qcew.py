"""QCEW: disclosure beside zeros, three layouts, archives."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media
from pipelines.sources.qcew import SOURCE
from tests.replies import cells, parsed, reply

ANNUAL = (
    '"area_fips","own_code","industry_code","agglvl_code","size_code","year","qtr",'
    '"disclosure_code","annual_avg_estabs","annual_avg_emplvl","total_annual_wages",'
    '"lq_disclosure_code","lq_annual_avg_estabs","lq_annual_avg_emplvl","lq_total_annual_wages"\n'
)
ROWS = [
    '"34009","5","31-33","74","0","2024","A","",12,340,17000000,"",0.50,0.25,0.20\n',
    '"34009","5","21","74","0","2024","A","N",2,0,0,"N",0.10,0.00,0.00\n',
    '"34009","5","22","74","0","2024","A","-",0,0,0,"-",0.00,0.00,0.00\n',
]
SHOWN = ("naics_code", "estabs_count", "emp_count", "emp_count_status", "lq_emp", "lq_emp_status")


def archive(folder: Path, body: str, name: str = "2024.annual.singlefile.csv"):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as packed:
        packed.writestr(name, body)
    return reply(folder, sink.getvalue(), Media.ZIP, "https://data.bls.gov/2024.zip")


def test_withheld_cells_are_null_with_a_status_and_establishments_stay(tmp_path: Path) -> None:
    got = parsed(SOURCE, "2024", [archive(tmp_path, ANNUAL + "".join(ROWS))])
    assert got.bad.is_empty()
    assert cells(got.good, *SHOWN) == [
        ("31-33", 12, 340, None, 0.25, None),
        ("21", 2, None, "suppressed", None, "suppressed"),
        ("22", 0, None, "missing", None, "missing"),
    ]
    assert got.good["wages_usd"].to_list() == [17000000, None, None]


def test_names_of_the_quarterly_archive_are_known(tmp_path: Path) -> None:
    head = ANNUAL.replace("annual_avg_estabs", "qtrly_estabs_count")
    head = head.replace("annual_avg_emplvl", "month3_emplvl")
    head = head.replace("total_annual_wages", "total_qtrly_wages")
    got = parsed(SOURCE, "2024", [archive(tmp_path, head + ROWS[0].replace('"A"', '"3"'))])
    assert cells(got.good, "quarter", "estabs_count", "emp_count") == [("3", 12, 340)]


def test_lost_column_and_an_empty_archive_are_schema_drift(tmp_path: Path) -> None:
    with pytest.raises(SchemaDrift, match="column disclosure_code is not there"):
        parsed(SOURCE, "2024", [archive(tmp_path, ANNUAL.replace('"disclosure_', '"d_', 1))])
    with pytest.raises(SchemaDrift, match="none of the columns annual_avg_emplvl"):
        lost = ANNUAL.replace('"annual_avg_emplvl"', '"emp"')
        parsed(SOURCE, "2024", [archive(tmp_path, lost + ROWS[0])])
    with pytest.raises(SchemaDrift, match="no CSV"):
        parsed(SOURCE, "2024", [archive(tmp_path, "x", "readme.txt")])


def test_a_broken_archive_is_refused(tmp_path: Path) -> None:
    whole = archive(tmp_path, ANNUAL + "".join(ROWS) * 50).read()
    with pytest.raises(Incomplete):
        SOURCE.prove("2024", [reply(tmp_path, whole[:-40], Media.ZIP, "https://x/y.zip")])


def test_packing_does_not_move_the_canonical_hash(tmp_path: Path) -> None:
    one = archive(tmp_path, ANNUAL + "".join(ROWS))
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("2024.annual.singlefile.csv", ANNUAL + "".join(ROWS))
    two = reply(tmp_path, sink.getvalue(), Media.ZIP, "https://x/y.zip")
    assert one.sha256 != two.sha256
    assert SOURCE.canonical_sha256("2024", [one]) == SOURCE.canonical_sha256("2024", [two])
