"""Bodies of recorded answers that are files: as they are, unpacked, or packed again.

Belongs here: what an entry of a replay index may say about its body, how that is checked when the
index is read, and how the answer is made. Does not belong here: which address an entry answers
(`replay`), replies that are computed from a table of figures (`replay_worldbank`).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Protocol

import httpx2 as httpx
import polars as pl
import xlsxwriter

from pipelines.http.static_files import http_date, static_response

PLACEHOLDER = re.compile(r"\{(\w+)\}")
# Zip has no earlier date; a fixed one makes the same archive of the same files on any day.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_ZIP_LEVEL = 1  # archives are made to be unpacked at once: speed counts, size does not
_FIGURE = re.compile(r"-?\d+(\.\d+)?")
_ETAG_SALT = b"clusterkpi replay 1"

Captured = Mapping[str, str]


class EntryProblem(Exception):
    """Something is wrong with one key of an entry; `replay` adds the file and the entry number."""

    def __init__(self, key: str, wrong: str, advice: str) -> None:
        super().__init__(f"{key}: {wrong}; {advice}")
        self.key, self.wrong, self.advice = key, wrong, advice


class NotRecorded(Exception):
    """The entry answers this kind of address, but the recording does not hold this one."""


class Body(Protocol):
    """What an entry answers with."""

    def respond(self, request: httpx.Request, captured: Captured) -> httpx.Response:
        """The answer; `captured` holds what the placeholders of the address stood for."""
        ...


@dataclass(frozen=True)
class Options:
    """The keys of one entry, with `${variables}` already filled in.

    Attributes:
        values: the entry, or a mapping inside it.
        folder: relative paths start here.
        placeholders: names of the placeholders in the address.
        prefix: path of keys to a mapping inside the entry, for messages.
    """

    values: Mapping[str, Any]
    folder: Path
    placeholders: frozenset[str]
    prefix: str = ""

    def key(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def allow(self, *names: str) -> None:
        """Refuse keys that mean nothing here: they are typing errors."""
        for name in self.values:
            if name not in names:
                raise EntryProblem(
                    self.key(str(name)),
                    "is not known here",
                    f"remove it or use one of: {', '.join(sorted(names))}",
                )

    def text(self, name: str, default: str | None = None) -> str:
        value = self.values.get(name, default)
        if isinstance(value, str) and value:
            return value
        wrong = "is missing" if value is None else f"is {value!r}, not a text"
        raise EntryProblem(self.key(name), wrong, "give a text; quote what looks like a number")

    def inner(self, name: str, *, required: bool = True) -> Options:
        """A mapping inside the entry."""
        value = self.values.get(name)
        if value is None and not required:
            value = {}
        if not isinstance(value, Mapping) or (required and not value):
            wrong = "is missing" if value is None else f"is {value!r}"
            raise EntryProblem(self.key(name), wrong, "give a mapping of names to values")
        return Options(value, self.folder, self.placeholders, f"{self.key(name)}.")

    def template(self, name: str) -> str:
        """A text that may hold placeholders, all of which have to occur in the address."""
        return self.known_placeholders(name, self.text(name))

    def known_placeholders(self, name: str, value: str) -> str:
        for placeholder in PLACEHOLDER.findall(value):
            if placeholder not in self.placeholders:
                raise EntryProblem(
                    self.key(name),
                    f"uses {{{placeholder}}}, which does not occur in the address",
                    "use a placeholder of `url`, or `${name}` for a variable",
                )
        return value

    def path(self, name: str) -> str:
        """Path of a file that exists, or a template that fits at least one file."""
        template = str(self.folder / self.template(name))
        pattern = Path(PLACEHOLDER.sub("*", template))
        anchor = Path(pattern.anchor)
        found = any(anchor.glob(str(pattern.relative_to(anchor)))) if "{" in template else True
        if not found or ("{" not in template and not Path(template).is_file()):
            raise EntryProblem(
                self.key(name),
                f"there is no file {template}",
                "correct the path, or the variable that it starts with",
            )
        return template

    def file(self, name: str) -> Path:
        """Path of a file that exists; no placeholders."""
        template = self.path(name)
        if PLACEHOLDER.search(template):
            raise EntryProblem(self.key(name), "cannot hold placeholders", "name one file")
        return Path(template)

    def moment(self, name: str) -> str | None:
        """An HTTP date from a date, a date and time, or an HTTP date; None where not given."""
        value = self.values.get(name)
        if value is None:
            return None
        try:
            return http_date(_moment(value))
        except ValueError:
            raise EntryProblem(
                self.key(name), f"{value!r} is no date", "write it as 2022-02-24 or leave it out"
            ) from None


def _moment(value: object) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = parsedate_to_datetime(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise ValueError(value)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def fill(template: str, captured: Captured) -> str:
    """Put what the placeholders of the address stood for into a text."""
    return PLACEHOLDER.sub(lambda match: captured[match[1]], template)


def filled_path(template: str, captured: Captured) -> Path:
    """The file that a template names for one request.

    Raises:
        NotRecorded: there is none.
    """
    path = Path(fill(template, captured))
    if any(value == ".." for value in captured.values()):
        raise NotRecorded(f"{path} leads out of its folder")
    if not path.is_file():
        raise NotRecorded(f"there is no file {path}")
    return path


@dataclass(frozen=True)
class Stamp:
    """A file and its state, so that a cached result of it cannot be stale."""

    path: Path
    mtime_ns: int
    size: int


def stamp(path: Path) -> Stamp:
    state = path.stat()
    return Stamp(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _digest(file: Stamp) -> bytes:
    with file.path.open("rb") as body:
        return hashlib.file_digest(body, "sha256").digest()


def _etag(kind: str, parts: Mapping[str, Path]) -> str:
    # of the inputs, not of the body: a conditional request is answered without making the body
    total = hashlib.sha256(_ETAG_SALT + kind.encode())
    for name, path in parts.items():
        total.update(b"\0" + name.encode() + b"\0" + _digest(stamp(path)))
    return f'"{total.hexdigest()[:32]}"'


@dataclass(frozen=True)
class FileBody:
    """One file, as it is (`file`) or gunzipped (`gunzip`)."""

    file: str
    unpack: bool
    last_modified: str | None
    content_type: str

    def respond(self, request: httpx.Request, captured: Captured) -> httpx.Response:
        path = filled_path(self.file, captured)
        etag = _etag("gunzip" if self.unpack else "file", {"": path})
        body = (lambda: unpacked(path, "file")) if self.unpack else path.read_bytes
        return static_response(request, body, etag, self.last_modified, self.content_type)


@dataclass(frozen=True)
class ZipBody:
    """An archive made of files, each under its official name."""

    members: tuple[tuple[str, str], ...]
    last_modified: str | None

    def respond(self, request: httpx.Request, captured: Captured) -> httpx.Response:
        parts = {fill(name, captured): filled_path(file, captured) for name, file in self.members}
        return static_response(
            request,
            lambda: _zipped(tuple((name, stamp(path)) for name, path in parts.items())),
            _etag("zip", parts),
            self.last_modified,
            "application/zip",
        )


@dataclass(frozen=True)
class TableBody:
    """A Parquet file, written out as the CSV that its columns came from."""

    file: str
    last_modified: str | None

    def respond(self, request: httpx.Request, captured: Captured) -> httpx.Response:
        path = filled_path(self.file, captured)
        etag = _etag("table", {"": path})
        body = partial(_table_of, path)
        return static_response(request, body, etag, self.last_modified, "text/csv")


def _table_of(path: Path) -> bytes:
    try:
        return table_as_csv(pl.read_parquet(path))
    except pl.exceptions.PolarsError as error:
        raise EntryProblem(
            "table", f"{path} cannot be read as Parquet ({error})", "replace it by a whole file"
        ) from error


def table_as_csv(table: pl.DataFrame) -> bytes:
    """A table as CSV; whole figures without a decimal point, as publishers write counts."""
    floats = [name for name, kind in table.schema.items() if kind.is_float()]
    whole = [
        name for name in floats
        if (table[name].fill_null(0) == table[name].fill_null(0).round()).all()
    ]  # fmt: skip
    return table.with_columns(pl.col(whole).cast(pl.Int64)).write_csv().encode()


@dataclass(frozen=True)
class WorkbooksBody:
    """An archive of workbooks, each sheet made of a CSV file."""

    members: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    last_modified: str | None

    def respond(self, request: httpx.Request, captured: Captured) -> httpx.Response:
        books = tuple(
            (name, tuple((sheet, stamp(filled_path(file, captured))) for sheet, file in sheets))
            for name, sheets in self.members
        )
        files = {f"{name}/{sheet}": file.path for name, sheets in books for sheet, file in sheets}
        return static_response(
            request,
            lambda: _workbooks(books),
            _etag("workbooks", files),
            self.last_modified,
            "application/zip",
        )


@lru_cache(maxsize=2)
def _workbooks(books: tuple[tuple[str, tuple[tuple[str, Stamp], ...]], ...]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, sheets in books:
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.external_attr = 0o644 << 16
            archive.writestr(info, _workbook(sheets), zipfile.ZIP_DEFLATED, _ZIP_LEVEL)
    return sink.getvalue()


def _workbook(sheets: tuple[tuple[str, Stamp], ...]) -> bytes:
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True}) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})  # same files, same bytes
        for name, file in sheets:
            sheet = book.add_worksheet(name)
            with file.path.open(newline="", encoding="utf-8-sig") as lines:
                for number, cells in enumerate(csv.reader(lines)):
                    for column, text in enumerate(cells):
                        _write(sheet, number, column, text)
    return sink.getvalue()


def _write(sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, text: str) -> None:
    """Codes, in the first row and column, stay text; so does a word among the figures (`...`)."""
    if row and column and _FIGURE.fullmatch(text):
        sheet.write_number(row, column, float(text))
    elif text:
        sheet.write_string(row, column, text)


@dataclass(frozen=True)
class StatusBody:
    """An address that the publisher answers with an error, for example not found."""

    status: int

    def respond(self, request: httpx.Request, captured: Captured) -> httpx.Response:
        page = f"<!DOCTYPE html><html><title>{self.status}</title></html>"
        return httpx.Response(self.status, html=page, request=request)


@lru_cache(maxsize=8)
def _zipped(members: tuple[tuple[str, Stamp], ...]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, file in members:
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.external_attr = 0o644 << 16
            packed = file.path.suffix == ".gz" and not name.endswith(".gz")
            plain = unpacked(file.path, f"members.{name}") if packed else file.path.read_bytes()
            archive.writestr(info, plain, zipfile.ZIP_DEFLATED, _ZIP_LEVEL)
    return sink.getvalue()


def unpacked(path: Path, key: str) -> bytes:
    """The content of a gzip file; `key` is named where it is none."""
    try:
        return gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise EntryProblem(
            key, f"{path} cannot be gunzipped ({error})", "replace it by a whole gzip file"
        ) from error


def read_file_body(options: Options) -> Body:
    options.allow("file", "last_modified", "content_type")
    return _file_body(options, unpack=False)


def read_gunzip_body(options: Options) -> Body:
    options.allow("file", "last_modified", "content_type")
    return _file_body(options, unpack=True)


def _file_body(options: Options, *, unpack: bool) -> Body:
    kind = options.text("content_type", "application/octet-stream")
    return FileBody(options.path("file"), unpack, options.moment("last_modified"), kind)


def read_zip_body(options: Options) -> Body:
    options.allow("members", "last_modified")
    members = options.inner("members")
    return ZipBody(
        tuple(
            (members.known_placeholders(str(name), str(name)), members.path(name))
            for name in members.values
        ),
        options.moment("last_modified"),
    )


def read_workbooks_body(options: Options) -> Body:
    options.allow("members", "last_modified")
    members = options.inner("members")
    books = []
    for name in members.values:
        sheets = members.inner(str(name))
        paths = tuple((str(sheet), sheets.path(sheet)) for sheet in sheets.values)
        books.append((members.known_placeholders(str(name), str(name)), paths))
    return WorkbooksBody(tuple(books), options.moment("last_modified"))


def read_table_body(options: Options) -> Body:
    options.allow("table", "last_modified")
    return TableBody(options.path("table"), options.moment("last_modified"))


def read_status_body(options: Options) -> Body:
    options.allow("status")
    status = options.values.get("status")
    if isinstance(status, int) and 400 <= status <= 599:
        return StatusBody(status)
    raise EntryProblem("status", f"is {status!r}", "give a number from 400 to 599, for example 404")


BodyReader = Callable[[Options], Body]
