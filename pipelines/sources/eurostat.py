r"""Eurostat dissemination API: SDMX-CSV for live tables, TSV for frozen ones.

Quirks:
- A table is asked for whole and from a first year; where that is more than the server gives at
  once it answers "queued" (413 ASYNCHRONOUS_RESPONSE, 200 with a warning, or a SOAP envelope with
  a ticket: the client polls) or "too big" (413 EXTRACTION_TOO_BIG: the years are bisected). Both
  413s carry the same id; the label tells them apart.
- The body may be gzip without a Content-Encoding header; the client looks at the first bytes.
- `Accept: text/csv` is answered with 406: `*/*` is sent.
- `NA` is Namibia, `EL` Greece, `UK` the United Kingdom: everything is text and no word is null;
  only `:` and an empty cell are "no figure".
- Flags are letters and may be combined (`bd`); `c` is confidential, `z` not applicable. They are
  kept as they are and mapped in staging. `CONF_STATUS` came in 2025 and may be absent.
- No ETag, no Last-Modified: the table of contents says when each table changed, in one request.
- The dataflow's annotations say how many observations there are (OBS_COUNT), from when on
  (OBS_PERIOD_OVERALL_OLDEST), and when they were written (UPDATE_DATA): read before the figures,
  they prove a table complete that is asked for from its first year on.
- Only the newest vintage is kept there: this landing is the archive.
- Frozen tables are read once as TSV, as plain files, and never probed; what follows them is in
  `succeeded_by` and is not spliced on.

Unconfirmed: the code of the regional SBS table from 2021, and that of e-commerce by size; where
the table of contents does not have a code, the part fails with that address and all else goes on.

Which tables are read is data: `eurostat_datasets.csv`, one line each.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, prove_csv
from pipelines.sources.sdmx_csv import observations, read_sdmx_csv, read_tsv

_BASE = "https://ec.europa.eu/eurostat/api/dissemination"
_FIRST_YEAR = 1990
_ANNOTATION = re.compile(
    rb"<c:AnnotationTitle>([^<]*)</c:AnnotationTitle>\s*"
    rb"<c:AnnotationType>(OBS_COUNT|OBS_PERIOD_OVERALL_OLDEST|UPDATE_DATA|"
    rb"DISSEMINATION_TIMESTAMP_DATA)</c:AnnotationType>"
)


@dataclass(frozen=True)
class Dataset:
    """One table of Eurostat; see `eurostat_datasets.csv`."""

    code: str
    title: str
    guideline: str
    dimensions: tuple[str, ...]
    start_period: str
    is_frozen: bool
    succeeded_by: str
    is_confirmed: bool


@cache
def datasets() -> dict[str, Dataset]:
    """The tables to read, by code, in the order of the file."""
    file = Path(__file__).with_name("eurostat_datasets.csv")
    with file.open(newline="") as lines:
        return {
            row["dataset_code"]: Dataset(
                row["dataset_code"],
                row["title"],
                row["guideline"],
                tuple(row["dimensions"].split(";")),
                row["start_period"],
                row["is_frozen"] == "true",
                row["succeeded_by"],
                row["is_confirmed"] == "true",
            )
            for row in csv.DictReader(lines)
        }


class Eurostat(Source):
    """Regional tables of Eurostat; a part is one table."""

    id = "eurostat"
    title = "Eurostat regional and business statistics"
    publisher = "Eurostat"
    homepage = "https://ec.europa.eu/eurostat/data/database"
    cadence = "each table on its own calendar, at 11:00 and 23:00 CET"
    max_age_days = 430
    licence = Licence(
        "CC-BY-4.0",
        "Commission Decision 2011/833/EU, Creative Commons Attribution 4.0",
        "https://ec.europa.eu/eurostat/help/copyright-notice",
        "Source: Eurostat",
    )
    tables = (observations(),)

    def parts(self, settings: Settings) -> list[str]:
        return [
            code for code in datasets()
            if not settings.eurostat_datasets or code in settings.eurostat_datasets
        ]  # fmt: skip

    def signal(self, settings: Settings) -> RequestSpec | None:
        if all(datasets()[code].is_frozen for code in self.parts(settings)):
            return None
        url = f"{_BASE}/catalogue/toc/txt"
        return RequestSpec(self.id, "_signal", url, (("lang", "en"),), media=Media.TSV)

    def read_signal(self, body: bytes, part: str) -> str | None:
        """When the figures and the structure of a table last changed; None for an unlisted one."""
        lines = body.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()
        header = _cells(lines[0]) if lines else []
        try:
            code, data = header.index("code"), header.index("last update of data")
            shape = header.index("last table structure change")
        except ValueError as error:
            raise SchemaDrift(
                f"{_BASE}/catalogue/toc/txt: the header is {lines[:1]} ({error})"
            ) from error
        for line in lines[1:]:
            cells = _cells(line)
            if len(cells) > max(code, data, shape) and cells[code].lower() == part:
                return f"{cells[data]} {cells[shape]}".strip()
        return None

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        dataset = datasets()[part]
        url = f"{_BASE}/sdmx/2.1/data/{part}"
        if dataset.is_frozen:
            params = (("format", "TSV"), ("compressed", "true"))
            spec = RequestSpec(
                self.id, part, url, params, Media.TSV, static=True, queue_url=f"{_BASE}/1.0/async"
            )
            return None if answers else spec
        if not answers:
            url = f"{_BASE}/sdmx/2.1/dataflow/ESTAT/{part.upper()}/latest"
            return RequestSpec(self.id, part, url, (("references", "none"),), Media.XML)
        if len({answer.spec for answer in answers}) > 1:
            return None
        years = _years(dataset.start_period or str(_FIRST_YEAR), str(settings.plan_date.year))
        params = (("format", "SDMX-CSV"), ("compressed", "true"), *years)
        return RequestSpec(
            self.id,
            part,
            url,
            params,
            Media.CSV,
            not_found=Outcome.GONE,
            max_bytes=1 << 30,
            queue_url=f"{_BASE}/1.0/async",
        )

    def split(self, spec: RequestSpec, answers: Sequence[Answer] = ()) -> list[RequestSpec]:
        """Two halves of the years that were asked for."""
        asked = dict(spec.params)
        if "startPeriod" not in asked:
            return []
        first, last = int(asked["startPeriod"]), int(asked["endPeriod"])
        if first >= last:
            return []
        middle = (first + last) // 2
        rest = tuple(p for p in spec.params if not p[0].endswith("Period"))
        return [
            replace(spec, params=(*rest, *_years(str(first), str(middle)))),
            replace(spec, params=(*rest, *_years(str(middle + 1), str(last)))),
        ]

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        about = {
            kind.decode(): title.decode("utf-8", "replace")
            for reply in replies if reply.media is Media.XML
            for title, kind in _ANNOTATION.findall(reply.read())
        }  # fmt: skip
        rows, updates = 0, set()
        for reply in replies:
            if reply.media is Media.XML:
                continue
            prove_csv(reply)
            body = reply.read()
            rows += body.rstrip(b"\r\n").count(b"\n")
            if reply.media is Media.CSV:
                updates |= set(re.findall(rb",(\d\d/\d\d/\d\d \d\d:\d\d:\d\d),", body))
        if len(updates) > 1:
            raise Incomplete(Outcome.TORN, f"{part}: LAST UPDATE changed while it was read")
        if "OBS_COUNT" in about:
            if not about["OBS_COUNT"].strip().isdecimal():
                raise SchemaDrift(f"{part}: OBS_COUNT is {about['OBS_COUNT']!r}, no count")
            total, whole = int(about["OBS_COUNT"]), _is_whole(part, about)
            if rows > total or rows == 0 or (whole and rows != total):
                raise Incomplete(
                    Outcome.TRUNCATED, f"{part}: {rows} observations came, {total} were announced"
                )
        stamp = about.get("UPDATE_DATA") or about.get("DISSEMINATION_TIMESTAMP_DATA")
        changed = _time(stamp) if stamp else None
        return Proof(stamp or replies[-1].sha256[:12], changed)

    def canonical_sha256(self, part: str, replies: Sequence[Landed]) -> str:
        """Figures only: neither the annotations nor LAST UPDATE (the second column) count."""
        figures = [reply for reply in replies if reply.media is not Media.XML]
        return _sorted_hash(figures)

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        dataset = datasets().get(part)
        for number, reply in enumerate(replies):
            if reply.media is Media.TSV:
                rows = read_tsv(reply.read(), reply.name, part)
            elif reply.media is Media.CSV:
                names = dataset.dimensions if dataset else ()
                rows = read_sdmx_csv(reply.read(), reply.name, part, names)
            else:
                continue
            yield Chunk("observations", rows, f"{number}" if len(replies) > 2 else None)


def _is_whole(part: str, about: dict[str, str]) -> bool:
    """Whether the years that are asked for are all that there are."""
    start, oldest = datasets()[part].start_period, about.get("OBS_PERIOD_OVERALL_OLDEST", "")
    return not start or (oldest[:4].isdecimal() and oldest[:4] >= start)


def _sorted_hash(replies: Sequence[Landed]) -> str:
    """Of all lines, sorted, without the time at which the table was written."""
    lines: list[bytes] = []
    for reply in replies:
        for line in reply.read().splitlines():
            if reply.media is Media.CSV:
                line = re.sub(rb",\d\d/\d\d/\d\d \d\d:\d\d:\d\d,", b",,", line, count=1)
            lines.append(line)
    return hashlib.sha256(b"\n".join(sorted(lines))).hexdigest()


def _cells(line: str) -> list[str]:
    return [cell.strip().strip('"').strip() for cell in line.split("\t")]


def _years(first: str, last: str) -> tuple[tuple[str, str], ...]:
    return (("startPeriod", first), ("endPeriod", last))


def _time(stamp: str) -> datetime | None:
    """`2026-01-09T23:00:00+0100`; None where it is written in another way."""
    try:
        return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return None


SOURCE = Eurostat()
