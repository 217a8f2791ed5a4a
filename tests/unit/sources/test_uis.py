"""UNESCO UIS: records, exports, versions, refusals of too much."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome, classify
from pipelines.http.client import RequestSpec
from pipelines.sources.uis import SOURCE, series
from tests.replies import cells, parsed, reply

BASE = "https://api.uis.unesco.org/api/public"
SHOWN = ("economy_code_iso3", "period_year", "value", "magnitude", "qualifier")


def record(geo: str, value: float | None, magnitude: str | None = None, q: str | None = None):
    return {
        "indicatorId": "CR.1", "geoUnit": geo, "year": 2020, "value": value,
        "magnitude": magnitude, "qualifier": q,
    }  # fmt: skip


RECORDS = [record("AUS", 31.5), record("BRN", None, "NIL"), record("CHL", 12.25, None, "UIS_EST")]


def version(folder: Path, name: str = "20260910-abc"):
    return reply(folder, orjson.dumps({"version": name}), Media.JSON, f"{BASE}/versions/default")


def data(folder: Path, records: list[dict[str, Any]], name: str = "20260910-abc"):
    url = f"{BASE}/data/indicators?indicator=CR.1&version={name}"
    return reply(folder, orjson.dumps({"hints": [], "records": records}), Media.JSON, url)


def test_records_keep_marks_and_never_become_zero(tmp_path: Path) -> None:
    got = parsed(SOURCE, "education", [version(tmp_path), data(tmp_path, RECORDS)])
    assert got.bad.is_empty() and got.good["uis_version"].unique().to_list() == ["20260910-abc"]
    assert cells(got.good, *SHOWN) == [
        ("AUS", 2020, 31.5, None, None),
        ("BRN", 2020, None, "NIL", None),
        ("CHL", 2020, 12.25, None, "UIS_EST"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "indicatorId,geoUnit,year,value,qualifier,magnitude\nCR.1,BRN,2020,,NAT_EST,NA\n",
        "INDICATOR_ID,COUNTRY_ID,YEAR,VALUE,MAGNITUDE,QUALIFIER\nCR.1,BRN,2020,,NA,NAT_EST\n",
    ],
)
def test_exports_are_bound_by_name(tmp_path: Path, body: str) -> None:
    got = parsed(SOURCE, "education", [reply(tmp_path, body, Media.CSV, "https://x/y")])
    assert cells(got.good, *SHOWN) == [("BRN", 2020, None, "NA", "NAT_EST")]


def test_renamed_field_or_column_is_schema_drift(tmp_path: Path) -> None:
    renamed = [{("geo" if k == "geoUnit" else k): v for k, v in RECORDS[0].items()}]
    with pytest.raises(SchemaDrift, match="records lack geoUnit"):
        parsed(SOURCE, "education", [version(tmp_path), data(tmp_path, renamed)])
    body = "indicatorId,area,year,value\nCR.1,BRN,2020,1\n"
    with pytest.raises(SchemaDrift, match="none of the columns geoUnit"):
        parsed(SOURCE, "education", [reply(tmp_path, body, Media.CSV, "https://x/y")])


def test_a_delivery_is_of_one_version_and_whole(tmp_path: Path) -> None:
    proof = SOURCE.prove("education", [version(tmp_path), data(tmp_path, RECORDS)])
    assert proof.version == "20260910-abc"
    assert proof.changed_at is not None and proof.changed_at.date().isoformat() == "2026-09-10"
    with pytest.raises(Incomplete) as torn:
        SOURCE.prove("education", [version(tmp_path), data(tmp_path, RECORDS, "20260225-x")])
    assert torn.value.outcome == Outcome.TORN
    with pytest.raises(Incomplete, match="the figures did not"):
        SOURCE.prove("education", [version(tmp_path)])
    broken = reply(tmp_path, b'{"records":[{', Media.JSON, f"{BASE}/data/indicators?version=x")
    with pytest.raises(SchemaDrift):
        SOURCE.prove("education", [version(tmp_path, "x"), broken])


def test_order_and_version_name_do_not_move_the_canonical_hash(tmp_path: Path) -> None:
    one = [version(tmp_path), data(tmp_path, RECORDS)]
    two = [version(tmp_path, "20260911-def"), data(tmp_path, RECORDS[::-1], "20260911-def")]
    assert SOURCE.canonical_sha256("education", one) == SOURCE.canonical_sha256("education", two)
    less = [version(tmp_path), data(tmp_path, RECORDS[:2])]
    assert SOURCE.canonical_sha256("education", one) != SOURCE.canonical_sha256("education", less)


def test_too_much_is_told_and_the_years_are_halved() -> None:
    body = b'{"message":"Too much data requested (224879 records)","statusCode":400}'
    assert classify(400, {}, body, Media.JSON).outcome is Outcome.TOO_LARGE
    params = (("indicator", "A"), ("indicator", "B"), ("start", "1990"), ("end", "2026"))
    spec = RequestSpec("uis", "education", f"{BASE}/data/indicators", params)
    assert [dict(s.params)["start"] for s in SOURCE.split(spec)] == ["1990", "2009"]
    assert all(s.params[:2] == params[:2] for s in SOURCE.split(spec))
    year = replace(spec, params=(("indicator", "A"), ("start", "2001"), ("end", "2001")))
    assert SOURCE.split(year) == []


def test_series_are_unique() -> None:
    codes = [code for codes in series().values() for code in codes]
    assert len(codes) == len(set(codes)) and list(series()) == ["education", "science"]
