"""The seams of ingestion: probes of parts, split requests, torn deliveries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx2 as httpx
import polars as pl
import pytest

from pipelines.contracts import Column, Table
from pipelines.errors import Incomplete
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import Client, RequestSpec, RetryPolicy
from pipelines.ingest import Night, SourceReport, Step, ingest
from pipelines.landing import Landed, Landing, known_validators, read_log
from pipelines.landing_store import LocalLanding
from pipelines.settings import Settings
from pipelines.sources import supplement
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, read_csv
from pipelines.transports import LocalTransport
from pipelines.vintages import latest

HOST = "https://office.example"
CAP = 3  # rows of one reply


class Office(Source):
    """Serves years of one table; at most `CAP` rows a reply, without a word."""

    id = "office"
    title = publisher = cadence = "x"
    homepage = HOST
    max_age_days = 1
    licence = Licence("X", "x", HOST, "x")
    tables = (
        Table("rows", (Column("year", "integer"), Column("value", "integer")), key=("year",)),
    )

    def parts(self, settings: Settings) -> list[str]:
        return ["a", "b"]

    def part_signal(self, part: str, settings: Settings) -> RequestSpec | None:
        return RequestSpec(self.id, "_signal", f"{HOST}/changed/{part}")

    def read_signal(self, body: bytes, part: str) -> str | None:
        return body.decode().strip('"') or None

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        return None if answers else years(part, 2001, 2008)

    def truncated(self, spec: RequestSpec, reply: Landed) -> str:
        rows = reply.read().count(b"\n") - 1
        return f"{rows} rows are the cap" if rows >= CAP else ""

    def split(self, spec: RequestSpec, answers: Sequence[Answer] = ()) -> list[RequestSpec]:
        first, last = (int(value) for _, value in spec.params)
        middle = (first + last) // 2
        part = spec.part
        return [years(part, first, middle), years(part, middle + 1, last)] if first < last else []

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        stamps = {reply.last_modified for reply in replies}
        if len(stamps) > 1:
            raise Incomplete(Outcome.TORN, f"{part}: two versions")
        return Proof("v")

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        for reply in replies:
            yield Chunk("rows", read_csv(reply.read(), reply.name))


def years(part: str, first: int, last: int) -> RequestSpec:
    params = (("from", str(first)), ("to", str(last)))
    return RequestSpec("office", part, f"{HOST}/{part}", params, media=Media.CSV)


class Desk(httpx.BaseTransport):
    """The office's server: which addresses were asked, and what it does wrong."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.changed = {"a": "1", "b": "1"}
        self.versions: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.url.path}?{request.url.query.decode()}".rstrip("?"))
        if request.url.path.startswith("/changed/"):
            token = self.changed[request.url.path[-1]]
            return httpx.Response(200, content=f'"{token}"'.encode(), request=request)
        first, last = (int(value) for value in request.url.params.values())
        lines = [f"{year},{year * 2}" for year in range(first, last + 1)][:CAP]
        stamp = self.versions.pop(0) if self.versions else "Mon, 05 Jan 2026 00:00:00 GMT"
        body = "\n".join(["year,value", *lines, ""]).encode()
        return httpx.Response(200, headers={"Last-Modified": stamp}, content=body, request=request)


def night(
    home: Path,
    desk: httpx.BaseTransport,
    stamp: str,
    verified: dict[str, str | None],
    source: Source | None = None,
) -> SourceReport:
    store = LocalLanding(home / "landing")
    landing = Landing(store, run_id=stamp, realm="official", profile="live")
    client = Client(desk, home / "work", policy=RetryPolicy(1), polite=False)
    known = known_validators(read_log(store), "official")
    now = datetime.now(UTC)
    settings = Settings(home=home, profile="live")
    report = ingest(
        source or Office(),
        Night(settings, client, landing, stamp, known, verified, now, say=lambda _: None),
    )
    landing.close_log()
    return report


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_capped_reply_is_split_until_it_is_whole(desk: Desk, tmp_path: Path) -> None:
    report = night(tmp_path, desk, "20260101T000000Z", {})
    assert [(p.part, p.step, p.landed) for p in report.parts] == [
        ("a", Step.PROMOTED, 8),
        ("b", Step.PROMOTED, 8),
    ]
    assert desk.asked[:8] == [
        "/changed/a", "/a?from=2001&to=2008", "/a?from=2001&to=2004", "/a?from=2001&to=2002",
        "/a?from=2003&to=2004", "/a?from=2005&to=2008", "/a?from=2005&to=2006",
        "/a?from=2007&to=2008",
    ]  # fmt: skip
    outcomes = read_log(LocalLanding(tmp_path / "landing"))["outcome"].to_list()
    assert outcomes.count("truncated") == 6 and outcomes.count("ok") == 10


def test_reply_that_cannot_be_split_is_refused(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Office, "split", lambda *_: [])
    report = night(tmp_path, desk, "20260101T000000Z", {})
    assert [(p.step, p.outcome) for p in report.parts] == [(Step.FAILED, Outcome.TRUNCATED)] * 2
    assert "3 rows are the cap" in report.parts[0].detail
    assert "cannot be split further" in report.parts[0].detail


