"""UNESCO Institute for Statistics, data API (JSON) and its CSV exports.

Quirks:
- The API keeps every version and says which is current (`/versions/default`): the version is
  read first and pinned on each request, so that a delivery is never of two versions.
- Parameters are repeated (`indicator=A&indicator=B`), never joined with commas.
- More than 100,000 records are refused with 400 "Too much data requested": the years are halved.
- `qualifier` NAT_EST and UIS_EST mark estimates; `magnitude` NIL is a true zero and NA "not
  applicable": the value is empty in both and becomes one only in staging.
- The browser's export and the bulk files have the last two columns in different order, and the
  old UIS.Stat export has other names: columns are bound by name.
- China, Viet Nam and Chinese Taipei are often absent: absence is no error.

Unconfirmed: some indicator ids, marked so in `uis_series.csv`; an id that the API does not know
brings no records and harms nothing.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources.base import (
    Answer,
    Chunk,
    Licence,
    Proof,
    Source,
    as_text,
    prove_csv,
    read_csv,
)

_BASE = "https://api.uis.unesco.org/api/public"
_FIRST_YEAR = 1990
_CAP = 100_000
# Names of the API and the browser's export; of the bulk files; of the old UIS.Stat export.
_NAMES = {
    "indicator_code": ("indicatorId", "INDICATOR_ID", "INDICATOR"),
    "economy_code_iso3": ("geoUnit", "COUNTRY_ID", "LOCATION"),
    "period_year": ("year", "YEAR", "TIME"),
    "value": ("value", "VALUE", "Value"),
    "qualifier": ("qualifier", "QUALIFIER", "Flag Codes"),
    "magnitude": ("magnitude", "MAGNITUDE"),
}
_OPTIONAL = frozenset({"qualifier", "magnitude"})

OBSERVATIONS = Table(
    "observations",
    (
        Column("indicator_code", required=True),
        Column("economy_code_iso3", required=True, pattern=r"[A-Za-z0-9_:. -]+"),
        Column("period_year", "integer", required=True, minimum=1900, maximum=2100),
        Column("value", "number"),
        Column("magnitude"),
        Column("qualifier"),
        Column("uis_version"),
    ),
    key=("indicator_code", "economy_code_iso3", "period_year"),
    period="period_year",
)


@cache
def series() -> dict[str, tuple[str, ...]]:
    """Indicator codes to read, by theme."""
    with Path(__file__).with_name("uis_series.csv").open(newline="") as lines:
        themes: dict[str, tuple[str, ...]] = {}
        for row in csv.DictReader(lines):
            themes[row["theme"]] = (*themes.get(row["theme"], ()), row["indicator_code"])
    return themes


class Uis(Source):
    """Education and science indicators; a part is a theme."""

    id = "uis"
    title = "UIS data API: education and science"
    publisher = "UNESCO Institute for Statistics"
    homepage = "https://databrowser.uis.unesco.org/"
    cadence = "twice a year, with corrections between"
    max_age_days = 250
    licence = Licence(
        "CC-BY-SA-4.0",
        "Creative Commons Attribution-ShareAlike 4.0",
        "https://creativecommons.org/licenses/by-sa/4.0/",
        "UNESCO Institute for Statistics (UIS)",
        share_alike=True,
    )
    tables = (OBSERVATIONS,)

    def parts(self, settings: Settings) -> list[str]:
        return list(series())

    def signal(self, settings: Settings) -> RequestSpec:
        return RequestSpec(self.id, "_signal", f"{_BASE}/versions/default")

    def read_signal(self, body: bytes, part: str) -> str:
        return _version(body, "versions/default")

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        if not answers:
            return RequestSpec(self.id, part, f"{_BASE}/versions/default")
        if len({answer.spec for answer in answers}) > 1:
            return None
        first = answers[0].landed
        assert first is not None
        params = (
            *(("indicator", code) for code in series()[part]),
            ("start", str(_FIRST_YEAR)),
            ("end", str(settings.plan_date.year)),
            ("version", _version(first.read(), first.name)),
        )
        return RequestSpec(self.id, part, f"{_BASE}/data/indicators", params)

    def truncated(self, spec: RequestSpec, reply: Landed) -> str:
        if spec.url.endswith("/data/indicators") and len(_records(reply)) >= _CAP:
            return f"{_CAP:,} records are the cap"
        return ""

    def split(self, spec: RequestSpec, answers: Sequence[Answer] = ()) -> list[RequestSpec]:
        """Two halves of the years."""
        asked = dict(spec.params)
        first, last = int(asked.get("start", 0)), int(asked.get("end", 0))
        if first >= last:
            return []
        middle = (first + last) // 2
        return [
            replace(spec, params=tuple((k, years.get(k, v)) for k, v in spec.params))
            for years in (
                {"start": str(first), "end": str(middle)},
                {"start": str(middle + 1), "end": str(last)},
            )
        ]

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        if replies[0].media is Media.CSV:
            for reply in replies:
                prove_csv(reply)
            return Proof(replies[-1].sha256[:12])
        if not _is_version(replies[0]):
            return Proof(replies[-1].sha256[:12])  # a file of the export, without a version
        version = _version(replies[0].read(), replies[0].name)
        for reply in replies[1:]:
            _records(reply)
            if f"version={version}" not in reply.url:
                raise Incomplete(Outcome.TORN, f"{part}: {reply.url} is not of version {version}")
        if len(replies) < 2:
            raise Incomplete(Outcome.TRUNCATED, f"{part}: the version came, the figures did not")
        return Proof(version, _version_date(version))

    def canonical_sha256(self, part: str, replies: Sequence[Landed]) -> str:
        """Records only, sorted: neither their order nor the version's name counts."""
        digest = hashlib.sha256()
        for reply in replies:
            if reply.media is Media.CSV:
                digest.update(b"\n".join(sorted(reply.read().splitlines())))
            elif not _is_version(reply):
                records = [orjson.dumps(r, option=orjson.OPT_SORT_KEYS) for r in _records(reply)]
                digest.update(b"\n".join(sorted(records)))
        return digest.hexdigest()

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        version = None
        for number, reply in enumerate(replies):
            if reply.media is not Media.CSV and _is_version(reply):
                version = _version(reply.read(), reply.name)
                continue
            if reply.media is Media.CSV:
                rows = read_csv(reply.read(), reply.name)
            else:
                rows = _frame(_records(reply))
            rows = _bound(rows, reply.name).with_columns(uis_version=pl.lit(version, pl.String))
            yield Chunk("observations", rows, f"{number}" if len(replies) > 2 else None)


