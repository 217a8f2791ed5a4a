"""Recorded answers of the UNESCO Institute for Statistics, made from its CSV exports.

The API answers with JSON records; what people keep are exports of its browser or of the older
UIS.Stat, which hold the same figures under other headers.

Belongs here: the wire format of `data/indicators`. Does not belong here: how records are read
(`sources.uis`).
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import httpx2 as httpx
import orjson

from pipelines.http.replay_bodies import (
    Body,
    Captured,
    EntryProblem,
    Options,
    Stamp,
    filled_path,
    stamp,
)

# Field of a record → headers that it has in the exports.
_HEADERS = {
    "indicatorId": ("indicatorId", "INDICATOR_ID", "INDICATOR"),
    "geoUnit": ("geoUnit", "COUNTRY_ID", "LOCATION"),
    "year": ("year", "YEAR", "TIME"),
    "value": ("value", "VALUE", "Value"),
    "magnitude": ("magnitude", "MAGNITUDE"),
    "qualifier": ("qualifier", "QUALIFIER", "Flag Codes"),
}
_REQUIRED = ("indicatorId", "geoUnit", "year", "value")


@dataclass(frozen=True)
class RecordsBody:
    """Records of the years asked for, whatever indicators the export has."""

    file: str
    first: str
    last: str

    def respond(self, request: httpx.Request, captured: Captured) -> httpx.Response:
        records = _records(stamp(filled_path(self.file, captured)))
        first, last = int(captured[self.first]), int(captured[self.last])
        chosen = [record for record in records if first <= record["year"] <= last]
        return httpx.Response(200, json={"records": chosen}, request=request)


def read_records_body(options: Options) -> Body:
    options.allow("file", "start", "end")
    names = []
    for key in ("start", "end"):
        text = options.template(key)
        if not (text.startswith("{") and text.endswith("}")):
            raise EntryProblem(key, f"is {text!r}", "name the placeholder of the address")
        names.append(text.strip("{}"))
    return RecordsBody(options.path("file"), *names)


@lru_cache(maxsize=4)
def _records(file: Stamp) -> tuple[dict[str, object], ...]:
    return tuple(_read(file.path))


def _read(path: Path) -> Iterator[dict[str, object]]:
    body = path.read_bytes()
    body = gzip.decompress(body) if path.suffix == ".gz" else body
    lines = csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
    headers = lines.fieldnames or []
    names = {
        field: next((name for name in known if name in headers), None)
        for field, known in _HEADERS.items()
    }
    lost = [field for field in _REQUIRED if names[field] is None]
    if lost:
        raise EntryProblem(
            "file",
            f"{path} has no column for {', '.join(lost)}",
            "name an export of the institute",
        )
    for line in lines:
        cells = {field: line[name] if name else None for field, name in names.items()}
        figure = cells["value"]
        yield {
            **{field: cells[field] or None for field in ("indicatorId", "geoUnit")},
            "year": int(str(cells["year"])),
            # the figure as the export prints it, so that no digit is lost or added
            "value": orjson.loads(figure) if figure else None,
            "magnitude": cells["magnitude"] or None,
            "qualifier": cells["qualifier"] or None,
        }
