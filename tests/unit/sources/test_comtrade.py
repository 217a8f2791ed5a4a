"""UN Comtrade: the key in a header only, caps and splits, checksums, totals without their parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome, classify
from pipelines.settings import Settings
from pipelines.sources.base import Answer
from pipelines.sources.comtrade import SOURCE, reporters
from tests.replies import cells, parsed, reply

BASE = "https://comtradeapi.un.org"
DATA = f"{BASE}/data/v1/get/C/A/HS"
SETTINGS = Settings(profile="live", today="2026-11-01", comtrade_key="s3cret", comtrade_years=3)


def row(period: str, flow: str, product: str, value: float, **more: Any) -> dict[str, Any]:
    return {
        "period": period, "reporterCode": 842, "partnerCode": 0, "partner2Code": 0,
        "customsCode": "C00", "motCode": 0, "flowCode": flow, "cmdCode": product,
        "classificationCode": "H6", "primaryValue": value, "netWgt": None, "qty": 1.5,
        "qtyUnitCode": 8, "isReported": True, "legacyEstimationFlag": 0, "refMonth": 52,
    } | more  # fmt: skip


ROWS = [
    row("2024", "M", "010121", 6804128143.0),
    row("2024", "X", "854231", 12.25, isReported=False, legacyEstimationFlag=4),
    row("2025", "M", "010121", 0.0),
    row("2025", "X", "010121", 7.0),
]


def data(folder: Path, rows: list[dict[str, Any]] = ROWS, **envelope: Any):
    body = {"elapsedTime": "0.09 secs", "count": len(rows), "data": rows, "error": ""} | envelope
    return reply(folder, orjson.dumps(body), Media.JSON, f"{DATA}?reporterCode=842")


def available(folder: Path, *periods: int, checksum: int = 7):
    rows = [
        {"period": period, "datasetChecksum": checksum, "lastReleased": f"{period}-09-15T00:00:00"}
        for period in periods
    ]
    body = {"count": len(rows), "data": rows, "error": ""}
    url = f"{BASE}/data/v1/getDa/C/A/HS?reporterCode=842"
    return reply(folder, orjson.dumps(body), Media.JSON, url)


def asked(folder: Path, settings: Settings = SETTINGS, periods: tuple[int, ...] = (2024, 2025)):
    """Requests of a part, in order, each answered with the same rows."""
    answers: list[Answer] = []
    while (spec := SOURCE.next_request("842", answers, settings)) is not None:
        landed = data(folder) if answers else available(folder, *periods)
        answers.append(Answer(spec, Outcome.OK, landed))
        assert len(answers) < 20
    return [answer.spec for answer in answers]


def test_the_key_is_in_a_header_and_nowhere_else(tmp_path: Path) -> None:
    specs = asked(tmp_path)
    for spec in specs:
        assert spec.secret_headers == {"Ocp-Apim-Subscription-Key": "s3cret"}
        assert "s3cret" not in spec.public_url + repr(spec) + spec.request_key
    assert "s3cret" not in repr(SETTINGS)
    other = replace(specs[0], secret_headers={})
    assert other.request_key == specs[0].request_key


def test_off_without_a_key_and_without_leave_to_pass_rows_on() -> None:
    assert "CLUSTERKPI_COMTRADE_KEY" in SOURCE.off(Settings(profile="live"))
    assert "CLUSTERKPI_COMTRADE_KEY" in SOURCE.off(Settings(profile="demo"))
    assert SOURCE.off(SETTINGS) == "" and not SOURCE.licence.redistribute_raw


def test_totals_are_fixed_and_partners_come_after_the_world(tmp_path: Path) -> None:
    settings = Settings(
        profile="live", today="2026-11-01", comtrade_key="s3cret", comtrade_partners=("490", "156")
    )
    first, *rest = asked(tmp_path, settings)
    assert first.url.endswith("/getDa/C/A/HS")
    assert dict(first.params)["period"] == "2021,2022,2023,2024,2025"
    assert [dict(spec.params)["partnerCode"] for spec in rest] == ["0", "490", "156"]
    for spec in rest:
        fixed = {"partner2Code": "0", "customsCode": "C00", "motCode": "0", "cmdCode": "AG6"}
        assert fixed.items() <= dict(spec.params).items()
        assert dict(spec.params)["period"] == "2024,2025"  # what is available
    assert len(reporters()) == 20 and reporters()["842"] == "USA" and "490" not in reporters()


def test_rows_keep_value_flags_and_vintage(tmp_path: Path) -> None:
    replies = [available(tmp_path, 2024, 2025), data(tmp_path)]
    proof = SOURCE.prove("842", replies)
    assert proof.changed_at is not None and proof.changed_at.year == 2025
    got = parsed(SOURCE, "842", replies)
    assert got.bad.is_empty()
    shown = ("period_year", "flow_code", "product_code", "value_usd", "is_reported")
    assert cells(got.good, *shown, "estimation_flag", "net_weight_kg")[:3] == [
        (2024, "M", "010121", 6804128143.0, "true", "0", None),
        (2024, "X", "854231", 12.25, "false", "4", None),
        (2025, "M", "010121", 0.0, "true", "0", None),
    ]


def test_parts_beside_totals_and_texts_are_held_back(tmp_path: Path) -> None:
    rows = [
        *ROWS,
        row("2025", "X", "010121", 1.0, customsCode="C01"),
        row("2025", "X", "010129", 1.0, motCode=1000),
        row("2025", "X", "01", 1.0),
        row("2025", "X", "010130", 1.0) | {"primaryValue": "n.a."},
    ]
    got = parsed(SOURCE, "842", [available(tmp_path, 2025), data(tmp_path, rows)])
    assert sorted(got.bad["column_name"]) == [
        "customs_code", "product_code", "transport_code", "value_usd",
    ]  # fmt: skip


def test_a_row_less_than_counted_or_a_year_or_a_flow_less_is_refused(tmp_path: Path) -> None:
    listed = available(tmp_path, 2024, 2025)
    with pytest.raises(Incomplete, match="4 rows came, 5 were counted"):
        SOURCE.prove("842", [listed, data(tmp_path, count=5)])
    with pytest.raises(Incomplete, match="no trade with the world came for 2023 M, 2023 X"):
        SOURCE.prove("842", [available(tmp_path, 2023, 2024, 2025), data(tmp_path)])
    with pytest.raises(Incomplete, match="came for 2025 X, which is listed"):
        SOURCE.prove("842", [listed, data(tmp_path, ROWS[:-1])])
    with pytest.raises(Incomplete, match="no data set of these years yet") as none:
        SOURCE.prove("842", [available(tmp_path)])
    assert none.value.outcome == Outcome.NOT_YET_PUBLISHED


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"data":1}',
        b'{"data":[1]}',
        b'{"data":[],"count":"4"}',
        b'{"data":[],"count":true}',
    ],
)
def test_another_shape_is_drift(tmp_path: Path, body: bytes) -> None:
    odd = reply(tmp_path, body, Media.JSON, DATA)
    with pytest.raises(SchemaDrift):
        SOURCE.prove("842", [available(tmp_path, 2024), odd])
    with pytest.raises(SchemaDrift, match="datasetChecksum"):
        SOURCE.read_signal(b'{"data":[{"period":2024}]}', "842")


def test_lost_field_is_drift(tmp_path: Path) -> None:
    rows = [{k: v for k, v in row.items() if k != "motCode"} for row in ROWS]
    with pytest.raises(SchemaDrift, match="rows have no motCode"):
        parsed(SOURCE, "842", [available(tmp_path, 2024), data(tmp_path, rows)])


def test_checksums_are_the_signal(tmp_path: Path) -> None:
    def token(*periods: int, checksum: int = 7) -> str:
        return SOURCE.read_signal(available(tmp_path, *periods, checksum=checksum).read(), "842")

    assert token(2024, 2025) == token(2025, 2024)
    assert len({token(2024), token(2025), token(2024, checksum=8)}) == 3
    capital = b'{"data":[{"Period":2024,"DatasetChecksum":7}]}'
    assert SOURCE.read_signal(capital, "842") == token(2024)


def test_elapsed_time_order_and_splits_do_not_count(tmp_path: Path) -> None:
    listed = available(tmp_path, 2024, 2025)
    hashes = {
        SOURCE.canonical_sha256("842", [listed, *replies])
        for replies in (
            [data(tmp_path)],
            [data(tmp_path, ROWS[::-1], elapsedTime="9 secs")],
            [data(tmp_path, ROWS[:1]), data(tmp_path, ROWS[1:])],
        )
    }
    assert len(hashes) == 1


def test_caps_are_never_taken_for_the_end(tmp_path: Path) -> None:
    spec = asked(tmp_path)[1]
    assert SOURCE.truncated(spec, data(tmp_path)) == ""
    assert "100,000 rows are the cap" in SOURCE.truncated(spec, data(tmp_path, count=100_000))
    preview = replace(spec, url=f"{BASE}/public/v1/preview/C/A/HS")
    cut = data(tmp_path, [row("2024", "M", f"{n:06d}", 1.0) for n in range(500)])
    assert "500 rows are the cap" in SOURCE.truncated(preview, cut)
    assert SOURCE.truncated(spec, cut) == ""


def test_splits_go_by_period_then_flow_then_chapter(tmp_path: Path) -> None:
    settings = Settings(
        profile="live", today="2026-11-01", comtrade_key="k", comtrade_partners=("156",)
    )
    _, world, partner = asked(tmp_path, settings, (2023, 2024, 2025))
    answers = [
        Answer(world, Outcome.OK, data(tmp_path, [
            *ROWS, row("2024", "X", "854290", 1.0), row("2024", "X", "854232", 1.0),
            row("2024", "X", "999999", 1.0, partnerCode=156),
        ])),
    ]  # fmt: skip
    periods = SOURCE.split(partner, answers)
    assert [dict(s.params)["period"] for s in periods] == ["2023", "2024,2025"]
    flows = SOURCE.split(periods[0], answers)
    assert [dict(s.params)["flowCode"] for s in flows] == ["M", "X"]
    chapters = SOURCE.split(flows[1], answers)
    assert [dict(s.params)["cmdCode"] for s in chapters] == ["010121", "854231,854232,854290"]
    halves = SOURCE.split(chapters[1], answers)
    assert [dict(s.params)["cmdCode"] for s in halves] == ["854231", "854232,854290"]
    assert SOURCE.split(halves[0], answers) == []
    alone = SOURCE.split(SOURCE.split(world)[0])[0]
    assert SOURCE.split(alone, answers) == []  # one year and flow with the world fits any cap


@pytest.mark.parametrize(
    ("status", "body", "outcome", "wait"),
    [
        (401, b'{"statusCode":401,"message":"Access denied due to missing subscription key."}',
         Outcome.AUTH, None),
        (403, b'{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished '
         b'in 00:30:02."}', Outcome.QUOTA_EXHAUSTED, 1802.0),
        (429, b'{"statusCode":429,"message":"Rate limit is exceeded. Try again in 2 seconds."}',
         Outcome.RATE_LIMITED, None),
        (200, b'{"count":0,"data":[],"error":"bad request"}', Outcome.BAD_REQUEST, None),
        (200, b'{"elapsedTime":"0.58 secs","count":0,"data":[],"error":""}', Outcome.EMPTY, None),
    ],
)  # fmt: skip
def test_refusals(status: int, body: bytes, outcome: Outcome, wait: float | None) -> None:
    verdict = classify(status, {}, body, Media.JSON)
    assert (verdict.outcome, verdict.retry_after_s) == (outcome, wait)
