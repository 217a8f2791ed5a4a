"""Eurostat: layouts, flags, completeness, splits, the table of contents."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.settings import Settings
from pipelines.sources.base import Answer
from pipelines.sources.eurostat import SOURCE, datasets
from tests.replies import cells, parsed, reply

BASE = "https://ec.europa.eu/eurostat/api/dissemination/sdmx/2.1"
HEAD = "DATAFLOW,LAST UPDATE,freq,unit,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS\n"
SETTINGS = Settings(profile="live", today=date(2026, 11, 1))
SHOWN = ("area_code", "period", "value", "flags", "confidentiality")


def line(geo: str, year: int, value: str, flag: str = "", conf: str = "", hour: int = 11) -> str:
    stamp = f"11/06/26 {hour}:00:00"
    return f"ESTAT:ISOC_R_IACC_H(1.0),{stamp},A,PC_HH,{geo},{year},{value},{flag},{conf}\n"


ROWS = [line("NA", 2021, "66.5", "bd"), line("DE21", 2021, "", "c", "C"), line("EL30", 2022, "0")]


def table(folder: Path, rows: list[str], head: str = HEAD):
    return reply(folder, head + "".join(rows), Media.CSV, f"{BASE}/data/isoc_r_iacc_h?format=SDMX")


def about(folder: Path, count: int, oldest: str = ""):
    body = (
        f"<c:Annotation><c:AnnotationTitle>{oldest}</c:AnnotationTitle>"
        "<c:AnnotationType>OBS_PERIOD_OVERALL_OLDEST</c:AnnotationType></c:Annotation>"
        f"<c:Annotation><c:AnnotationTitle>{count}</c:AnnotationTitle>"
        "<c:AnnotationType>OBS_COUNT</c:AnnotationType></c:Annotation>"
        "<c:Annotation><c:AnnotationTitle>2026-06-11T11:00:00+0200</c:AnnotationTitle>"
        "<c:AnnotationType>UPDATE_DATA</c:AnnotationType></c:Annotation>"
    )
    return reply(folder, body, Media.XML, f"{BASE}/dataflow/ESTAT/ISOC_R_IACC_H/latest")


def test_sdmx_csv_keeps_namibia_flags_and_empty_cells(tmp_path: Path) -> None:
    gated = parsed(SOURCE, "isoc_r_iacc_h", [about(tmp_path, 3), table(tmp_path, ROWS)])
    assert gated.bad.is_empty()
    assert cells(gated.good, *SHOWN) == [
        ("NA", "2021", 66.5, "bd", None),
        ("DE21", "2021", None, "c", "C"),
        ("EL30", "2022", 0.0, None, None),
    ]
    assert gated.good["dimensions"].unique().to_list() == ['{"freq":"A","unit":"PC_HH"}']


def test_older_layout_without_conf_status_and_other_column_order(tmp_path: Path) -> None:
    body = "DATAFLOW,geo,unit,freq,TIME_PERIOD,OBS_FLAG,OBS_VALUE\nX,NA,PC,A,2021,b,1.5\n"
    got = parsed(SOURCE, "isoc_r_iacc_h", [reply(tmp_path, body, Media.CSV, "https://x/y")])
    assert cells(got.good, *SHOWN) == [("NA", "2021", 1.5, "b", None)]


def test_a_dimension_that_is_added_keeps_its_series_apart(tmp_path: Path) -> None:
    body = (
        "DATAFLOW,freq,unit,sex,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG\n"
        "X,A,PC,F,DE,2021,1,\nX,A,PC,M,DE,2021,2,\n"
    )
    got = parsed(SOURCE, "isoc_r_iacc_h", [reply(tmp_path, body, Media.CSV, "https://x/y")])
    assert got.bad.is_empty() and got.good.height == 2


def test_lost_column_stops_the_table(tmp_path: Path) -> None:
    with pytest.raises(SchemaDrift, match="column GEO is not there"):
        parsed(SOURCE, "isoc_r_iacc_h", [table(tmp_path, ROWS, HEAD.replace("geo", "region"))])


def test_text_in_a_value_goes_to_quarantine(tmp_path: Path) -> None:
    rows = [line("DE21", 2021, "n.a."), line("FR10", 2021, "1e999"), line("ES51", 2021, "3")]
    gated = parsed(SOURCE, "isoc_r_iacc_h", [table(tmp_path, rows)])
    assert gated.bad["rule"].to_list() == ["not_a_number"] * 2
    assert cells(gated.good, "area_code", "value") == [("ES51", 3.0)]


def test_tsv_splits_values_and_flags_and_packs_dimensions(tmp_path: Path) -> None:
    head = "nace_r2,indic_sb,geo\\time\t2015 \t2014 \n"
    body = head + "B,V11210,AT\t708 b\t: c\nC10,V11210,NA\t: \t2.6 e\n"
    got = parsed(SOURCE, "sbs_r_nuts06_r2", [reply(tmp_path, body, Media.TSV, "https://x/y")])
    assert cells(got.good, "area_code", "period", "dimensions", "value", "flags") == [
        ("AT", "2015", '{"nace_r2":"B","indic_sb":"V11210"}', 708.0, "b"),
        ("NA", "2015", '{"nace_r2":"C10","indic_sb":"V11210"}', None, None),
        ("AT", "2014", '{"nace_r2":"B","indic_sb":"V11210"}', None, "c"),
        ("NA", "2014", '{"nace_r2":"C10","indic_sb":"V11210"}', 2.6, "e"),
    ]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("nace_r2,geo\t2015\nB,AT\t1\n", "the first header cell"),
        ("nace_r2,geo\\time\t2015\nB,X,AT\t1\n", "does not pack"),
    ],
)
def test_other_tsv_is_schema_drift(tmp_path: Path, body: str, what: str) -> None:
    with pytest.raises(SchemaDrift, match=what):
        parsed(SOURCE, "sbs_r_nuts06_r2", [reply(tmp_path, body, Media.TSV, "https://x/y")])


def test_more_rows_than_announced_or_none_are_refused(tmp_path: Path) -> None:
    proof = SOURCE.prove("isoc_r_iacc_h", [about(tmp_path, 3), table(tmp_path, ROWS)])
    assert proof.version == "2026-06-11T11:00:00+0200" and proof.changed_at is not None
    for count, rows in ((2, ROWS), (3, [])):
        with pytest.raises(Incomplete, match="were announced"):
            SOURCE.prove("isoc_r_iacc_h", [about(tmp_path, count), table(tmp_path, rows)])


def test_fewer_rows_are_refused_where_all_years_were_asked_for(tmp_path: Path) -> None:
    for oldest in ("", "2004", "1999-Q1"):  # isoc_r_iacc_h is asked for from 2006 on
        SOURCE.prove("isoc_r_iacc_h", [about(tmp_path, 4, oldest), table(tmp_path, ROWS)])
    for oldest in ("2006", "2011-01"):
        with pytest.raises(Incomplete, match="3 observations came, 4 were announced"):
            SOURCE.prove("isoc_r_iacc_h", [about(tmp_path, 4, oldest), table(tmp_path, ROWS)])


def test_a_row_that_is_cut_is_refused(tmp_path: Path) -> None:
    cut = reply(tmp_path, HEAD + ROWS[0] + ROWS[1][:40], Media.CSV, "https://x/y")
    with pytest.raises(Incomplete, match="cut short"):
        SOURCE.prove("isoc_r_iacc_h", [about(tmp_path, 3), cut])


def test_pieces_of_two_updates_are_torn(tmp_path: Path) -> None:
    pieces = [table(tmp_path, [ROWS[0]]), table(tmp_path, [line("FR10", 2022, "1", hour=23)])]
    with pytest.raises(Incomplete) as caught:
        SOURCE.prove("isoc_r_iacc_h", [about(tmp_path, 3), *pieces])
    assert caught.value.outcome == Outcome.TORN


def test_time_stamp_and_row_order_do_not_move_the_canonical_hash(tmp_path: Path) -> None:
    first = [about(tmp_path, 3), table(tmp_path, ROWS)]
    later = [row.replace("11:00:00", "23:00:00") for row in reversed(ROWS)]
    same = [about(tmp_path, 4), table(tmp_path, later)]
    other = [about(tmp_path, 3), table(tmp_path, [ROWS[0].replace("66.5", "66.6"), *ROWS[1:]])]
    hashes = [SOURCE.canonical_sha256("isoc_r_iacc_h", r) for r in (first, same, other)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_contents_give_a_token_for_each_table() -> None:
    toc = (
        '"title"\t"code"\t"type"\t"last update of data"\t"last table structure change"\t"values"\n'
        '"    Internet"\t"isoc_r_iacc_h"\t"dataset"\t"11.06.2026"\t"01.02.2026"\t"9"\n'
    )
    assert SOURCE.read_signal(toc.encode(), "isoc_r_iacc_h") == "11.06.2026 01.02.2026"
    assert SOURCE.read_signal(toc.encode(), "edat_lfse_04") is None
    with pytest.raises(SchemaDrift, match="catalogue/toc"):
        SOURCE.read_signal(b"<html>", "isoc_r_iacc_h")


def test_years_are_halved_and_cover_all_that_was_asked(tmp_path: Path) -> None:
    first = SOURCE.next_request("isoc_r_iacc_h", [], SETTINGS)
    assert first is not None and first.media is Media.XML
    asked = SOURCE.next_request("isoc_r_iacc_h", [Answer(first, Outcome.OK, None)], SETTINGS)
    assert asked is not None
    assert dict(asked.params)["startPeriod"] == "2006" and dict(asked.params)["endPeriod"] == "2026"
    leaves, years = [asked], []
    while leaves:
        spec = leaves.pop(0)
        smaller = SOURCE.split(spec)
        leaves = smaller + leaves
        if not smaller:
            years.append(int(dict(spec.params)["startPeriod"]))
    assert years == list(range(2006, 2027))
    answers = [Answer(first, Outcome.OK, None), Answer(asked, Outcome.OK, None)]
    assert SOURCE.next_request("isoc_r_iacc_h", answers, SETTINGS) is None


def test_frozen_tables_name_what_follows_them_and_need_no_probe() -> None:
    assert datasets()["sbs_r_nuts06_r2"].succeeded_by in datasets()
    assert datasets()["isoc_r_broad_h"].succeeded_by == "isoc_r_iacc_h"
    only = Settings(profile="live", eurostat_datasets=("sbs_r_nuts06_r2",))
    assert SOURCE.parts(only) == ["sbs_r_nuts06_r2"] and SOURCE.signal(only) is None
    spec = SOURCE.next_request("sbs_r_nuts06_r2", [], only)
    assert spec is not None and spec.static and spec.media is Media.TSV
