"""OECD: csvfile with and without labels, content constraints, completeness."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media
from pipelines.settings import Settings
from pipelines.sources.oecd import SOURCE, flows
from tests.replies import cells, parsed, reply

HEAD = (
    "STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,FREQ,MEASURE,TIME_PERIOD,"
    "OBS_VALUE,OBS_STATUS,UNIT_MULT\n"
)
ROWS = [
    "DATAFLOW,X(1.0),I,AUS,A,G,2020,41.5,A,6\n",
    "DATAFLOW,X(1.0),I,CAN,A,G,2020,NaN,M,6\n",
    "DATAFLOW,X(1.0),I,CHL,A,G,2020,,M,\n",
]


def figures(folder: Path, rows: list[str] = ROWS, head: str = HEAD):
    return reply(folder, head + "".join(rows), Media.CSV, flows()["msti"].data_url)


def constraint(folder: Path, count: int, valid: str = "2026-02-01T09:00:00Z"):
    body = (
        f'<structure:ContentConstraint validFrom="{valid}"><common:Annotation id="obs_count">'
        f"<common:AnnotationTitle>{count}</common:AnnotationTitle></common:Annotation>"
    )
    return reply(folder, body, Media.XML, flows()["msti"].constraint_url)


def test_values_statuses_and_multipliers_stay_as_published(tmp_path: Path) -> None:
    got = parsed(SOURCE, "msti", [constraint(tmp_path, 3), figures(tmp_path)])
    assert got.bad.is_empty()
    assert cells(got.good, "area_code", "value", "flags", "unit_multiplier") == [
        ("AUS", 41.5, "A", 6),
        ("CAN", None, "M", 6),
        ("CHL", None, "M", None),
    ]


def test_labels_beside_codes_are_left_out(tmp_path: Path) -> None:
    body = (
        "STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,REF_AREA,Reference area,MEASURE,Measure,"
        "TIME_PERIOD,Time period,OBS_VALUE,Observation value,OBS_STATUS,Observation status\n"
        'DATAFLOW,X,"A, flow",I,JPN,Japan,G,"GERD, total",2020,,5,,B,Break\n'
    )
    got = parsed(SOURCE, "msti", [reply(tmp_path, body, Media.CSV, "https://x/y")])
    assert cells(got.good, "area_code", "dimensions", "value", "flags") == [
        ("JPN", '{"MEASURE":"G"}', 5.0, "B")
    ]


def test_lost_column_stops_the_flow(tmp_path: Path) -> None:
    with pytest.raises(SchemaDrift, match="column MEASURE is not there"):
        parsed(SOURCE, "msti", [figures(tmp_path, head=HEAD.replace("MEASURE", "INDICATOR"))])


def test_more_rows_than_the_constraint_counts_or_a_cut_row_are_refused(tmp_path: Path) -> None:
    proof = SOURCE.prove("msti", [constraint(tmp_path, 900), figures(tmp_path)])
    assert proof.version == "2026-02-01T09:00:00Z"
    with pytest.raises(Incomplete, match="3 observations came, 2 were announced"):
        SOURCE.prove("msti", [constraint(tmp_path, 2), figures(tmp_path)])
    with pytest.raises(Incomplete, match="cut short"):
        SOURCE.prove("msti", [constraint(tmp_path, 9), figures(tmp_path, [ROWS[0], ROWS[1][:20]])])
    with pytest.raises(Incomplete, match="the figures did not"):
        SOURCE.prove("msti", [constraint(tmp_path, 9)])


def test_the_constraint_is_the_signal_and_not_part_of_the_hash(tmp_path: Path) -> None:
    token = SOURCE.read_signal(constraint(tmp_path, 7).read(), "msti")
    assert token == "2026-02-01T09:00:00Z 7"
    with pytest.raises(SchemaDrift, match="contentconstraint"):
        SOURCE.read_signal(b"<x/>", "msti")
    hashes = {
        SOURCE.canonical_sha256("msti", [constraint(tmp_path, n), figures(tmp_path, rows)])
        for n, rows in ((3, ROWS), (4, ROWS[::-1]))
    }
    assert len(hashes) == 1


def test_downloads_wait_in_a_pool_of_their_own() -> None:
    settings = Settings(profile="live")
    probe = SOURCE.part_signal("msti", settings)
    from pipelines.http.classify import Outcome
    from pipelines.sources.base import Answer

    data = SOURCE.next_request("msti", [Answer(probe, Outcome.OK, None)], settings)
    assert probe.pool == "" and data is not None and data.pool == "sdmx.oecd.org/data"
