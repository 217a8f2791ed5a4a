"""US Census Bureau, American Community Survey: five-year estimates with margins of error.

Read from the table-based summary files, one text table for each of the survey's tables; no key.

Quirks:
- Cells are separated by `|`. Columns come in pairs: `B15003_E022` is an estimate, `B15003_M022`
  its margin of error at 90 percent confidence.
- A file holds every kind of area down to block groups. Only the nation, states, counties and
  metropolitan areas are rows of ours; the others are not read, and not counted as landed.
- Some whole numbers are no figures but remarks: -666666666 (too few sample cases) and others; a
  margin of -555555555 says that the estimate is controlled and has no sampling error.
- `GEO_ID` is summary level, variant, component and code: `0500000US01001` is county 01001;
  `310M700US35620` is a metropolitan area of one delineation (`M7`).
- Published each December for the five years to the year before; 404 means "not yet published".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources import census
from pipelines.sources.base import Answer, Chunk, Proof, Source, http_date, prove_csv

_BASE = "https://www2.census.gov/programs-surveys/acs/summary_file"
_OLDEST_RELEASE = 2021  # the first in this layout
# Table, and how many estimates it has.
_TABLES = {
    "B15003": 25,  # educational attainment of people of 25 years and over
    "B28002": 13,  # internet subscriptions of households
}
_LEVELS = {"010": "nation", "040": "state", "050": "county", "310": "metro"}
_REMARKS = {
    "-666666666": "low_reliability",  # too few sample cases
    "-999999999": "low_reliability",  # too few sample cases to compare
    "-888888888": "not_applicable",
    "-222222222": "low_reliability",  # no margin of error: too few sample cases
    "-333333333": "low_reliability",  # the median falls in an open interval
    "-555555555": "not_applicable",  # the estimate is controlled
}

ESTIMATES = Table(
    "estimates",
    (
        Column("period_year", "integer", required=True, minimum=2009, maximum=2100),
        Column("table_code", required=True, allowed=tuple(_TABLES)),
        Column("line_no", "integer", required=True, minimum=1, maximum=999),
        Column("geo_code_census", "text", "GEO_ID", required=True, pattern=r"\w{3}\w{4}US\d*"),
        Column("area_level", required=True, allowed=tuple(_LEVELS.values())),
        Column("estimate_count", "number", codes=_REMARKS, minimum=0),
        Column("margin_of_error_90_count", "number", codes=_REMARKS, minimum=0),
    ),
    key=("period_year", "table_code", "line_no", "geo_code_census"),
    period="period_year",
)


class Acs(Source):
    """American Community Survey; a part is one table of the newest five-year release."""

    id = "acs"
    title = "American Community Survey, five-year estimates"
    publisher = "U.S. Census Bureau"
    homepage = "https://www.census.gov/programs-surveys/acs"
    cadence = "once a year, in December"
    max_age_days = 430
    licence = census.licence("American Community Survey 5-year estimates")
    tables = (ESTIMATES,)

    def parts(self, settings: Settings) -> list[str]:
        return list(_TABLES)

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        newest = settings.acs_latest_release or settings.plan_date.year - 1
        release = census.next_release(answers, newest, _OLDEST_RELEASE)
        if release is None:
            return None
        return RequestSpec(
            self.id,
            part,
            f"{_BASE}/{release}/table-based-SF/data/5YRData/acsdt5y{release}-{part.lower()}.dat",
            media=Media.PSV,
            static=True,
            max_bytes=1 << 30,
            not_found=Outcome.NOT_YET_PUBLISHED,
        )

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """A whole file, with every kind of area that we read.

        Raises:
            Incomplete: a kind of area is missing, or the last row is cut.
        """
        reply = replies[-1]
        prove_csv(reply)
        body = reply.read()
        lacking = [name for level, name in _LEVELS.items() if not _has_level(body, level)]
        if lacking:
            raise Incomplete(
                Outcome.TRUNCATED, f"{reply.name}: no row for {', '.join(lacking)}: cut short"
            )
        return Proof(_release(reply), http_date(reply.last_modified))

    def canonical_sha256(self, part: str, replies: Sequence[Landed]) -> str:
        return replies[-1].sha256  # too many rows to sort, and the Bureau's order is fixed

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        reply = replies[-1]
        wide = _read(reply)
        count = _TABLES[part]
        lines = [f"{n:03d}" for n in range(1, count + 1)]
        wanted = [f"{part}_{kind}{line}" for kind in "EM" for line in lines]
        if lost := [name for name in ("GEO_ID", *wanted) if name not in wide.columns]:
            raise SchemaDrift(
                f"{reply.name}: column {', '.join(lost[:4])} is not there; the file begins with "
                f"{', '.join(wide.columns[:4])}"
            )
        long = pl.concat(
            wide.select(
                "GEO_ID",
                pl.lit(line.lstrip("0")).alias("line_no"),
                pl.col(f"{part}_E{line}").alias("estimate_count"),
                pl.col(f"{part}_M{line}").alias("margin_of_error_90_count"),
            )
            for line in lines
        )
        rows = long.with_columns(
            period_year=pl.lit(_release(reply)),
            table_code=pl.lit(part),
            area_level=pl.col("GEO_ID").str.head(3).replace_strict(_LEVELS, default=None),
        )
        yield Chunk(
            "estimates",
            rows.with_row_index("_row_no", offset=1).with_columns(pl.col("_row_no").cast(pl.Int64)),
        )


def _has_level(body: bytes, level: str) -> bool:
    return b"\n" + level.encode() in body


def _read(reply: Landed) -> pl.DataFrame:
    """The rows of the areas that we read, as text."""
    try:
        table = pl.scan_csv(
            reply.read().removeprefix(b"\xef\xbb\xbf"), separator="|", infer_schema=False
        )
        if "GEO_ID" not in table.collect_schema():
            return table.collect()
        return table.filter(pl.col("GEO_ID").str.head(3).is_in(list(_LEVELS))).collect()
    except pl.exceptions.PolarsError as error:
        raise SchemaDrift(f"{reply.name}: not a regular table ({error})") from error


def _release(reply: Landed) -> str:
    match = re.search(r"acsdt5y(\d{4})-", reply.url)
    assert match is not None
    return match[1]


SOURCE = Acs()
