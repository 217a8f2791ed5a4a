"""Supplements: figures that a statistics office adds itself, for what no publisher has.

Files in `CLUSTERKPI_HOME/supplements` (`*.csv`, `*.xlsx`) with the columns of the template
(`clusterkpi supplement template FILE`) go through the same landing, contract, quarantine and
provenance as any publisher's reply. A row that breaks a rule is held back with its reason; the
others are used. A supplement never replaces a figure that the World Bank has: it fills gaps.

Quirks of spreadsheets, and what is made of them:
- `;` between columns is read as well as `,`; a text that is not UTF-8 is refused as a whole.
- `1,234.5`, `1.234,5` and `1 234` are no numbers: the row is held back, because a comma means
  thousands in one place and decimals in another.
- Of a workbook only the first sheet is read, and as text: a year that became a date is held back.

The demo takes no supplements: official figures are not mixed with synthetic ones.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import polars as pl

from pipelines.contracts import BAD_SCHEMA, Column, Table, apply
from pipelines.errors import ConfigError, SchemaDrift
from pipelines.http.classify import Media
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, prove_zip, read_csv
from pipelines.sources.wdi import series_codes

SCHEME = "supplement"
SUFFIXES = {".csv": Media.CSV, ".xlsx": Media.ZIP}
_EXAMPLE = {
    "series_id": "EXAMPLE, replace this row",
    "geo_id": "TWN",
    "period_year": "2024",
    "value": "12.3",
    "obs_status": "A",
    "source_name": "Name of the statistic and of the office",
    "source_url": "https://office.example/table",
    "retrieved_on": "2025-01-31",
    "licence": "Terms under which the figure may be published",
    "note": "",
}


class Supplement(Source):
    """Figures of an office's own; a part is a file."""

    id = SCHEME
    title = "Supplements"
    publisher = "as stated in each row"
    homepage = "https://www.apec.org/groups/som-steering-committee-on-economic-and-technical-cooperation/working-groups/small-and-medium-enterprises"
    cadence = "when a file in the folder changes"
    max_age_days = 3650
    parts_may_vanish = True
    max_quarantine_share = 1.0  # a slip in one row does not take the others away
    licence = Licence(
        "as-stated",
        "As stated in each row of the file",
        "https://www.apec.org/groups",
        "as stated in each row of the file",
    )

    @cached_property
    def tables(self) -> tuple[Table, ...]:  # type: ignore[override]
        return (
            Table(
                "observations",
                (
                    Column("series_id", required=True, allowed=series_codes()),
                    Column("geo_id", required=True, pattern=r"[A-Z]{3}"),
                    Column("period_year", "integer", required=True, minimum=1960, maximum=2100),
                    Column("value", "number", required=True),
                    Column(
                        "obs_status", required=True, allowed=("A", "Z", "E", "P", "B", "I", "U")
                    ),
                    Column("source_name", required=True),
                    Column("source_url"),
                    Column("retrieved_on", "date", required=True),
                    Column("licence", required=True),
                    Column("note"),
                ),
                key=("series_id", "geo_id", "period_year"),
                period="period_year",
            ),
        )

    def off(self, settings: Settings) -> str:
        synthetic = settings.realm == "synthetic"
        return "the demo takes no supplements" if synthetic else ""

    def parts(self, settings: Settings) -> list[str]:
        return [path.name for path in files(settings.home)]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        if answers:
            return None
        media = SUFFIXES[Path(part).suffix.lower()]
        url = f"{SCHEME}://local/{quote(part)}"
        return RequestSpec(self.id, part, url, media=media, static=True)

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        reply = replies[-1]
        if reply.media is Media.ZIP:
            prove_zip(reply)
        return Proof(reply.sha256[:12])

    def canonical_sha256(self, part: str, replies: Sequence[Landed]) -> str:
        return replies[-1].sha256

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        reply = replies[-1]
        yield Chunk("observations", self.rows(reply.read(), part))

    def rows(self, body: bytes, name: str) -> pl.DataFrame:
        """Rows of a file as text, with the number that a spreadsheet shows beside them.

        Raises:
            SchemaDrift: it cannot be read, or lacks a column of the template.
        """
        read = _workbook if name.lower().endswith(".xlsx") else _text
        rows = read(body, name)
        rows = rows.rename({c: c.strip().lower() for c in rows.columns if c != "_row_no"})
        table = self.tables[0]
        if lost := [c.name for c in table.columns if c.name not in rows.columns]:
            raise SchemaDrift(
                f"{name}: column {', '.join(lost)} is not there; "
                "`clusterkpi supplement template FILE` writes all of them"
            )
        names = [column.name for column in table.columns]
        filled = rows.filter(~pl.all_horizontal(pl.col(names).fill_null("").eq("")))
        return filled.with_columns(pl.col("_row_no") + 1)  # the header is row 1

    def template(self) -> str:
        """The template as CSV, with an example that is refused until it is replaced."""
        return f"{','.join(_EXAMPLE)}\n" + ",".join(f'"{v}"' for v in _EXAMPLE.values()) + "\n"

    def refusals(self, path: Path) -> tuple[int, pl.DataFrame]:
        """How many rows a file has, and those that would be held back, with reasons.

        Raises:
            ConfigError: it is no such file, or cannot be read at all.
        """
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            raise ConfigError(f"{path} is no .csv or .xlsx file")
        try:
            rows = self.rows(path.read_bytes(), path.name)
            gated = apply(self.tables[0], rows, path.name)
        except SchemaDrift as error:
            raise ConfigError(str(error)) from error
        return rows.height, gated.bad.select(BAD_SCHEMA.keys()).sort("_row_no")


def files(home: Path) -> list[Path]:
    """The supplements in a state directory; files that a spreadsheet has open are left out."""
    folder = home / "supplements"
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(
        path
        for path in found
        if path.suffix.lower() in SUFFIXES and not re.match(r"[.~]", path.name)
    )


def _text(body: bytes, name: str) -> pl.DataFrame:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SchemaDrift(
            f"{name}: byte {error.start} is not UTF-8; save it as 'CSV UTF-8'"
        ) from error
    header = body.split(b"\n", 1)[0]
    if b";" in header and b"," not in header:
        try:
            rows = pl.read_csv(
                body.removeprefix(b"\xef\xbb\xbf"), separator=";", infer_schema=False
            )
        except pl.exceptions.PolarsError as error:
            raise SchemaDrift(f"{name}: not a regular table ({error})") from error
        return _numbered(rows)
    return read_csv(body, name)


def _workbook(body: bytes, name: str) -> pl.DataFrame:
    try:
        rows = pl.read_excel(io.BytesIO(body), infer_schema_length=0)
    except Exception as error:  # the reader's errors have no common base
        raise SchemaDrift(f"{name}: cannot be read as a workbook ({error})") from error
    return _numbered(rows.with_columns(pl.all().cast(pl.String)))


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_row_index("_row_no", offset=1).with_columns(pl.col("_row_no").cast(pl.Int64))


SOURCE = Supplement()
