"""What a source is, and how sources are found.

Belongs here: the interface and its default behaviour. Does not belong here: any publisher's
quirk (that is the docstring of its module) and any I/O besides reading landed bytes.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import ClassVar

import polars as pl

from pipelines.contracts import Table
from pipelines.errors import ConfigError, Incomplete, SchemaDrift
from pipelines.http.classify import SEPARATORS, Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings


@dataclass(frozen=True)
class Licence:
    """Under which terms a source's figures may be used; travels with every snapshot."""

    id: str
    title: str
    url: str
    attribution: str
    share_alike: bool = False
    non_commercial: bool = False
    redistribute_raw: bool = True


@dataclass(frozen=True)
class Answer:
    """One reply of a part: its outcome and, unless it brought none, the landed bytes.

    `spec` is the request that the source planned: where it had to be split, several answers have
    the same one.
    """

    spec: RequestSpec
    outcome: Outcome
    landed: Landed | None


@dataclass(frozen=True)
class Proof:
    """What a complete delivery says about itself.

    Attributes:
        version: the publisher's own name of the version (a date, a release).
        changed_at: when the publisher changed it, if it says so.
    """

    version: str
    changed_at: datetime | None = None


@dataclass(frozen=True)
class Chunk:
    """Text rows of one table out of one member of a reply; `_row_no` counts from 1.

    Chunks that follow each other with the same table and member are batches of one file.
    """

    table: str
    rows: pl.DataFrame
    member: str | None = None


class Source(ABC):
    """One publisher's data set family.

    A *part* is the unit of landing and of change detection: one series, one yearly file, one
    release. A part is promoted as a whole or not at all.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    publisher: ClassVar[str]
    homepage: ClassVar[str]
    cadence: ClassVar[str]
    max_age_days: ClassVar[int]
    licence: ClassVar[Licence]
    tables: ClassVar[tuple[Table, ...]]
    parser_version: ClassVar[str] = "1"
    parts_may_vanish: ClassVar[bool] = False  # a part that is gone is taken out of service
    max_quarantine_share: ClassVar[float | None] = None  # the setting, unless a source has its own
    may_shrink: ClassVar[bool] = False  # rows that are gone are meant, and no reason to hold back

    @abstractmethod
    def parts(self, settings: Settings) -> list[str]:
        """The parts to check tonight, in order."""

    @abstractmethod
    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        """The request that follows these answers; None where nothing is left to ask."""

    @abstractmethod
    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        """Read landed bytes into text rows.

        Raises:
            SchemaDrift: a member or column that the contract requires is not there.
        """

    def off(self, settings: Settings) -> str:
        """Why this source is not read under these settings (no key, licence); '' if it is."""
        return ""

    def part_licence(self, part: str) -> Licence:
        """The terms of one part, where they or its owner differ from those of the source."""
        return self.licence

    def licences(self) -> tuple[Licence, ...]:
        """Every licence that a part of this source may have, each id once."""
        return (self.licence,)

    def settled(self, part: str) -> str:
        """Why the publisher will never change a part again; '' for a part that it may change.

        A settled part is asked for until it is in service, and then no more.
        """
        return ""

    def signal(self, settings: Settings) -> RequestSpec | None:
        """A cheap request whose answer tells what changed in the whole source, if there is one."""
        return None

    def part_signal(self, part: str, settings: Settings) -> RequestSpec | None:
        """A cheap request whose answer tells whether one part changed, if there is one."""
        return None

    def read_signal(self, body: bytes, part: str) -> str | None:
        """The version token of a part in a signal's answer; None where it says nothing of it.

        Raises:
            SchemaDrift: the answer is not what the publisher documents.
        """
        return None

    def truncated(self, spec: RequestSpec, reply: Landed) -> str:
        """Why a reply that looks whole has been cut at the publisher's cap; '' if it has not."""
        return ""

    def split(self, spec: RequestSpec, answers: Sequence[Answer] = ()) -> list[RequestSpec]:
        """Smaller requests that together ask for the same; empty where it cannot be split.

        `answers` are those of the part so far: what is to be split may depend on them.
        """
        return []

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """Prove that the replies are one complete delivery. Default: a whole static file.

        Raises:
            Incomplete: says what is missing.
        """
        for reply in replies:
            if reply.media is Media.ZIP:
                prove_zip(reply)
            elif reply.media in SEPARATORS:
                prove_csv(reply)
        changed = http_date(replies[-1].last_modified)
        return Proof(changed.date().isoformat() if changed else replies[-1].sha256[:12], changed)

    def canonical_sha256(self, part: str, replies: Sequence[Landed]) -> str:
        """Hash of the meaning: equal where only packaging changed. Default for files and zips."""
        digest = hashlib.sha256()
        for reply in replies:
            if reply.media is Media.ZIP:
                with zipfile.ZipFile(reply.path) as archive:
                    for info in sorted(archive.infolist(), key=lambda item: item.filename):
                        digest.update(f"{info.filename}|{info.CRC}|{info.file_size}\n".encode())
            elif reply.media in SEPARATORS:
                header, *rows = reply.read().splitlines() or [b""]
                digest.update(b"\n".join([header, *sorted(row for row in rows if row)]))
            else:
                digest.update(reply.sha256.encode())
        return digest.hexdigest()

    def table(self, name: str) -> Table:
        return next(table for table in self.tables if table.name == name)


