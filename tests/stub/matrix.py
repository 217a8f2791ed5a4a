"""Every source in every way it can fail: what came of it, beside what has to.

    python -m tests.stub.matrix

prints docs/failure_matrix.md and ends with 1 if a cell is not as it has to be.
"""

from __future__ import annotations

import copy
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.http.client import Client, RetryPolicy
from pipelines.ingest import Night, PartReport, Step, ingest
from pipelines.landing import Landing
from pipelines.landing_store import LocalLanding
from pipelines.settings import Settings
from pipelines.sources.base import Source, discover
from pipelines.vintages import latest
from tests.stub.modes import MODES, NOT_DATA, Mode
from tests.stub.server import TODAY, Reply, Stub, ToStub

# One part of each source: small, and with all that can go wrong.
PARTS = {
    "abs": "cabee_sa2",
    "acs": "B28002",
    "baci": "HS17_V202601",
    "bds": "states",
    "bea": "summary",
    "bfs": "monthly",
    "cbp": "2023",
    "comtrade": "842",
    "estat": "areas_industries",
    "eurostat": "isoc_r_iuse_i",
    "itu": "11624",
    "kosis": "businesses",
    "microsoft": "2020",
    "oecd": "msti",
    "qcew": "2025",
    "statcan": "33100270",
    "statsnz": "region_industries",
    "susb": "2024",
    "uis": "science",
    "usda": "attainment",
    "ustrade": "2025",
    "wdi": "SP.POP.TOTL",
}
_GOOD, _BAD = "20261101T000000Z", "20261102T000000Z"


@dataclass(frozen=True)
class Cell:
    """What came of one source in one mode."""

    source: str
    mode: Mode
    part: PartReport
    wrong: tuple[str, ...]
    requests: int

    @property
    def line(self) -> str:
        came = self.part.outcome.value if self.part.outcome else "–"
        detail = " ".join(self.part.detail.split()).replace("|", "\\|")[:230]
        number = self.mode.number or "–"
        return (
            f"| {number} | {self.mode.name} | {self.source} | {came} | {self.part.step.value} | "
            f"{self.requests} | {detail} |"
        )


def one_part(source: Source) -> Source:
    """The source, cut to one part."""
    part = PARTS[source.id]
    single = copy.copy(source)
    single.parts = lambda _settings: [part]  # type: ignore[method-assign]
    return single


def night(home: Path, source: Source, stub: Stub, stamp: str, *, force: bool) -> PartReport:
    """One night of one source against the stub."""
    settings = Settings(home=home, profile="live", today=TODAY)
    landing = Landing(
        LocalLanding(home / "landing"), run_id=stamp, realm="official", profile="live"
    )
    policy = RetryPolicy(4, wait_initial_s=0.0, wait_max_s=5.0, queue_polls=2)
    client = Client(ToStub(stub), landing.work_dir, policy=policy, polite=False)
    now = datetime.now(UTC)
    report = ingest(
        source,
        Night(settings, client, landing, stamp, {}, {}, now, force=force, say=lambda _line: None),
    )
    client.close()
    landing.close_log()
    (part,) = report.parts
    return part


def prepare(home: Path, source: Source, stub: Stub) -> None:
    """A first, good night."""
    stub.alter = lambda _url, reply: reply
    part = night(home, source, stub, _GOOD, force=False)
    assert part.step is Step.PROMOTED, part


def fail(home: Path, source: Source, stub: Stub, mode: Mode) -> Cell:
    """A second night in which the figures fail in this mode."""

    def alter(url: str, reply: Reply) -> Reply:
        return reply if any(text in url for text in NOT_DATA) else mode.alter(url, reply)

    before = latest(home / "raw", "official", source.id).parts[PARTS[source.id]]
    stub.alter, stub.asked = alter, []
    part = night(home, source, stub, _BAD, force=mode.force)
    after = latest(home / "raw", "official", source.id).parts[PARTS[source.id]]
    said = f"{part.detail}; {part.quarantined - before.quarantined} more quarantined"
    wrong = []
    if part.step is not mode.step:
        wrong.append(f"{part.step.value} instead of {mode.step.value}")
    if mode.outcome is not None and part.outcome is not mode.outcome:
        wrong.append(f"{part.outcome} instead of {mode.outcome.value}")
    if mode.says not in said:
        wrong.append(f"the message does not say {mode.says!r}: {said}")
    if mode.step is Step.PROMOTED:
        if part.landed != part.promoted + part.quarantined:
            wrong.append("rows are unaccounted for")
        if abs(part.landed - before.landed) > 20:
            wrong.append(f"{part.landed} rows instead of {before.landed}")
    elif after != before:
        wrong.append("the vintage in service is another one")
    if part.step in (Step.FAILED, Step.PARKED) and "http" not in part.detail:
        names = (PARTS[source.id], before.urls[-1].split("?")[0].rsplit("/", 1)[-1], "records")
        if not any(name in part.detail for name in names):
            wrong.append(f"the message names neither request nor part: {part.detail}")
    return Cell(source.id, mode, part, tuple(wrong), len(stub.asked))


def cells(only: str = "") -> Iterator[Cell]:
    """All cells, source by source."""
    with Stub() as stub, tempfile.TemporaryDirectory() as scratch:
        for name, source in discover().items():
            if name not in PARTS or (only and name != only):
                continue
            single, good = one_part(source), Path(scratch) / name
            prepare(good, single, stub)
            for mode in MODES:
                if name in mode.sources:
                    home = Path(scratch) / "night"
                    shutil.copytree(good, home)
                    yield fail(home, single, stub, mode)
                    shutil.rmtree(home)


HEAD = """# What happens when a publisher fails

`python -m tests.stub.matrix` prints this page: every source in every way it can fail, over a real socket. The numbers are those
of the list of failure modes in the ingestion contract; – is the connection itself. In every line but those that end in
*promoted* nothing was put in service and the last good vintage stayed; a parked part ends the night green with a warning.

Not in the table because they are no replies: 5 where the cap is silent (`tests/unit/test_ingest.py`, `test_uis.py`), 18 (zeros under a
disclosure code: `test_qcew.py`), 20 (codes that look like numbers or nulls: `test_eurostat.py`, `test_sources.py`), 25 as figures a
thousand times too large (whole in every other way, they are held at the gate: `tests/integration/test_trade_bad_input.py`,
`tests/unit/test_expectations.py`), 26 (frozen tables: `succeeded_by` in `pipelines/sources/eurostat_datasets.csv`; freshness policies
of the assets).

An ordinary night with nothing new makes 44 requests to the publishers that are read when live: signals of Eurostat, OECD, UIS
and the World Bank, conditional requests for everything else (`tests/integration/test_quiet_night.py` holds it to 45); in the
demo 52, with the sources that are off when live.

| mode | what came | source | taken for | came of it | requests | message |
|---|---|---|---|---|--:|---|"""


def main() -> int:
    print(HEAD)
    odd = 0
    for cell in cells():
        print(cell.line)
        for text in cell.wrong:
            print(f"WRONG: {cell.source}, {cell.mode.name}: {text}", file=sys.stderr)
            odd += 1
    return 1 if odd else 0


if __name__ == "__main__":
    raise SystemExit(main())
