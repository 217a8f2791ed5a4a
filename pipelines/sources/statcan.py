"""Statistics Canada, table 33-10-0270: businesses that open, close, enter and exit, by month.

One zip of the whole table: the figures and, beside them, a file about them.

Quirks:
- `VALUE` is empty where `STATUS` is `x` (withheld), `..` (not available: exits of the last six
  months, which take so long to be told from closures) or `F` (too unreliable); under `E` (use with
  caution) there is a figure. The letters and what they mean are in the file about the table.
- Openings are entrants and reopenings, closings are exits and temporary closures. Only entrants
  and exits count firms that come and go for good. Everything is adjusted for season, series by
  series: parts do not add up to the sums.
- An enterprise in several provinces or industries is counted in each, and once in the whole.
- Industries are names with NAICS codes in brackets (`Manufacturing [31-33]`), tourism is a sum
  across industries, and one line leaves education and health out: never sum over all rows.
- Places are Canada, provinces and metropolitan areas; some names end with a blank. `DGUID` is the
  place's code: the last characters are those of the classification (`2021A000235`: Ontario, 35).
- Rows come in the order of months. A series has a row for each month up to the last one, unless it
  is `t` (terminated): so a row that is missing shows.
- A copy with plain names (`month`, `region`, `measure`), without codes of places, is read as well.

Unconfirmed: whether the server honours conditional requests for these zips. Without, the archive
(some 20 MB) is read each night and found the same.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources.base import (
    Answer,
    Chunk,
    Licence,
    Proof,
    Source,
    http_date,
    prove_zip,
    read_csv,
    read_member,
)
from pipelines.sources.national import bound

_BASE = "https://www150.statcan.gc.ca/n1/tbl/csv"
_TABLE = "33100270"
_MEASURES = (
    "Active businesses",
    "Opening businesses",
    "Continuing businesses",
    "Closing businesses",
    "Reopening businesses",
    "Entrants",
    "Temporary closures",
    "Exits",
)
# What stands in STATUS: no figure, or how good it is.
_STATUSES = ("..", "...", "<LOD", "0s", "A", "B", "C", "D", "E", "F", "x", "t", "p", "r")
_NAMES = {
    "period": ("REF_DATE", "month"),
    "geo_name": ("GEO", "region"),
    "geo_code_dguid": ("DGUID",),
    "industry_name": (
        "Industry",
        "North American Industry Classification System (NAICS)",
    ),
    "measure": ("Business dynamics measure", "measure"),
    "scalar_factor": ("SCALAR_FACTOR",),
    "businesses_count": ("VALUE",),
    "status": ("STATUS",),
    "symbol": ("SYMBOL",),
    "terminated": ("TERMINATED",),
}
_OPTIONAL = frozenset({"geo_code_dguid", "scalar_factor", "symbol", "terminated"})
_SERIES = ("geo_name", "industry_name", "measure")

BUSINESSES = Table(
    "businesses",
    (
        Column("period", required=True, pattern=r"\d{4}-(0[1-9]|1[0-2])"),
        Column("geo_name", required=True),
        Column("geo_code_dguid", pattern=r"\d{4}[A-Z]\d{4}\w*"),
        Column("industry_name", required=True),
        Column("measure", required=True, allowed=_MEASURES),
        Column("scalar_factor", allowed=("units",)),  # another one would change every figure
        Column("businesses_count", "number", minimum=0),
        Column("status", allowed=_STATUSES),
        Column("symbol", allowed=("p", "r")),
        Column("terminated", allowed=("t",)),
    ),
    key=("period", *_SERIES),
    period="period",
)


class StatCan(Source):
    """Business openings and closures; the only part is the table."""

    id = "statcan"
    title = "Business openings and closures, table 33-10-0270"
    publisher = "Statistics Canada"
    homepage = "https://www150.statcan.gc.ca/t1/tbl1/en/tv.action?pid=3310027001"
    cadence = "every month, about four months after the reference month"
    max_age_days = 75
    licence = Licence(
        "StatCan-OL",
        "Statistics Canada Open Licence",
        "https://www.statcan.gc.ca/en/terms-conditions/open-licence",
        "Statistics Canada, Table 33-10-0270-01; reproduced and distributed on an 'as is' basis "
        "with the permission of Statistics Canada",
    )
    tables = (BUSINESSES,)

    def parts(self, settings: Settings) -> list[str]:
        return [_TABLE]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        if answers:
            return None
        url = f"{_BASE}/{part}-eng.zip"
        return RequestSpec(self.id, part, url, media=Media.ZIP, static=True, max_bytes=1 << 30)

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """A whole archive with both members, all months that it announces, and no gaps.

        Raises:
            Incomplete: says what is missing.
        """
        reply = replies[-1]
        prove_zip(reply)
        about = _about(_member(reply, part, "_MetaData.csv"), reply.name)
        rows = _rows(reply, part)
        first, last = rows["period"].min(), rows["period"].max()
        if (first, last) != (about.first, about.last):
            raise Incomplete(
                Outcome.TRUNCATED,
                f"{reply.name}: months {first} to {last} came, {about.first} to {about.last} were "
                "announced: cut short",
            )
        if gap := _gap(rows, about.last):
            raise Incomplete(Outcome.TRUNCATED, f"{reply.name}: {gap}")
        return Proof(about.last, http_date(reply.last_modified))

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        yield Chunk("businesses", _rows(replies[-1], part), f"{part}.csv")


@dataclass(frozen=True)
class _About:
    """What the file about a table says of its months."""

    first: str
    last: str


def _member(reply: Landed, part: str, ending: str) -> bytes:
    name = f"{part}{ending}"
    with zipfile.ZipFile(reply.path) as archive:
        names = archive.namelist()
    if name not in names:
        raise Incomplete(
            Outcome.TRUNCATED,
            f"{reply.name}: member {name} is missing; the archive has {', '.join(names[:8])}",
        )
    return read_member(reply, name)


def _about(body: bytes, where: str) -> _About:
    """Read the first block of the file about a table."""
    lines = csv.reader(io.StringIO(body.decode("utf-8-sig", "replace")))
    try:
        header, values = next(lines), next(lines)
        cells = dict(zip(header, values, strict=False))
        first, last = cells["Start Reference Period"], cells["End Reference Period"]
    except (StopIteration, KeyError, csv.Error) as error:
        raise SchemaDrift(
            f"{where}: the file about the table does not say from when to when it goes ({error!r})"
        ) from error
    return _About(first[:7], last[:7])


def _rows(reply: Landed, part: str) -> pl.DataFrame:
    where = f"{reply.name}/{part}.csv"
    rows = read_csv(_member(reply, part, ".csv"), where)
    return bound(rows, _NAMES, where, _OPTIONAL)


def _gap(rows: pl.DataFrame, last: str) -> str:
    """The first series that lacks a month between its first and the last one; '' if none does."""
    year, month = (pl.col("period").str.slice(at, size) for at, size in ((0, 4), (5, 2)))
    number = year.cast(pl.Int32, strict=False) * 12 + month.cast(pl.Int32, strict=False)
    end = int(last[:4]) * 12 + int(last[5:7]) if last[:4].isdigit() and last[5:7].isdigit() else 0
    short = (
        rows.lazy()
        .with_columns(number.alias("month_no"))
        .group_by(_SERIES)
        .agg(
            pl.col("month_no").n_unique().alias("months"),
            pl.col("month_no").min().alias("low"),
            pl.col("month_no").max().alias("high"),
            (pl.col("terminated") == "t").any().alias("is_over"),
        )
        .filter(
            (pl.col("months") < pl.col("high") - pl.col("low") + 1)
            | ((pl.col("high") < end) & ~pl.col("is_over").fill_null(value=False))
        )
        .sort(_SERIES)
        .collect()
    )
    if short.is_empty():
        return ""
    one = short.row(0, named=True)
    return (
        f"{short.height} series lack months, the first of them {one['measure']} of "
        f"{one['industry_name']} in {one['geo_name']}, with {one['months']} of "
        f"{end - one['low'] + 1} months: rows are missing"
    )


SOURCE = StatCan()