def prove_zip(reply: Landed) -> None:
    """Check the central directory and the CRC of every member."""
    try:
        with zipfile.ZipFile(reply.path) as archive:
            broken = archive.testzip()
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise Incomplete(
            Outcome.TRANSIENT, f"{reply.name} is no whole zip archive ({error})"
        ) from error
    except Exception as error:  # zlib.error has no public base besides Exception
        raise Incomplete(Outcome.TRANSIENT, f"{reply.name} cannot be unpacked: {error}") from error
    if broken:
        raise Incomplete(Outcome.TRANSIENT, f"member {broken} of {reply.name} fails its CRC")


def prove_csv(reply: Landed, table: bytes | None = None) -> None:
    """The last row is whole. Some publishers' files have no final line end: width decides.

    A cut inside the last cell is caught before, by the length that the server announced.
    `table` is what to look at of a file that has titles above its header.
    """
    separator = SEPARATORS[reply.media]
    lines = (reply.read() if table is None else table).rstrip(b"\r\n").rsplit(b"\n", 1)
    header = lines[0].split(b"\n", 1)[0]
    if len(lines) > 1 and (has := _cells(lines[1], separator)) < _cells(header, separator):
        raise Incomplete(
            Outcome.TRUNCATED,
            f"{reply.name}: the last row {lines[1][:60]!r} has {has} cells, the header "
            f"{_cells(header, separator)}: cut short",
        )


def _cells(line: bytes, separator: bytes) -> int:
    """How many; a separator inside quotes is part of its cell."""
    outside = b"".join(line.split(b'"')[::2])
    return outside.count(separator) + 1


def below_titles(reply: Landed, header: str) -> bytes:
    """The body from its header on, which begins with this text, without the titles above it.

    Raises:
        SchemaDrift: no line begins so.
    """
    body = b"\n" + reply.read().removeprefix(b"\xef\xbb\xbf")
    _titles, found, rest = body.partition(b"\n" + header.encode())
    if not found:
        raise SchemaDrift(f"{reply.name}: no line begins with {header!r}: there is no header")
    return header.encode() + rest


def prove_years(
    rows: pl.DataFrame, series: Sequence[str], year: str, where: str, alike: Sequence[str] = ()
) -> None:
    """Every series has a row for each year between its first and its last one.

    Args:
        rows: text.
        series: columns that tell one series from another.
        year: column of the year.
        where: file, for messages.
        alike: those of `series` of which all series have the same years; none unless named.

    Raises:
        Incomplete: says which one does not. Years that are no numbers are left to the contract.
    """
    if lost := {*series, year} - set(rows.columns):
        raise SchemaDrift(f"{where}: column {', '.join(sorted(lost))} is not there")
    short = (
        rows.select(*series, pl.col(year).str.strip_chars().cast(pl.Int64, strict=False))
        .drop_nulls()
        .group_by(series)
        .agg(
            pl.col(year).n_unique().alias("has"),
            (pl.col(year).max() - pl.col(year).min() + 1).alias("of"),
        )
        .with_columns(pl.col("of").max().over(alike) if alike else pl.col("of"))
        .filter(pl.col("has") < pl.col("of"))
        .sort(series)
    )
    if short.height:
        *names, has, of = short.row(0)
        raise Incomplete(
            Outcome.TRUNCATED,
            f"{where}: {' '.join(map(str, names))} has {has} of {of} years: rows are missing",
        )


