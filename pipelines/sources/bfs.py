"""US Census Bureau, Business Formation Statistics: applications and formations by month.

Quirks:
- One CSV holds everything since 2004, with the months as columns: it is unpivoted before
  anything is cast. Months to come are blank.
- `D` (withheld), `S` (does not meet publication standards) and `NA` (not available: projections
  and spliced series end or begin at different months) stand in number cells.
- `geo` is `US` or a state's postal code; regions (`NO`, `MW`, `SO`, `WE`) are there, too.
- `sa` is `A` (adjusted for season) or `U`; both are kept, with durations in their own series.
- A plain file: conditional requests work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import SchemaDrift
from pipelines.http.classify import Media
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources import census
from pipelines.sources.base import Answer, Chunk, Proof, Source, prove_years, read_csv

_URL = "https://www.census.gov/econ/bfs/csv/bfs_monthly.csv"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_KEY = ("sa", "naics_sector", "series", "geo", "year")

MONTHLY = Table(
    "monthly",
    (
        Column("seasonal_adjustment", source_name="sa", required=True, allowed=("A", "U")),
        Column("naics_sector", required=True, pattern=r"[A-Z0-9]+"),
        Column("series_code", source_name="series", required=True, pattern=r"[A-Z0-9_]+"),
        Column("area_code", source_name="geo", required=True, pattern=r"[A-Z]{2}"),
        Column("period", required=True, pattern=r"\d{4}-\d{2}"),
        Column(
            "value",
            "number",
            codes={"D": "suppressed", "S": "low_reliability", "NA": "missing"},
            minimum=0,
        ),
    ),
    key=("seasonal_adjustment", "naics_sector", "series_code", "area_code", "period"),
    period="period",
)


class Bfs(Source):
    """Business Formation Statistics; the only part is the monthly file."""

    id = "bfs"
    title = "Business Formation Statistics"
    publisher = "U.S. Census Bureau"
    homepage = "https://www.census.gov/econ/bfs/index.html"
    cadence = "every month"
    max_age_days = 60
    licence = census.licence("Business Formation Statistics")
    tables = (MONTHLY,)

    def parts(self, settings: Settings) -> list[str]:
        return ["monthly"]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        return None if answers else RequestSpec(self.id, part, _URL, media=Media.CSV, static=True)

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """A whole file in which no area lacks a year that a series has elsewhere.

        Raises:
            Incomplete: one does, or the last row is cut.
        """
        proof = super().prove(part, replies)
        rows = read_csv(replies[-1].read(), replies[-1].name)
        prove_years(rows, _KEY[:-1], _KEY[-1], replies[-1].name, alike=_KEY[:3])
        return proof

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        reply = replies[-1]
        wide = read_csv(reply.read(), reply.name)
        if lost := [name for name in (*_KEY, *_MONTHS) if name not in wide.columns]:
            raise SchemaDrift(f"{reply.name}: column {', '.join(lost)} is not there")
        numbers = {name: f"{n:02d}" for n, name in enumerate(_MONTHS, start=1)}
        rows = (
            wide.select(*_KEY, *_MONTHS)
            .unpivot(index=_KEY, on=_MONTHS, variable_name="month", value_name="value")
            .with_columns(
                period=pl.col("year").str.strip_chars()
                + "-"
                + pl.col("month").replace_strict(numbers)
            )
            .with_row_index("_row_no", offset=1)
            .with_columns(pl.col("_row_no").cast(pl.Int64))
        )
        yield Chunk("monthly", rows)


SOURCE = Bfs()
