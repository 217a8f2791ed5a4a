"""Recorded exchanges: judged as what they are, and the World Bank's pages read to the row."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.http.classify import Media, Outcome, classify

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