def _bound(rows: pl.DataFrame, where: str) -> pl.DataFrame:
    """Columns under their names here, whichever export they come from."""
    columns = []
    for name, known in _NAMES.items():
        found = next((header for header in known if header in rows.columns), None)
        if found is None and name not in _OPTIONAL:
            raise SchemaDrift(f"{where}: none of the columns {', '.join(known)} is there")
        columns.append((pl.col(found) if found else pl.lit(None, pl.String)).alias(name))
    return rows.select("_row_no", *columns)


def _frame(records: list[dict[str, Any]]) -> pl.DataFrame:
    names = [known[0] for known in _NAMES.values()]
    lost = [name for name in names[:4] if records and name not in records[0]]
    if lost:
        raise SchemaDrift(f"records lack {', '.join(lost)}; the first is {records[0]}")
    columns = {name: [as_text(record.get(name)) for record in records] for name in names}
    return pl.DataFrame(
        {"_row_no": range(1, len(records) + 1), **columns},
        schema={"_row_no": pl.Int64, **dict.fromkeys(names, pl.String)},
    )


def _records(reply: Landed) -> list[dict[str, Any]]:
    try:
        records = orjson.loads(reply.read().removeprefix(b"\xef\xbb\xbf"))["records"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise SchemaDrift(f"{reply.name}: no `records` in the reply ({error!r})") from error
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise SchemaDrift(f"{reply.name}: `records` is no list of records")
    return records


def _is_version(reply: Landed) -> bool:
    return reply.url.endswith("/versions/default")


def _version(body: bytes, where: str) -> str:
    try:
        version = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))["version"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise SchemaDrift(f"{where}: no `version` in the reply ({error!r})") from error
    if not isinstance(version, str) or not version:
        raise SchemaDrift(f"{where}: `version` is {version!r}")
    return version


def _version_date(version: str) -> datetime | None:
    """Versions begin with their day: `20240910-b5ad4d82`."""
    try:
        return datetime.strptime(version[:8], "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None


SOURCE = Uis()
