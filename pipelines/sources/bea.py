"""US Bureau of Economic Analysis, input-output accounts: use, supply and make tables.

One zip holds a workbook for each table, with one sheet a year.

Quirks:
- The name of a workbook carries the years that it spans, so that it changes every year: a
  workbook is known by how its name begins (`Use_...`, `Supply_...`) and by `Summary` or `SUM`.
- A sheet begins with title rows. The row of column codes is the first whose cells look like codes;
  a row of names stands above or below it. Notes follow the table: rows without a figure.
- `...` is an empty cell of the table, no zero and no secret; it becomes no figure, not available.
- Totals (`T005`, `T007`), value added (`V001` to `V003`) and final uses (`F010` ...) stand in the
  same table as commodities and industries. All are kept; the code tells them apart.
- Million current US dollars, in producers' or basic prices as the table says.
- Published once a year (September), all years revised at once. Where the archive is, and how its
  members are called, is unconfirmed: the names of both editions are known to the reader.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, http_date, prove_zip

_ARCHIVE = "https://apps.bea.gov/industry/iTables%20Static%20Files/AllTablesSUP.zip"
# How the workbooks of a table are called.
_WORKBOOKS = {
    "supply": re.compile(r"(?i)(^|/)Supply_(Tables_)?\d.*(SUM|Summary)[^/]*\.xlsx$"),
    "use": re.compile(r"(?i)(^|/)Use_(SUT_)?.*(SUM|Summary)[^/]*\.xlsx$"),
}
_CODE = r"[0-9A-Z][0-9A-Z]{1,9}|Used|Other|Trade|Trans|Total [A-Za-z ()]+"
_FEWEST_CODES = 3  # cells of a header; a title has fewer that look like codes

CELLS = Table(
    "cells",
    (
        Column("period_year", "integer", required=True, minimum=1997, maximum=2100),
        Column("table_name", required=True, allowed=("use", "supply", "make")),
        Column("row_code", required=True, pattern=_CODE),
        Column("column_code", required=True, pattern=_CODE),
        Column("value_musd", "number", codes={"...": "not_applicable"}),
    ),
    key=("period_year", "table_name", "row_code", "column_code"),
    period="period_year",
)


class Bea(Source):
    """Input-output accounts, summary level; the only part is the archive of all tables."""

    id = "bea"
    title = "Input-output accounts"
    publisher = "U.S. Bureau of Economic Analysis"
    homepage = "https://www.bea.gov/industry/input-output-accounts-data"
    cadence = "once a year, in September"
    max_age_days = 430
    licence = Licence(
        "US-PD",
        "U.S. Government work, public domain",
        "https://www.bea.gov/help/faq/147",
        "U.S. Bureau of Economic Analysis, Input-Output Accounts",
    )
    tables = (CELLS,)

    def parts(self, settings: Settings) -> list[str]:
        return ["summary"]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        if answers:
            return None
        return RequestSpec(self.id, part, _ARCHIVE, media=Media.ZIP, static=True)

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """A whole archive with a workbook of each table, and the same years in all of them.

        Raises:
            Incomplete: a workbook is missing, or a year is in one and not in another.
        """
        reply = replies[0]
        prove_zip(reply)
        years = {table: set(_years(body, name)) for table, name, body in _workbooks(reply)}
        first = next(iter(years.values()))
        for table, sheets in years.items():
            if odd := sheets ^ first:
                raise Incomplete(
                    Outcome.TRUNCATED,
                    f"{reply.name}: {table} has not the same years as the other tables "
                    f"({', '.join(sorted(odd))}): cut short",
                )
        changed = http_date(reply.last_modified)
        return Proof(changed.date().isoformat() if changed else reply.sha256[:12], changed)

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        for table, member, body in _workbooks(replies[0]):
            rows = [
                matrix(sheet, f"{member}, sheet {year}").with_columns(period_year=pl.lit(year))
                for year, sheet in _years(body, member).items()
            ]
            yield Chunk("cells", numbered(pl.concat(rows), table), member)


_YEAR = re.compile(r"(19|20)\d\d")


def _workbooks(reply: Landed) -> Iterator[tuple[str, str, bytes]]:
    with zipfile.ZipFile(reply.path) as archive:
        for table, pattern in _WORKBOOKS.items():
            names = [name for name in archive.namelist() if pattern.search(name)]
            if len(names) != 1:
                raise Incomplete(
                    Outcome.TRUNCATED,
                    f"{reply.name}: {len(names)} workbooks of summary {table} tables instead of "
                    f"one; the archive has {', '.join(archive.namelist()[:8])}",
                )
            yield table, names[0], archive.read(names[0])


def _years(body: bytes, member: str) -> dict[str, pl.DataFrame]:
    """The sheets of a workbook that are named after a year, as text."""
    try:
        sheets = pl.read_excel(
            io.BytesIO(body), sheet_id=0, has_header=False, infer_schema_length=0
        )
    except Exception as error:  # the reader's errors have no common base
        raise SchemaDrift(f"{member}: cannot be read as a workbook ({error})") from error
    found = {name: sheet for name, sheet in sheets.items() if _YEAR.fullmatch(name)}
    if not found:
        raise SchemaDrift(f"{member}: no sheet is named after a year")
    return found


def matrix(sheet: pl.DataFrame, where: str) -> pl.DataFrame:
    """The cells of one table, whatever stands around it.

    Args:
        sheet: all rows, as text, without a header of its own; row codes in the first column.
        where: file and sheet, for messages.

    Returns:
        `row_code`, `column_code`, `value_musd` as text, one row for each cell of the table; rows
        without any figure (notes, names) are no part of it.

    Raises:
        SchemaDrift: no row looks like column codes, or a code stands there twice.
    """
    cells = sheet.with_columns(pl.all().cast(pl.String).str.strip_chars())
    first, *body = cells.columns
    number, codes = _header(cells.select(body), where)
    kept = {name: code for name, code in zip(body, codes, strict=True) if code and _is_code(code)}
    if len(set(kept.values())) != len(kept):
        twice = sorted({code for code in codes if code and codes.count(code) > 1})
        raise SchemaDrift(f"{where}: column code {', '.join(twice)} stands there twice")
    table = cells.slice(number + 1).filter(
        pl.col(first).map_elements(_is_code, return_dtype=pl.Boolean).fill_null(value=False)
    )
    named = [pl.col(name).alias(code) for name, code in kept.items()]
    return (
        table.select(pl.col(first).alias("row_code"), *named)
        .unpivot(index="row_code", variable_name="column_code", value_name="value_musd")
        .filter(pl.col("value_musd").is_not_null() & (pl.col("value_musd") != ""))
    )


def _header(cells: pl.DataFrame, where: str) -> tuple[int, tuple[str | None, ...]]:
    """Number and cells of the row of column codes."""
    for number, row in enumerate(cells.iter_rows()):
        texts = [text for text in row if text]
        codes = [text for text in texts if _is_code(text)]
        lettered = any(not code.isdigit() for code in codes)  # figures look like codes of digits
        if lettered and len(codes) >= max(_FEWEST_CODES, 0.8 * len(texts)):
            return number, row
    raise SchemaDrift(f"{where}: no row of column codes is there")


def _is_code(text: str) -> bool:
    """Whether a cell is a code of the accounts; a year is none, and neither is a figure."""
    return bool(re.fullmatch(_CODE, text)) and not _YEAR.fullmatch(text)


def numbered(cells: pl.DataFrame, table: str) -> pl.DataFrame:
    """Rows of `matrix` with the name of their table and a number."""
    rows = cells.with_columns(table_name=pl.lit(table)).with_row_index("_row_no", offset=1)
    return rows.with_columns(pl.col("_row_no").cast(pl.Int64))


SOURCE = Bea()
