"""Mutated replies through every parser: a refusal with a name, quarantine, or rows that are sound.

    python -m tests.stub.fuzz --payloads 10000 --seed 20050309

ends with 1 and the payload's number if a parser does anything else.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import io
import random
import re
import tempfile
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import polars as pl

from pipelines import contracts
from pipelines.contracts import Table
from pipelines.demo import DemoTransport
from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import HAS_DATA, SEPARATORS, Media, Outcome, classify
from pipelines.http.client import Client
from pipelines.landing import Landed, Landing
from pipelines.landing_store import LocalLanding, kept_file
from pipelines.settings import Settings
from pipelines.sources.base import Answer, Source, discover, prove_zip
from tests.stub.matrix import PARTS
from tests.stub.server import TODAY

WORDS = (
    b"nan", b"inf", b"-inf", b"1e999", b"", b"NA", b"D", b"-", b"0x1F", b"1_000", b'"', b"'",
    b"\x00", b"\xff\xfe", b"9" * 40, b"-1", b"1.5.2", b"TRUE", b"\\N", b"{}", b"\r",
    "٣".encode(), b"null",
)  # fmt: skip


VALUES = (
    None, "", "nan", "inf", "1e999", "n/a", -1, 1.5, 10**18, True, [], {}, [1], {"id": 1}, "2020",
)  # fmt: skip


# A figure that is nothing: 0, -0.00, 0e5. Decimals of three places may also round to it.
ZERO = re.compile(r"\s*[+-]?(0+\.?0*|\.0+|0*\.000[0-4]\d*)([eE][+-]?\d+)?\s*$")


def goods(folder: Path) -> list[tuple[Source, str, list[Landed]]]:
    """The demo's replies of one part of each source, small enough to be mutated often."""
    settings = Settings(profile="live", today=TODAY, home=folder)
    landing = Landing(LocalLanding(folder), run_id="fuzz", realm="official", profile="live")
    client = Client(DemoTransport(today=TODAY), landing.work_dir, polite=False)
    found = []
    for name, part in PARTS.items():
        source, answers = discover()[name], []
        while (spec := source.next_request(part, answers, settings)) is not None:
            fetched = client.fetch(spec)
            landed = landing.land(fetched) if fetched.outcome in HAS_DATA else None
            answers.append(Answer(spec, fetched.outcome, landed))
        replies = [answer.landed for answer in answers if answer.landed is not None]
        found.append((source, part, [trimmed(reply, folder) for reply in replies]))
    return found


def trimmed(reply: Landed, folder: Path) -> Landed:
    """The reply with its tables cut to 200 lines, so that thousands of it can be read."""
    body = reply.read()
    if reply.media is Media.ZIP:
        sink = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(sink, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if not name.endswith(".xlsx"):
                    content = b"\n".join(content.split(b"\n")[:200]) + b"\n"
                new.writestr(name, content)
        body = sink.getvalue()
    elif reply.media in SEPARATORS:
        body = b"\n".join(body.split(b"\n")[:200]) + b"\n"
    return stored(reply, body, folder / "trimmed")


def stored(reply: Landed, body: bytes, path: Path) -> Landed:
    sha = hashlib.sha256(body).hexdigest()  # names the file, as in the landing
    path = path.with_name(f"{path.name}-{sha}")
    path.write_bytes(body)
    return Landed(sha, kept_file(path), reply.media, reply.url, datetime(2026, 11, 1, tzinfo=UTC))


def mutated(body: bytes, chance: random.Random) -> bytes:
    """One to four changes of the kinds that transfers, editors and publishers make."""
    for _ in range(chance.randint(1, 4)):
        body = chance.choice(MUTATIONS)(body, chance)
    return body


def _flip(body: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(body) or 1)
    return body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]


def _cut(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _drop(body: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(body) + 1)
    return body[:at] + body[at + chance.randrange(1, 400) :]


def _word(body: bytes, chance: random.Random) -> bytes:
    """Put a word in the place of a cell or a JSON value."""
    for _ in range(8):
        at = chance.randrange(len(body) or 1)
        marks = (b",", b"\t", b":")
        start = max(body.rfind(mark, 0, at) for mark in marks)
        ends = [end for mark in (b",", b"\t", b"\n", b"}") if (end := body.find(mark, at)) > 0]
        if start >= 0 and ends:
            body = body[: start + 1] + chance.choice(WORDS) + body[min(ends) :]
    return body


def _repeat(body: bytes, chance: random.Random) -> bytes:
    lines = body.split(b"\n")
    at = chance.randrange(len(lines))
    return b"\n".join([*lines[:at], *[lines[at]] * chance.randint(2, 5), *lines[at + 1 :]])


def _shuffle(body: bytes, chance: random.Random) -> bytes:
    header, *lines = body.split(b"\n")
    chance.shuffle(lines)
    return b"\n".join([header, *lines])


def _header(body: bytes, chance: random.Random) -> bytes:
    header, *lines = body.split(b"\n")
    cells = header.split(b",")
    chance.shuffle(cells)
    if chance.random() < 0.5:
        cells[chance.randrange(len(cells))] = chance.choice(cells)
    return b"\n".join([b",".join(cells), *lines])


def _recode(body: bytes, chance: random.Random) -> bytes:
    return body.decode("utf-8", "replace").encode(chance.choice(("utf-16", "utf-8-sig")))


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip, _cut, _drop, _word, _word, _word, _repeat, _shuffle, _header, _recode,
)  # fmt: skip