def read_csv(
    body: bytes, where: str, *, encoding: str = "utf8", only: Collection[str] = ()
) -> pl.DataFrame:
    """Read CSV as text only, with `_row_no`; no null words, no type guessing.

    `only` names the columns to keep of a wide file, as far as it has them.

    Raises:
        SchemaDrift: rows differ in width or the header repeats a name.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    if encoding != "utf8":
        body = body.decode(encoding).encode()
    try:
        kept = None
        if only:
            header = pl.read_csv(body, infer_schema=False, n_rows=0).columns
            kept = [name for name in header if name in only] or header
        rows = pl.read_csv(body, infer_schema=False, columns=kept)
    except pl.exceptions.PolarsError as error:
        raise SchemaDrift(f"{where}: not a regular CSV table ({error})") from error
    return rows.with_row_index("_row_no", offset=1).with_columns(pl.col("_row_no").cast(pl.Int64))


def read_member(reply: Landed, member: str) -> bytes:
    """One member of a landed zip."""
    with zipfile.ZipFile(reply.path) as archive:
        if member not in archive.namelist():
            raise SchemaDrift(
                f"{reply.name}: member {member!r} is missing; the archive has "
                f"{', '.join(archive.namelist()[:8])}"
            )
        return archive.read(member)


def read_member_batches(reply: Landed, member: str, size: int) -> Iterator[pl.DataFrame]:
    """A CSV member of a landed zip as text, some megabytes at a time, rows numbered throughout.

    Args:
        reply: a zip archive.
        member: one of its files; it is never unpacked as a whole, unless it has quotes: a quoted
            cell may hold a line end, where no batch may end.
        size: bytes of text of one batch.

    Raises:
        SchemaDrift: the member is missing, or no regular table.
    """
    rows_before = 0
    with zipfile.ZipFile(reply.path) as archive:
        if member not in archive.namelist():
            read_member(reply, member)  # says what is there instead
        with archive.open(member) as lines:
            header = lines.readline()
            rest = b""
            while (block := lines.read(size)) or rest:
                if b'"' in block:
                    block += lines.read()
                text, rest = rest + block, b""
                if block and (end := text.rfind(b"\n") + 1) < len(text):
                    text, rest = text[:end], text[end:]
                if not text:
                    continue
                rows = read_csv(header + text, f"{reply.name}/{member}")
                yield rows.with_columns(pl.col("_row_no") + rows_before)
                rows_before += rows.height
            if not rows_before:
                yield read_csv(header, f"{reply.name}/{member}")


def as_text(value: object) -> str | None:
    """A value of a JSON reply as the text that a contract reads; figures lose no digit."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)


def http_date(text: str | None) -> datetime | None:
    """A Last-Modified header as a time; None where absent or unreadable."""
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


@cache
def discover() -> dict[str, Source]:
    """Every source, by id: each module of this package that defines `SOURCE`."""
    package = importlib.import_module("pipelines.sources")
    found: dict[str, Source] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"pipelines.sources.{info.name}")
        source = getattr(module, "SOURCE", None)
        if isinstance(source, Source):
            found[source.id] = source
    return dict(sorted(found.items()))


def select(only: Sequence[str], settings: Settings) -> dict[str, Source]:
    """The sources named; or those of the settings; or all that are not off.

    Raises:
        ConfigError: a name is unknown (lists the known ones), or a named source is off.
    """
    known = discover()
    wanted = tuple(only) or settings.sources
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise ConfigError(f"no source {', '.join(unknown)}; there are {', '.join(known)}")
    off = {name: reason for name, source in known.items() if (reason := source.off(settings))}
    for name in wanted:
        if name in off:
            raise ConfigError(f"source {name} is off: {off[name]}")
    return {n: known[n] for n in known if (n in wanted if wanted else n not in off)}