def test_only_the_part_whose_token_changed_is_asked_for(desk: Desk, tmp_path: Path) -> None:
    first = night(tmp_path, desk, "20260101T000000Z", {})
    verified: dict[str, str | None] = {f"office/{part}": t for part, t in first.signals.items()}
    assert verified == {"office/a": "1", "office/b": "1"}
    desk.asked.clear()
    second = night(tmp_path, desk, "20260102T000000Z", verified)
    assert [p.step for p in second.parts] == [Step.UNCHANGED] * 2
    assert desk.asked == ["/changed/a", "/changed/b"]
    desk.asked.clear()
    desk.changed["b"] = "2"
    third = night(tmp_path, desk, "20260103T000000Z", verified)
    assert [p.detail for p in third.parts] == ["by the publisher's signal", "same figures"]
    assert not [url for url in desk.asked if url.startswith("/a")]


def test_a_settled_part_is_asked_for_until_it_is_in_service(desk: Desk, tmp_path: Path) -> None:
    class Closed(Office):
        def settled(self, part: str) -> str:
            return "ended with 2019" if part == "b" else ""

    first = night(tmp_path, desk, "20260101T000000Z", {}, Closed())
    assert [part.step for part in first.parts] == [Step.PROMOTED, Step.PROMOTED]
    desk.changed = {"a": "2", "b": "2"}
    desk.asked.clear()
    report = night(tmp_path, desk, "20260102T000000Z", {}, Closed())
    assert [(p.part, p.step, p.detail) for p in report.parts] == [
        ("a", Step.UNCHANGED, "same figures"),
        ("b", Step.UNCHANGED, "ended with 2019"),
    ]
    assert not [asked for asked in desk.asked if asked.startswith("/b")]


def test_torn_delivery_is_read_again_once(desk: Desk, tmp_path: Path) -> None:
    old, new = "Mon, 05 Jan 2026 00:00:00 GMT", "Tue, 06 Jan 2026 00:00:00 GMT"
    desk.versions = [old] * 3 + [new] * 20
    report = night(tmp_path, desk, "20260101T000000Z", {})
    assert [p.step for p in report.parts] == [Step.PROMOTED] * 2
    desk.versions = [old, new] * 30
    again = night(tmp_path, desk, "20260102T000000Z", {})
    assert [(p.step, p.outcome) for p in again.parts] == [(Step.FAILED, Outcome.TORN)] * 2


def test_supplement_is_used_row_by_row_and_goes_with_its_file(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "supplements"
    folder.mkdir()
    good = "IT.NET.BBND.P2,TWN,{year},26.4,A,Office,,2025-01-31,CC0,\n"
    lines = supplement.SOURCE.template() + good.format(year=2022) + good.format(year=2023)
    (folder / "twn.csv").write_text(lines)
    transport = LocalTransport(tmp_path, desk)
    source = supplement.SOURCE
    (part,) = night(tmp_path, transport, "20260101T000000Z", {}, source).parts
    assert (part.step, part.landed, part.promoted, part.quarantined) == (Step.PROMOTED, 3, 2, 1)
    (part,) = night(tmp_path, transport, "20260102T000000Z", {}, source).parts
    assert part.step is Step.UNCHANGED
    (folder / "twn.csv").unlink()
    assert night(tmp_path, transport, "20260103T000000Z", {}, source).parts == []
    assert latest(tmp_path / "raw", "official", "supplement").parts == {}


class Register(Source):
    """One file, read in two batches; a row may stand in both."""

    id = "register"
    title = publisher = cadence = "x"
    homepage = HOST
    max_age_days = 1
    licence = Licence("X", "x", HOST, "x")
    max_quarantine_share = 1.0
    tables = (
        Table("rows", (Column("year", "integer"), Column("value", "integer")), key=("year",)),
    )

    def __init__(self, *batches: str) -> None:
        self.batches = batches

    def parts(self, settings: Settings) -> list[str]:
        return ["a"]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        url = f"{HOST}/a"
        return None if answers else RequestSpec(
            "register", part, url, (("from", "1"), ("to", "2")), media=Media.CSV
        )  # fmt: skip

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        before = 0
        for batch in self.batches:
            rows = read_csv(f"year,value\n{batch}\n".encode(), "x")
            yield Chunk("rows", rows.with_columns(pl.col("_row_no") + before), "a.csv")
            before += rows.height
        yield Chunk("rows", read_csv(b"year,value\n2001,1\n", "x"), "another file of the same keys")


@pytest.mark.parametrize(
    ("batches", "good", "rules"),
    [
        (("2001,1\n2002,2", "2003,3"), [1, 2, 3, 1], {}),
        (("2001,1\n2002,2", "2001,1"), [1, 2, 1], {"repeated_row": (1, 3)}),
        (("2001,1\n2002,2", "2001,7\nx,1"), [2, 1],
         {"duplicate_key": (2, 1), "not_a_integer": (1, 4)}),
        (("x,1\ny,2", "2001,1\nz,3"), [1, 1], {"not_a_integer": (3, 1)}),
    ],
)  # fmt: skip
def test_a_repetition_across_batches_is_found_as_within_one(
    tmp_path: Path, batches: tuple[str, ...], good: list[int], rules: dict[str, tuple[int, int]]
) -> None:
    report = night(tmp_path, Desk(), "20260101T000000Z", {}, Register(*batches))
    assert report.parts[0].step is Step.PROMOTED, report.parts
    state = latest(tmp_path / "raw", "official", "register").parts["a"]
    files = state.tables["rows"]
    assert files.landed == files.promoted + files.quarantined == len("\n".join(batches).split()) + 1
    rows = pl.concat(pl.read_parquet(tmp_path / "raw" / file) for file in files.files)
    assert rows["value"].to_list() == good and files.promoted == len(good)
    assert {rule["rule"]: (rule["rows"], rule["row_no"]) for rule in files.rules} == rules
