"""Recorded exchanges: judged as what they are, and the World Bank's pages read to the row."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines import contracts
from pipelines.http.classify import Media, Outcome, classify
from pipelines.sources import comtrade, itu, wdi
from pipelines.sources.base import Source, discover
from pipelines.sources.eurostat import _ANNOTATION
from tests.replies import reply

pytestmark = pytest.mark.real


def exchanges(data: Path) -> list[dict[str, Any]]:
    folder = data / "wire" / "exchanges"
    found = [json.loads(line) for line in (folder / "index.jsonl").open()]
    for exchange in found:
        exchange["content"] = (folder / exchange["body"]).read_bytes()
        exchange["headers"] = {key.lower(): value for key, value in exchange["headers"].items()}
    return found


def expected(exchange: dict[str, Any]) -> Outcome:
    """What a person says on reading the exchange; independent of the classifier's rules."""
    if exchange["status"] == 400:
        return Outcome.BAD_REQUEST
    if b'"message":[{"id":"' in exchange["content"].replace(b" ", b""):
        return Outcome.BAD_REQUEST
    if b'"count":0,' in exchange["content"]:
        return Outcome.EMPTY
    return Outcome.OK


def test_every_exchange_is_judged_right(real_data: Path) -> None:
    seen: Counter[Outcome] = Counter()
    for exchange in exchanges(real_data):
        xml = exchange["content"].lstrip().startswith(b"<") and exchange["status"] == 200
        media = Media.XML if xml else Media.JSON
        verdict = classify(exchange["status"], exchange["headers"], exchange["content"], media)
        assert verdict.outcome is expected(exchange), (exchange["url"], verdict)
        seen[verdict.outcome] += 1
    assert sum(seen.values()) == 43
    assert seen[Outcome.BAD_REQUEST] >= 12 and seen[Outcome.OK] >= 25, seen


def test_world_bank_pages_hold_what_their_header_says(real_data: Path) -> None:
    pages = 0
    for exchange in exchanges(real_data):
        if exchange["source"] != "worldbank" or expected(exchange) is not Outcome.OK:
            continue
        header, rows = json.loads(exchange["content"].decode("utf-8-sig"))
        per_page, page, total = (int(header[name]) for name in ("per_page", "page", "total"))
        assert len(rows) == min(per_page, total - (page - 1) * per_page), exchange["url"]
        pages += 1
    assert pages >= 20


def read(source: Source, part: str, body: bytes, url: str, folder: Path) -> contracts.Gated:
    """The one table of a recorded page through its contract."""
    landed = reply(folder, body, Media.JSON, url)
    parts = [landed] if source is wdi.SOURCE else [landed, landed]  # others read a list first
    (chunk,) = source.parse(part, parts)
    return contracts.apply(source.table(chunk.table), chunk.rows, url)


def test_every_recorded_page_of_figures_is_parsed_to_the_row(
    real_data: Path, tmp_path: Path
) -> None:
    """Figures and economies of the World Bank, rows of Comtrade: each row promoted."""
    counts: Counter[str] = Counter()
    for exchange in exchanges(real_data):
        url, body = exchange["url"], exchange["content"]
        if expected(exchange) is not Outcome.OK:
            continue
        if exchange["source"] == "comtrade" and "/data/v1/get/" in url:
            got = read(comtrade.SOURCE, "156", body, url, tmp_path)
            rows, kind = json.loads(body)["data"], "comtrade"
            assert got.good["value_usd"].to_list() == [row["primaryValue"] for row in rows]
        elif exchange["source"] == "worldbank" and "/indicators/" in url and "/countries/" in url:
            got = read(wdi.SOURCE, "NY.GDP.MKTP.CD", body, url, tmp_path)
            rows, kind = json.loads(body)[1], "figures"
            assert got.good["value"].to_list() == [row["value"] for row in rows]
        elif exchange["source"] == "worldbank" and "/countries" in url:
            got = read(wdi.SOURCE, "economies", body, url, tmp_path)
            rows, kind = json.loads(body)[1], "economies"
        elif exchange["source"] == "worldbank" and "/sources/2?" in url:
            assert wdi.SOURCE.read_signal(body, "NY.GDP.MKTP.CD") == "2021-05-25"
            counts["signal"] += 1
            continue
        else:
            continue  # lists of topics, regions and codes that no source reads
        assert got.bad.is_empty() and got.good.height == len(rows), (url, got.bad)
        counts[kind] += 1
    assert counts == {"figures": 5, "economies": 6, "comtrade": 1, "signal": 1}, counts


def test_the_recorded_series_of_itu_is_parsed(real_data: Path, tmp_path: Path) -> None:
    body = (real_data / "wire" / "itu" / "v2" / "itu-get-country-series.json").read_bytes()
    url = "https://api.datahub.itu.int/v2/data/bycode/11624/byiso/USA"
    assert classify(200, {}, body, Media.JSON).outcome is Outcome.OK
    got = read(itu.SOURCE, "11624", body, url, tmp_path)
    assert got.bad.is_empty()
    assert got.good.select("economy_code_iso3", "period_year").rows() == [
        ("USA", year) for year in range(2000, 2005)
    ]
    assert got.good["value"].to_list()[0] == 43.0791626375201


def test_the_recorded_structures_are_read(real_data: Path) -> None:
    """Annotations of a dataflow of Eurostat; titles of QCEW's codes are regular tables."""
    flow = (real_data / "wire" / "eurostat" / "sdmx21" / "dataflow_LFSA_EGAI2D.xml").read_bytes()
    assert classify(200, {}, flow, Media.XML).outcome is Outcome.OK
    about = {kind.decode(): title.decode() for title, kind in _ANNOTATION.findall(flow)}
    assert int(about["OBS_COUNT"]) == 300_970
    assert discover()["eurostat"].read_signal(
        b"title\tcode\ttype\tlast update of data\tlast table structure change\n"
        b"x\tLFSA_EGAI2D\ttable\t09.01.2026\t09.01.2026\n", "lfsa_egai2d"
    ) == "09.01.2026 09.01.2026"  # fmt: skip
    for path in sorted((real_data / "wire" / "bls_qcew" / "titles").glob("*.csv")):
        verdict = classify(200, {}, path.read_bytes()[:65_536], Media.CSV)
        assert verdict.outcome is Outcome.OK, path.name
