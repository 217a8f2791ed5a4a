"""OECD Data Explorer (SDMX REST, `format=csvfile`).

Quirks:
- About 60 data downloads an hour; structure calls are not counted. Few, wide, keyed requests;
  the two kinds wait in pools of their own.
- The content constraint of a flow (`validFrom`, `obs_count`) is read first: it is the signal of
  the part, and it bounds the rows that may come. What a key leaves over is not announced.
- 404 means "no records found" as well as "no such flow": the constraint, read before, tells.
- `Accept: text/csv` is answered with 500, some default user agents with 403: `*/*` and our own.
- `NaN` and empty cells are both "no figure"; `UNIT_MULT` is a power of ten that is applied in
  staging, never in raw; `ACTION`, label columns and further attributes are left out.
- `OBS_STATUS` B marks a break: the whole wave of 2021 of the survey on artificial intelligence is
  one. Sector by size cells do not exist together in the ICT flow.

Unconfirmed: the keys and versions of the flows marked so in `oecd_flows.csv`, and the text of a
404. A flow that moved fails with its address; the others go on.

Which flows are read is data: `oecd_flows.csv`, one line each.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, prove_csv
from pipelines.sources.sdmx_csv import observations, read_sdmx_csv

_BASE = "https://sdmx.oecd.org/public/rest"
_VALID_FROM = re.compile(rb'validFrom="([^"]+)"')
_OBS_COUNT = re.compile(
    rb'id="obs_count"[^>]*>\s*<(?:\w+:)?AnnotationTitle>\s*(\d+)|'
    rb"AnnotationTitle>\s*(\d+)\s*</(?:\w+:)?AnnotationTitle>\s*"
    rb"<(?:\w+:)?AnnotationType>obs_count<"
)


@dataclass(frozen=True)
class Flow:
    """One dataflow; see `oecd_flows.csv`."""

    agency: str
    dataflow: str
    version: str
    key: str
    dimensions: tuple[str, ...]
    start_period: str

    @property
    def constraint_url(self) -> str:
        return f"{_BASE}/contentconstraint/{self.agency}/CR_A_{self.dataflow}/"

    @property
    def data_url(self) -> str:
        return f"{_BASE}/data/{self.agency},{self.dataflow},{self.version}/{self.key}"


@cache
def flows() -> dict[str, Flow]:
    """The flows to read, by our short name."""
    with Path(__file__).with_name("oecd_flows.csv").open(newline="") as lines:
        return {
            row["flow"]: Flow(
                row["agency"],
                row["dataflow"],
                row["version"],
                row["key"],
                tuple(row["dimensions"].split(";")),
                row["start_period"],
            )
            for row in csv.DictReader(lines)
        }


class Oecd(Source):
    """OECD statistics; a part is one keyed flow."""

    id = "oecd"
    title = "OECD Data Explorer"
    publisher = "OECD"
    homepage = "https://data-explorer.oecd.org/"
    cadence = "each flow on its own calendar"
    max_age_days = 430
    licence = Licence(
        "CC-BY-4.0",
        "Creative Commons Attribution 4.0 (OECD, since July 2024)",
        "https://www.oecd.org/en/about/terms-conditions.html",
        "OECD Data Explorer",
    )
    tables = (observations(),)

    def parts(self, settings: Settings) -> list[str]:
        return list(flows())

    def part_signal(self, part: str, settings: Settings) -> RequestSpec:
        return RequestSpec(self.id, part, flows()[part].constraint_url, media=Media.XML)

    def read_signal(self, body: bytes, part: str) -> str:
        valid, count = _constraint(body, flows()[part].constraint_url)
        return f"{valid} {count}"

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        flow = flows()[part]
        if not answers:
            return self.part_signal(part, settings)
        if len(answers) > 1:
            return None
        params = (
            ("startPeriod", flow.start_period),
            ("dimensionAtObservation", "AllDimensions"),
            ("format", "csvfile"),
        )
        return RequestSpec(
            self.id,
            part,
            flow.data_url,
            params,
            Media.CSV,
            max_bytes=1 << 30,
            pool="sdmx.oecd.org/data",
        )

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        figures = [reply for reply in replies if reply.media is Media.CSV]
        if not figures:
            raise Incomplete(Outcome.TRUNCATED, f"{part}: the constraint came, the figures did not")
        prove_csv(figures[-1])
        rows = figures[-1].read().rstrip(b"\r\n").count(b"\n")
        about = next((reply for reply in replies if reply.media is Media.XML), None)
        if about is None:
            return Proof(figures[-1].sha256[:12])
        valid, count = _constraint(about.read(), about.url)
        if rows > count or (rows < count and flows()[part].key == "all" and _whole(part)):
            raise Incomplete(
                Outcome.TRUNCATED, f"{part}: {rows} observations came, {count} were announced"
            )
        return Proof(valid, _time(valid))

    def canonical_sha256(self, part: str, replies: Sequence[Landed]) -> str:
        """Lines of figures, sorted; the constraint does not count."""
        lines = [
            line
            for reply in replies
            if reply.media is Media.CSV
            for line in reply.read().splitlines()
        ]
        return hashlib.sha256(b"\n".join(sorted(lines))).hexdigest()

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        flow = flows().get(part)
        for reply in replies:
            if reply.media is Media.CSV:
                names = flow.dimensions if flow else ()
                rows = read_sdmx_csv(reply.read(), reply.name, part, names)
                yield Chunk("observations", rows)


def _whole(part: str) -> bool:
    return not flows()[part].start_period


def _constraint(body: bytes, where: str) -> tuple[str, int]:
    """`validFrom` and `obs_count`; read by pattern, so that no entity is ever expanded."""
    valid, count = _VALID_FROM.search(body), _OBS_COUNT.search(body)
    if valid is None or count is None:
        raise SchemaDrift(f"{where}: no validFrom or no obs_count in the content constraint")
    return valid[1].decode("ascii", "replace"), int(count[1] or count[2])


def _time(stamp: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return when if when.tzinfo else None


SOURCE = Oecd()
