"""Official files as replies: read, proven and parsed by the sources, with every row accounted for.

    python -m tests.real.native [DATA_FOLDER]

prints the table: rows read = promoted + quarantined by rule, for each file and raw table.

Belongs here: making a landed reply of a file and counting. Does not belong here: which files are
replies of which source (`tests/real/natives/<source>.py`).
"""

from __future__ import annotations

import gzip
import hashlib
import importlib
import io
import itertools
import pkgutil
import re
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pipelines import contracts
from pipelines.http.classify import Media, Outcome, classify
from pipelines.landing import Landed
from pipelines.landing_store import kept_file
from pipelines.sources.base import Source, discover


@dataclass(frozen=True)
class Native:
    """Files below the data folder, each of which is a whole delivery of one part.

    Attributes:
        files: glob below the data folder.
        source, part: what the file is a delivery of; `{name}` stands for a group of `pattern`.
        url: the address that the file came from or would come from, with the same placeholders.
        pattern: regular expression with named groups, searched in the file's path.
        media: what the source asks for.
        member: the file stands in a zip archive under this name; '' if it is the reply itself.
        keep_packed: hand `.gz` files over as they are.
    """

    files: str
    source: str
    part: str
    url: str
    pattern: str = ""
    media: Media = Media.CSV
    member: str = ""
    keep_packed: bool = False


@dataclass
class Account:
    """What became of the rows of one file in one raw table."""

    file: str
    table: str
    read: int = 0
    promoted: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)

    @property
    def balanced(self) -> bool:
        return self.read == self.promoted + sum(self.quarantined.values())


def natives() -> list[Native]:
    """What every module of `tests.real.natives` lists."""
    package = importlib.import_module("tests.real.natives")
    found: list[Native] = []
    for info in pkgutil.iter_modules(package.__path__):
        found += importlib.import_module(f"tests.real.natives.{info.name}").NATIVES
    return found


def others(data: Path) -> Iterator[Account]:
    """Accounts of files that are no reply as they are: `accounts` of the modules that have it."""
    package = importlib.import_module("tests.real.natives")
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"tests.real.natives.{info.name}")
        if found := getattr(module, "accounts", None):
            yield from found(data)


def reply_of(native: Native, path: Path, data: Path, scratch: Path) -> tuple[str, Landed]:
    """The part, and the file's bytes as a landed reply."""
    relative = path.relative_to(data).as_posix()
    match = re.search(native.pattern, relative)
    if match is None:
        raise LookupError(f"{relative} does not match {native.pattern}")
    names = match.groupdict()
    body = path.read_bytes()
    if path.suffix == ".gz" and not native.keep_packed:
        body = gzip.decompress(body)
    if native.member:
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(native.member.format(**names), body)
        body = sink.getvalue()
    return native.part.format(**names), landed(
        scratch, body, native.media, native.url.format(**names)
    )


def landed(folder: Path, body: bytes, media: Media, url: str) -> Landed:
    """Bytes as the landing keeps them, under an address."""
    sha = hashlib.sha256(body).hexdigest()
    path = folder / sha
    path.write_bytes(body)
    return Landed(sha, kept_file(path), media, url, datetime(2026, 11, 1, tzinfo=UTC))


def account(source: Source, part: str, replies: list[Landed], file: str) -> list[Account]:
    """Judge, prove and parse one delivery as a night would; count its rows.

    Raises:
        AssertionError: a reply is not taken for data.
        Incomplete, SchemaDrift: the source refuses it.
    """
    for reply in replies:
        with reply.open() as body:
            head = body.read() if reply.media is Media.JSON else body.read(65_536)
        verdict = classify(200, {}, head, reply.media)
        assert verdict.outcome is Outcome.OK, f"{file}: {verdict}"
    source.prove(part, replies)
    source.canonical_sha256(part, replies)
    accounts: dict[str, Account] = {}
    for chunk in source.parse(part, replies):
        gated = contracts.apply(source.table(chunk.table), chunk.rows, file)
        tally = accounts.setdefault(chunk.table, Account(file, f"{source.id}__{chunk.table}"))
        tally.read += chunk.rows.height
        tally.promoted += gated.good.height
        tally.quarantined.update(gated.bad["rule"].to_list())
    return list(accounts.values())


def accounts(data: Path, only: str = "") -> Iterator[Account]:
    """Accounts of every native file, or of those of one source."""
    known = discover()
    for native in natives():
        if only and native.source != only:
            continue
        paths = sorted(data.glob(native.files))
        if not paths:
            raise LookupError(f"no file matches {native.files} below {data}")
        for path in paths:
            with tempfile.TemporaryDirectory() as scratch:
                part, reply = reply_of(native, path, data, Path(scratch))
                file = path.relative_to(data).as_posix()
                yield from account(known[native.source], part, [reply], file)


def main() -> int:
    """Print the table; 1 if a row is unaccounted for."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    odd = 0
    print("| file | raw table | rows read | promoted | quarantined |\n|---|---|--:|--:|---|")
    for line in itertools.chain(accounts(data), others(data)):
        held = ", ".join(f"{n:,} {rule}" for rule, n in sorted(line.quarantined.items())) or "0"
        print(f"| {line.file} | {line.table} | {line.read:,} | {line.promoted:,} | {held} |")
        odd += not line.balanced
    return 1 if odd else 0


if __name__ == "__main__":
    raise SystemExit(main())
