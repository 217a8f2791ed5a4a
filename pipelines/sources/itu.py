"""ITU DataHub: subscriptions and use of telecommunications. Off: the licence is non-commercial.

The World Bank passes most of these series on under CC BY 4.0; they are read from there. This is
for those who may use the originals: `CLUSTERKPI_ACCEPT_NON_COMMERCIAL=true`.

Quirks:
- The interface is not documented. One request gives one series of one economy.
- A wrong id of a series or of an economy is answered with 200 and `[]`: an empty list is never
  taken for "no figures" before it was compared with what the dictionary of the series promises.
- An unknown id in the dictionary is answered with 500 and the text "Cannot set properties of
  undefined".
- A value is a text in a list (`"answer": [{"value": "43.07", "id": 1}]`), of which a series by sex
  or age has several; the order of keys differs from row to row.
- Paths that do not exist are answered with 403 "Missing Authentication Token", which is about no
  token. Since August 2026 anonymous requests are reported to get a 403 page: then the source is
  blocked, and nothing is to be done about it here.

Unconfirmed: the shape of the dictionary. A list of economies under `availableCountries` is used
where there is one, of codes or of objects with `isoCode`; without it, every economy is asked for,
and one of them has to have figures.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, as_text

_BASE = "https://api.datahub.itu.int/v2"
_ECONOMIES = (
    "AUS", "BRN", "CAN", "CHL", "CHN", "HKG", "IDN", "JPN", "KOR", "MEX", "MYS", "NZL", "PER",
    "PHL", "PNG", "RUS", "SGP", "THA", "TWN", "USA", "VNM",
)  # fmt: skip
_FIELDS = {
    "codeID": "code_id",
    "code": "code",
    "isoCode": "economy_code_iso3",
    "dataYear": "period_year",
    "dataSource": "data_source",
    "dataNote": "data_note",
}

OBSERVATIONS = Table(
    "observations",
    (
        Column("code_id", required=True, pattern=r"\d+"),
        Column("code", required=True),
        Column("economy_code_iso3", required=True, pattern=r"[A-Z]{3}"),
        Column("period_year", "integer", required=True, minimum=1960, maximum=2100),
        Column("answer_no", "integer", required=True, minimum=1),
        Column("value", "number"),
        Column("data_source"),
        Column("data_note"),
    ),
    key=("code_id", "economy_code_iso3", "period_year", "answer_no"),
    period="period_year",
)


@cache
def series() -> dict[str, str]:
    """Ids of the series to read → their codes."""
    with Path(__file__).with_name("itu_series.csv").open(newline="") as lines:
        return {row["code_id"]: row["code"] for row in csv.DictReader(lines)}


class Itu(Source):
    """World Telecommunication/ICT Indicators; a part is one series."""

    id = "itu"
    title = "ITU DataHub: telecommunication and ICT indicators"
    publisher = "International Telecommunication Union"
    homepage = "https://datahub.itu.int/"
    cadence = "twice a year"
    max_age_days = 430
    licence = Licence(
        "CC-BY-NC-SA-3.0-IGO",
        "Creative Commons Attribution-NonCommercial-ShareAlike 3.0 IGO",
        "https://creativecommons.org/licenses/by-nc-sa/3.0/igo/",
        "International Telecommunication Union (ITU), DataHub",
        share_alike=True,
        non_commercial=True,
    )
    tables = (OBSERVATIONS,)

    def off(self, settings: Settings) -> str:
        if settings.accept_non_commercial:
            return ""
        return "non-commercial licence: CLUSTERKPI_ACCEPT_NON_COMMERCIAL=true reads it"

    def parts(self, settings: Settings) -> list[str]:
        return list(series())

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        """The dictionary of the series, then one request for each economy that it promises."""
        if not answers:
            return RequestSpec(self.id, part, f"{_BASE}/dictionaries/getbyid/{part}")
        first = answers[0].landed
        promised = _promised(first.read(), first.url) if first else None
        wanted = [code for code in _ECONOMIES if promised is None or code in promised]
        if len(answers) > len(wanted):
            return None
        economy = wanted[len(answers) - 1]
        return RequestSpec(self.id, part, f"{_BASE}/data/bycode/{part}/byiso/{economy}")

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """Figures of every economy that the dictionary promises.

        Raises:
            Incomplete: an empty list came for one, or for all.
            SchemaDrift: a reply is not what the interface gives.
        """
        promised = _promised(replies[0].read(), replies[0].url)
        came = {
            str(row.get("isoCode"))
            for reply in replies[1:]
            for row in _rows(reply)
            if str(row.get("codeID")) == part
        }
        wanted = {code for code in _ECONOMIES if promised is not None and code in promised}
        if lacking := sorted(wanted - came) if came or wanted else [part]:
            raise Incomplete(
                Outcome.TRUNCATED,
                f"series {part}: no figures came for {', '.join(lacking[:5])}; an empty list with "
                "status 200 is what a wrong id gets, so it is not taken for absence",
            )
        return Proof(hashlib.sha256(b"".join(sorted(map(_digest, replies[1:])))).hexdigest()[:12])

    def canonical_sha256(self, part: str, replies: Sequence[Landed]) -> str:
        """Rows only, sorted, with sorted keys: the order of neither counts."""
        rows = [
            orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
            for reply in replies[1:]
            for row in _rows(reply)
        ]
        return hashlib.sha256(b"\n".join(sorted(rows))).hexdigest()

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        for number, reply in enumerate(replies[1:]):
            yield Chunk("observations", _frame(_rows(reply), reply.url), f"{number}")


def _digest(reply: Landed) -> bytes:
    return reply.sha256.encode()


def _loaded(body: bytes, where: str) -> Any:
    try:
        return orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise SchemaDrift(f"{where}: not JSON ({error})") from error


def _promised(body: bytes, where: str) -> set[str] | None:
    """ISO codes of the economies that the dictionary lists; None where it has no such list."""
    entry = _loaded(body, where)
    if isinstance(entry, list) and len(entry) == 1:
        entry = entry[0]
    if not isinstance(entry, dict):
        raise SchemaDrift(f"{where}: the dictionary has no entry")
    listed = entry.get("availableCountries")
    if listed is None:
        return None
    if not isinstance(listed, list):
        raise SchemaDrift(f"{where}: `availableCountries` is no list")
    codes = [item.get("isoCode") if isinstance(item, dict) else item for item in listed]
    return {code for code in codes if isinstance(code, str)}


def _rows(reply: Landed) -> list[dict[str, Any]]:
    rows = _loaded(reply.read(), reply.url)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SchemaDrift(f"{reply.url}: no list of rows")
    return rows


def _frame(rows: list[dict[str, Any]], where: str) -> pl.DataFrame:
    """One row for each value of each row's list."""
    if rows and (lost := [name for name in (*_FIELDS, "answer") if name not in rows[0]]):
        raise SchemaDrift(f"{where}: rows have no {', '.join(lost)}")
    flat = []
    for row in rows:
        answers = row.get("answer")
        if not isinstance(answers, list) or not all(isinstance(a, dict) for a in answers):
            raise SchemaDrift(f"{where}: `answer` is no list of values: {answers!r}"[:300])
        for number, answer in enumerate(answers or [{}], start=1):
            cells = {name: as_text(row.get(field)) for field, name in _FIELDS.items()}
            flat.append(cells | {"answer_no": str(number), "value": as_text(answer.get("value"))})
    names = [*_FIELDS.values(), "answer_no", "value"]
    return pl.DataFrame(
        {
            "_row_no": range(1, len(flat) + 1),
            **{name: [cells[name] for cells in flat] for name in names},
        },
        schema={"_row_no": pl.Int64, **dict.fromkeys(names, pl.String)},
    )


SOURCE = Itu()