def json_mutated(body: bytes, chance: random.Random) -> bytes:
    """Valid JSON with other values, or without a field, in one to six places."""
    whole = orjson.loads(body)
    for _ in range(chance.randint(1, 6)):
        at = whole
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = chance.choice(keys)
            if isinstance(at[key], dict | list) and at[key] and chance.random() < 0.9:
                at = at[key]
                continue
            if chance.random() < 0.2:
                del at[key]
            else:
                at[key] = copy.deepcopy(chance.choice(VALUES))
            break
    return orjson.dumps(whole)


def _inside(body: bytes, chance: random.Random) -> bytes:
    """The archive with one member altered; a workbook is an archive itself."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(sink, "w") as new:
        chosen = chance.choice(old.namelist())
        for name in old.namelist():
            content = old.read(name)
            if name == chosen:
                nested = name.endswith(".xlsx") and chance.random() < 0.7
                content = _inside(content, chance) if nested else mutated(content, chance)
            new.writestr(name, content)
    return sink.getvalue()


def altered(reply: Landed, chance: random.Random, scratch: Path) -> Landed:
    """The reply with a mutation, also inside an archive."""
    body = reply.read()
    if reply.media is Media.ZIP and chance.random() < 0.7:
        body = _inside(body, chance)
    elif reply.media is Media.JSON and chance.random() < 0.7:
        body = json_mutated(body, chance)
    else:
        body = mutated(body, chance)
    return stored(reply, body, scratch)


def whole(reply: Landed) -> bool:
    """Whether the packaging is sound, so that a parser could be given the reply."""
    if reply.media is not Media.ZIP:
        return reply.media in SEPARATORS
    try:
        prove_zip(reply)
    except Incomplete:
        return False
    return True


def made_zeros(table: Table, rows: pl.DataFrame, good: pl.DataFrame) -> list[str]:
    """Zeros that no zero in the file stands behind: a mark or an empty cell taken for nothing."""
    found = []
    for column in table.columns:
        if column.kind not in ("integer", "number", "decimal3") or column.header not in rows:
            continue
        zeros = good.filter(pl.col(column.name) == 0).select("_row_no")
        texts = zeros.join(rows.select("_row_no", column.header), on="_row_no")[column.header]
        found += [f"{column.name}: 0 out of {text!r}" for text in texts if not ZERO.match(text)]
    return found


def outcome(source: Source, part: str, replies: list[Landed], bad: Landed) -> str:
    """What a night would make of it.

    Raises:
        AssertionError: rows are unaccounted for, figures not finite, or zeros made up.
        Exception: anything else is a crash.
    """
    head = bad.read() if bad.media in (Media.JSON, Media.XML) else bad.read()[:65_536]
    verdict = classify(200, {}, head, bad.media)
    if verdict.outcome is not Outcome.OK:
        return f"taken for {verdict.outcome.value}"
    held, refused = 0, ""
    try:
        source.prove(part, replies)
    except SchemaDrift:
        refused = "refused: layout"
    except Incomplete:
        refused = "refused: incomplete"
    if refused and not whole(bad):
        return refused
    try:  # a parser has to be sound as well where only the proof refuses
        source.canonical_sha256(part, replies)
        for chunk in source.parse(part, replies):
            gated = contracts.apply(source.table(chunk.table), chunk.rows, "fuzz")
            assert gated.good.height + gated.bad.height == chunk.rows.height, "rows are lost"
            held += gated.bad.height
            for name, kind in gated.good.schema.items():
                if kind.is_float():
                    assert gated.good[name].drop_nulls().is_finite().all(), f"{name} is not finite"
            assert not (made := made_zeros(source.table(chunk.table), chunk.rows, gated.good)), made
    except SchemaDrift:
        return refused or "refused: layout"
    except Incomplete:
        return refused or "refused: incomplete"
    if refused:
        return refused
    return "read, some rows in quarantine" if held else "read"


def run(payloads: int, seed: int, first: int = 0) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Counts by source and outcome, and what crashed; payloads are numbered from `first` on."""
    counts: Counter[tuple[str, str]] = Counter()
    crashes: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        found = goods(Path(folder))
        for number in range(first, first + payloads):
            chance = random.Random(f"{seed}/{number}")
            source, part, good = found[number % len(found)]
            at = chance.randrange(len(good))
            bad = altered(good[at], chance, Path(folder) / "bad")
            replies = copy.copy(good)
            replies[at] = bad
            try:
                counts[source.id, outcome(source, part, replies, bad)] += 1
            except Exception as error:  # noqa: BLE001 - a crash is what is looked for
                last = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{Path(last.filename).name}:{last.lineno}"
                crashes.append(
                    f"payload {number} ({source.id}): {type(error).__name__} at {where}: {error}"[
                        :300
                    ]
                )
            bad.path.unlink(missing_ok=True)
    return counts, crashes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payloads", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20050309)
    parser.add_argument("--first", type=int, default=0, help="number of the first payload")
    options = parser.parse_args()
    counts, crashes = run(options.payloads, options.seed, options.first)
    kinds = sorted({kind for _, kind in counts})
    frame = [[source, *(counts[source, kind] for kind in kinds)] for source in PARTS]
    print("| source |", " | ".join(kinds), "|\n|---|" + "--:|" * len(kinds))
    for source, *numbers in frame:
        print(f"| {source} |", " | ".join(f"{n:,}" for n in numbers), "|")
    print(f"\n{options.payloads:,} payloads, seed {options.seed}: {len(crashes)} crashes")
    for line in crashes[:40]:
        print(line)
    return 1 if crashes else 0


if __name__ == "__main__":
    raise SystemExit(main())
