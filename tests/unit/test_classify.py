"""One recorded or hand-made reply per outcome of the classifier."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.http.classify import Media, Outcome, classify, retry_after_seconds

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
INVALID = (
    b'[{"message":[{"id":"120","key":"Invalid value",'
    b'"value":"The provided parameter value is not valid"}]}]'
)
UNAVAILABLE = b'[{"message":[{"id":"105","key":"Service currently unavailable","value":"Later"}]}]'
PAGE = b'[{"page":1,"pages":1,"per_page":50,"total":1,"lastupdated":"2026-07-13"},[{"value":1}]]'
NONE = b'[{"page":0,"pages":0,"per_page":50,"total":0},null]'
ASYNC = b'{"error":[{"status":413,"id":413,"label":"ASYNCHRONOUS_RESPONSE. Try again later."}]}'
TOO_BIG = b'{"error":[{"status":413,"id":413,"label":"EXTRACTION_TOO_BIG: estimated 9 rows"}]}'
QUOTA = b'{"message": "Out of call volume quota. Quota will be replenished in 00:30:02."}'
UIS = b'{"message":"Too much data requested (224879 records)","error":"Bad Request"}'

CASES: list[tuple[str, int, dict[str, str], bytes, Media, Outcome]] = [
    ("page", 200, {}, PAGE, Media.JSON, Outcome.OK),
    ("unknown id with status 200", 200, {}, INVALID, Media.JSON, Outcome.BAD_REQUEST),
    ("unavailable with status 200", 200, {}, UNAVAILABLE, Media.JSON, Outcome.TRANSIENT),
    ("total 0", 200, {}, NONE, Media.JSON, Outcome.EMPTY),
    ("empty list", 200, {}, b"[]", Media.JSON, Outcome.EMPTY),
    ("no content", 204, {}, b"", Media.JSON, Outcome.EMPTY),
    ("empty body", 200, {}, b"", Media.JSON, Outcome.TRANSIENT),
    ("half a JSON", 200, {}, PAGE[:60], Media.JSON, Outcome.TRANSIENT),
    ("page of HTML", 200, {}, b"\xef\xbb\xbf<!DOCTYPE html>", Media.JSON, Outcome.TRANSIENT),
    ("HTML with 400", 400, {}, b"<html><body>Request Error", Media.JSON, Outcome.BAD_REQUEST),
    ("bad gateway", 502, {}, b"<html>", Media.JSON, Outcome.TRANSIENT),
    ("not modified", 304, {}, b"", Media.ZIP, Outcome.NOT_MODIFIED),
    ("zip", 200, {}, b"PK\x03\x04", Media.ZIP, Outcome.OK),
    ("no zip", 200, {}, b"Not a zip", Media.ZIP, Outcome.TRANSIENT),
    ("csv", 200, {}, b"a,b\n1,2\n", Media.CSV, Outcome.OK),
    ("header only", 200, {}, b"a,b\r\n", Media.CSV, Outcome.NOT_YET_PUBLISHED),
    ("json for csv", 200, {}, b'{"error":1}', Media.CSV, Outcome.TRANSIENT),
    ("queued", 413, {}, ASYNC, Media.JSON, Outcome.QUEUED),
    ("queued warning", 200, {}, b'{"warning":' + ASYNC + b"}", Media.JSON, Outcome.QUEUED),
    ("too large", 413, {}, TOO_BIG, Media.JSON, Outcome.TOO_LARGE),
    ("too much data", 400, {}, UIS, Media.JSON, Outcome.TOO_LARGE),
    ("key missing", 401, {}, b'{"message":"Access denied"}', Media.JSON, Outcome.AUTH),
    ("census key page", 302, {"location": "/missing_key.html"}, b"", Media.JSON, Outcome.AUTH),
    ("census key header", 200, {"x-datawebapi-keyerror": "1"}, b"<", Media.JSON, Outcome.AUTH),
    ("redirect", 301, {"location": "https://x.example/"}, b"", Media.ZIP, Outcome.BLOCKED),
    ("refused", 403, {}, b"<html>Access Denied", Media.CSV, Outcome.BLOCKED),
    ("quota", 403, {}, QUOTA, Media.JSON, Outcome.QUOTA_EXHAUSTED),
    ("slow down", 429, {"retry-after": "2"}, b"{}", Media.JSON, Outcome.RATE_LIMITED),
    ("gone", 404, {}, b"<html>", Media.ZIP, Outcome.GONE),
    ("teapot", 418, {}, b"?", Media.JSON, Outcome.BAD_REQUEST),
]


@pytest.mark.parametrize(
    ("status", "headers", "body", "media", "expected"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_every_reply_falls_into_its_class(
    status: int, headers: dict[str, str], body: bytes, media: Media, expected: Outcome
) -> None:
    assert classify(status, headers, body, media).outcome is expected


def test_dated_file_not_found_is_not_yet_published() -> None:
    verdict = classify(404, {}, b"", Media.ZIP, not_found=Outcome.NOT_YET_PUBLISHED)
    assert verdict.outcome is Outcome.NOT_YET_PUBLISHED


def test_a_header_in_brackets_is_no_json() -> None:
    header = "[15133JYB]시군구별,시점\n"
    assert classify(200, {}, f"{header}1,2\n".encode(), Media.CSV).outcome is Outcome.OK
    for body in (b"[]", b"[1,2]\n[3]\n", b'[{"message":"no"}]\n\n', b"[null]\n[true ]\n"):
        assert classify(200, {}, body, Media.CSV).outcome is not Outcome.OK, body


def test_waiting_times_are_read() -> None:
    assert classify(403, {}, QUOTA, Media.JSON).retry_after_s == 1802
    assert retry_after_seconds("7", NOW) == 7
    assert retry_after_seconds("Mon, 23 Nov 2026 02:31:00 GMT", NOW) == 60
    assert retry_after_seconds("Mon, 23 Nov 2026 02:29:00 GMT", NOW) == 0
    assert retry_after_seconds("soon", NOW) is None


def _recorded() -> Path:
    root = os.environ.get("CLUSTERKPI_SHARED_DATA")
    folder = Path(root) if root else Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return folder / "wire" / "exchanges"


@pytest.mark.real
def test_recorded_exchanges_are_told_apart() -> None:
    index = _recorded() / "index.jsonl"
    if not index.exists():
        pytest.skip("no recorded exchanges beside the project")
    outcomes: dict[str, int] = {}
    for line in index.read_text().splitlines():
        record = json.loads(line)
        status = int(record["status"])
        body = _body(record)
        headers = {k.lower(): str(v) for k, v in _headers(record).items()}
        if not record["url"].startswith(("http://api.worldbank", "https://api.worldbank")):
            continue
        if "downloadformat" in record["url"] or "format=json" not in record["url"]:
            continue
        outcome = classify(status, headers, body, Media.JSON).outcome
        outcomes[outcome.value] = outcomes.get(outcome.value, 0) + 1
        if status == 200 and b'"message"' in body[:40]:
            assert outcome is Outcome.BAD_REQUEST, record["url"]
        elif status == 200:
            assert outcome in (Outcome.OK, Outcome.EMPTY), record["url"]
        else:
            assert outcome in (Outcome.BAD_REQUEST, Outcome.TRANSIENT), record["url"]
    assert outcomes.get("ok", 0) > 5 and outcomes.get("bad_request", 0) > 3


def _body(record: dict[str, object]) -> bytes:
    return (_recorded() / str(record["body"])).read_bytes() if record.get("body") else b""


def _headers(record: dict[str, object]) -> dict[str, object]:
    headers = record.get("headers") or {}
    assert isinstance(headers, dict)
    return headers
