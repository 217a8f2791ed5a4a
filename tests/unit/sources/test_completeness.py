"""For every source: one row, page, member or reply less, and the landing is refused.

The good replies are the demo's; each is first proven whole, so that a refusal is due to the loss.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from pipelines.demo import DemoTransport
from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import HAS_DATA, Outcome
from pipelines.http.client import Client
from pipelines.landing import Landed, Landing
from pipelines.landing_store import LocalLanding
from pipelines.settings import Settings
from pipelines.sources.base import Answer, discover
from tests.stub.fuzz import stored
from tests.stub.matrix import PARTS
from tests.stub.server import TODAY

Loss = Callable[[list[Landed], Path], list[Landed]]


def body(change: Callable[[bytes], bytes], at: int = -1) -> Loss:
    """The reply with its body changed; it is as whole as a transfer goes."""

    def lose(replies: list[Landed], folder: Path) -> list[Landed]:
        changed = stored(replies[at], change(replies[at].read()), folder / "changed")
        return [*replies[:at], changed, *(replies[at + 1 :] if at != -1 else [])]

    return lose


def row(which: Callable[[list[bytes]], int] = lambda rows: len(rows) // 2) -> Loss:
    """Without one row of a table."""

    def cut(text: bytes) -> bytes:
        header, *rows = text.splitlines(keepends=True)
        at = which(rows)
        return header + b"".join(rows[:at] + rows[at + 1 :])

    return body(cut)


def member(which: int, rows: bool = False) -> Loss:
    """Without one member of an archive, or without one row of it."""

    def cut(archive: bytes) -> bytes:
        sink = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(sink, "w") as new:
            for number, name in enumerate(old.namelist()):
                content = old.read(name)
                if number == which and not rows:
                    continue
                if number == which:
                    lines = content.splitlines(keepends=True)
                    content = b"".join(lines[: len(lines) // 2] + lines[len(lines) // 2 + 1 :])
                new.writestr(name, content)
        return sink.getvalue()

    return body(cut)


def reply(which: int) -> Loss:
    """Without one reply of a part: a page, an economy, the figures behind a list."""
    return lambda replies, _: [r for n, r in enumerate(replies) if n != which % len(replies)]


def json_row(text: bytes) -> bytes:
    whole = orjson.loads(text)
    if isinstance(whole, list):
        return orjson.dumps([whole[0], whole[1][:-1]])
    return orjson.dumps({**whole, "data": whole["data"][:-1]})


LOSSES: dict[str, tuple[str, Loss]] = {
    "abs": ("a row", row()),
    "acs": ("the row of the nation", row(lambda rows: next(
        n for n, line in enumerate(rows) if line.startswith(b"010")))),
    "baci": ("a yearly member", member(1)),
    "bds": ("a row", row()),
    "bea": ("a workbook", member(0)),
    "bfs": ("a row", row()),
    "cbp": ("the member", member(0)),
    "comtrade": ("a row", body(json_row)),
    "estat": ("a row", row()),
    "eurostat": ("a row", row()),
    "itu": ("the reply of an economy", reply(-1)),
    "kosis": ("a row", row()),
    "microsoft": ("the only county of a state", row(lambda rows: next(
        n for n, line in enumerate(rows) if line.startswith(b"DC")))),
    "oecd": ("the reply with figures", reply(-1)),
    "qcew": ("the member", member(0)),
    "statcan": ("a row of a member", member(0, rows=True)),
    "statsnz": ("a row", row()),
    "susb": ("a row", row(lambda _rows: 3)),
    "uis": ("the reply with figures", reply(-1)),
    "usda": ("a county", row()),
    "ustrade": ("a row", row()),
    "wdi": ("a row", body(json_row)),
}  # fmt: skip


def delivery(name: str, folder: Path) -> list[Landed]:
    """The demo's whole delivery of one part."""
    settings = Settings(profile="live", today=TODAY, home=folder)
    landing = Landing(LocalLanding(folder), run_id="proof", realm="official", profile="live")
    client = Client(DemoTransport(today=TODAY), landing.work_dir, polite=False)
    source, answers = discover()[name], []
    while (spec := source.next_request(PARTS[name], answers, settings)) is not None:
        fetched = client.fetch(spec)
        landed = landing.land(fetched) if fetched.outcome in HAS_DATA else None
        answers.append(Answer(spec, fetched.outcome, landed))
    client.close()
    landing.close_log()
    return [answer.landed for answer in answers if answer.landed is not None]


@pytest.mark.parametrize(
    "name", LOSSES, ids=[f"{name}: {what}" for name, (what, _) in LOSSES.items()]
)
def test_a_delivery_that_lost_something_is_refused(name: str, tmp_path: Path) -> None:
    source, part = discover()[name], PARTS[name]
    whole = [replace(reply, etag=None) for reply in delivery(name, tmp_path)]
    source.prove(part, whole)
    lost = LOSSES[name][1](whole, tmp_path)
    assert [r.sha256 for r in lost] != [r.sha256 for r in whole]
    with pytest.raises((Incomplete, SchemaDrift)) as refused:
        source.prove(part, lost)
        list(source.parse(part, lost))
    if isinstance(refused.value, Incomplete):
        assert refused.value.outcome == Outcome.TRUNCATED
    else:
        text = str(refused.value)  # a member that the layout asks for
        assert "is missing" in text or "holds no" in text


def test_every_source_that_asks_publishers_loses_something() -> None:
    assert set(LOSSES) == set(PARTS)
