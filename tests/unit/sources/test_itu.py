"""ITU: off by licence; an empty list is compared with the dictionary before it means anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.settings import Settings
from pipelines.sources.base import Answer
from pipelines.sources.itu import SOURCE, series
from tests.replies import cells, parsed, reply

BASE = "https://api.datahub.itu.int/v2"
SETTINGS = Settings(profile="live", accept_non_commercial=True)


def dictionary(folder: Path, listed: Any = ("USA", "JPN")):
    body: dict[str, Any] = {"codeID": 11624}
    if listed is not None:
        body["availableCountries"] = listed
    return reply(folder, orjson.dumps(body), Media.JSON, f"{BASE}/dictionaries/getbyid/11624")


def row(iso: str, year: int, *values: str | None) -> dict[str, Any]:
    return {
        "dataYear": year, "answer": [{"value": v, "id": n} for n, v in enumerate(values)],
        "codeID": 11624, "code": "i99H", "isoCode": iso, "dataNote": "", "dataSource": "ITU.",
    }  # fmt: skip


def data(folder: Path, iso: str, *rows: dict[str, Any]):
    url = f"{BASE}/data/bycode/11624/byiso/{iso}"
    return reply(folder, orjson.dumps(list(rows)), Media.JSON, url)


def test_values_are_texts_in_lists(tmp_path: Path) -> None:
    usa = data(tmp_path, "USA", row("USA", 2000, "43.0791626375201"), row("USA", 2001, "1", "2"))
    jpn = data(tmp_path, "JPN", row("JPN", 2000, None), row("JPN", 2001, "n.a."))
    replies = [dictionary(tmp_path), usa, jpn]
    SOURCE.prove("11624", replies)
    got = parsed(SOURCE, "11624", replies)
    assert cells(got.good, "economy_code_iso3", "period_year", "answer_no", "value") == [
        ("USA", 2000, 1, 43.0791626375201),
        ("USA", 2001, 1, 1.0),
        ("USA", 2001, 2, 2.0),
        ("JPN", 2000, 1, None),
    ]
    assert got.bad["reason"].to_list() == ["value is 'n.a.', which is no number"]


def test_an_economy_less_than_promised_is_refused(tmp_path: Path) -> None:
    usa = data(tmp_path, "USA", row("USA", 2000, "1"))
    for replies in (
        [dictionary(tmp_path), usa],
        [dictionary(tmp_path), usa, data(tmp_path, "JPN")],
    ):
        with pytest.raises(Incomplete, match="no figures came for JPN; an empty list with") as no:
            SOURCE.prove("11624", replies)
        assert no.value.outcome == Outcome.TRUNCATED
    for listed in ((), None):
        with pytest.raises(Incomplete, match="no figures came for 11624"):
            SOURCE.prove("11624", [dictionary(tmp_path, listed), data(tmp_path, "USA")])
    without = [dictionary(tmp_path, None), usa, data(tmp_path, "JPN")]
    assert SOURCE.prove("11624", without).version  # nothing was promised, something came


def test_economies_are_asked_for_as_the_dictionary_lists_them(tmp_path: Path) -> None:
    def urls(listed: Any) -> list[str]:
        answers: list[Answer] = []
        while (spec := SOURCE.next_request("11624", answers, SETTINGS)) is not None:
            landed = data(tmp_path, "USA") if answers else dictionary(tmp_path, listed)
            answers.append(Answer(spec, Outcome.OK, landed))
        return [answer.spec.url.rsplit("/", 1)[-1] for answer in answers]

    assert urls(["USA", "DEU", "JPN"]) == ["11624", "JPN", "USA"]
    assert urls([{"isoCode": "CHL"}, {"id": 4}, None]) == ["11624", "CHL"]
    assert len(urls(None)) == 22
    assert urls([]) == ["11624"]


@pytest.mark.parametrize(
    "body", [b"{}", b"[1]", b"null", b'"text"', b'[{"answer":1,"codeID":1}]', b"Cannot set"]
)
def test_another_shape_is_drift(tmp_path: Path, body: bytes) -> None:
    odd = reply(tmp_path, body, Media.JSON, f"{BASE}/data/bycode/11624/byiso/USA")
    with pytest.raises(SchemaDrift):
        parsed(SOURCE, "11624", [dictionary(tmp_path), odd])
    with pytest.raises(SchemaDrift, match="is no list"):
        SOURCE.prove("11624", [dictionary(tmp_path, "USA")])


def test_order_of_rows_and_keys_does_not_count(tmp_path: Path) -> None:
    rows = [row("USA", 2000, "1"), row("USA", 2001, "2")]
    turned = [dict(reversed(list(r.items()))) for r in rows[::-1]]
    hashes = {
        SOURCE.canonical_sha256("11624", [dictionary(tmp_path), data(tmp_path, "USA", *some)])
        for some in (rows, turned)
    }
    assert len(hashes) == 1


def test_off_until_the_licence_is_accepted() -> None:
    assert "CLUSTERKPI_ACCEPT_NON_COMMERCIAL" in SOURCE.off(Settings(profile="live"))
    assert SOURCE.off(SETTINGS) == "" and SOURCE.licence.non_commercial
    assert SOURCE.parts(SETTINGS) == list(series()) and len(series()) == 5
