"""US Census Bureau, USA Trade Online: exports by state of origin of movement and NAICS commodity.

Quirks:
- Two lines of titles stand above the header, which ends with a comma that no row has.
- A commodity is code and name in one cell; three and four digits stand in one column and overlap:
  only the four-digit rows may be added up. The codes are those of NAICS for goods (1111 to 3399),
  and of special provisions (9100 waste to 9900). "All Commodities" is the sum.
- States are names, cut to fit: "Dist of Columbia". "All States" is the nation with Puerto Rico, the
  US Virgin Islands and "Unknown", a tenth of all exports.
- Values have their thousands separated (`"1,545,820,839,892"`), USD, free alongside ship. A
  commodity that a state did not export has no row.
- The three levels and the states add up to the dollar: so a row that is missing shows.
- The state is where the goods began their journey to the port, not where they were made: states
  with ports and warehouses export what others grew.

Unconfirmed: a route for programs that keeps no secret in an address. The Bureau's interface
(`timeseries/intltrade/exports/statenaics`) takes its key in the address only, where every log would
keep it. So the source is off when it is live, until an address is set under which the yearly
exports of USA Trade Online are kept as `state_exports_2012.csv` and so on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources import census
from pipelines.sources.base import (
    Answer,
    Chunk,
    Proof,
    Source,
    below_titles,
    http_date,
    prove_csv,
    read_csv,
)
from pipelines.sources.national import address, off_when_live

_EXPORTS = "https://usatrade.census.gov/exports"
_HEADER = '"Commodity"'
_COLUMNS = {
    "Commodity": "commodity",
    "State": "state_name_census",
    "Country": "partner_name",
    "Time": "period_year",
    "Total Exports Value ($US)": "exports_usd",
}
_ALL, _NATION = "All Commodities", "All States"

STATES = Table(
    "states",
    (
        Column("period_year", "integer", required=True, minimum=1992, maximum=2100),
        Column("state_name_census", required=True),
        Column("commodity_code_naics", required=True, pattern=r"all|\d{3,4}"),
        Column("commodity_name", required=True),
        Column("partner_name", required=True, allowed=("World Total",)),
        Column("exports_usd", "integer", required=True, minimum=0),
    ),
    key=("period_year", "state_name_census", "commodity_code_naics"),
    period="period_year",
)


class UsTrade(Source):
    """Exports by state and commodity; a part is one year."""

    id = "ustrade"
    title = "USA Trade Online: state exports by NAICS commodity"
    publisher = "U.S. Census Bureau"
    homepage = "https://usatrade.census.gov"
    cadence = "each month; a year is read when it is whole"
    max_age_days = 500
    licence = census.licence("USA Trade Online")
    tables = (STATES,)

    def off(self, settings: Settings) -> str:
        return off_when_live(self.id, "the interface takes its key in the address only", settings)

    def parts(self, settings: Settings) -> list[str]:
        last = settings.ustrade_last_year or settings.plan_date.year - 1
        return [str(year) for year in range(last - settings.ustrade_years + 1, last + 1)]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        if answers:
            return None
        return RequestSpec(
            self.id,
            part,
            f"{address(self.id, _EXPORTS, settings)}/state_exports_{part}.csv",
            media=Media.CSV,
            static=True,
            not_found=Outcome.NOT_YET_PUBLISHED,
        )

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """A whole file in which both levels and all states add up.

        Raises:
            Incomplete: a state's commodities are not its exports, or the states not the nation's.
            SchemaDrift: the file is about another year, which the address would not tell.
        """
        reply = replies[-1]
        prove_csv(reply, _table(reply))
        rows = _rows(reply)
        if (years := set(rows["period_year"]) - {part}) and not rows.is_empty():
            raise SchemaDrift(f"{reply.name}: has the year {min(years)}, {part} was asked for")
        code, value = pl.col("commodity_code_naics"), pl.col("exports_usd")
        figures = rows.with_columns(value.cast(pl.Int64, strict=False))
        if figures["exports_usd"].null_count():
            return Proof(part, http_date(reply.last_modified))  # the contract says which is none
        levels = {"three": code.str.len_chars() == 3, "four": code.str.len_chars() == 4}
        areas = figures.group_by("state_name_census").agg(
            value.filter(code == "all").sum().alias("all"),
            *(value.filter(code != "all", level).sum().alias(n) for n, level in levels.items()),
        )
        for digits in levels:
            _sums(
                areas.select(name="state_name_census", whole="all", parts=digits),
                reply,
                f"{digits}-digit commodities",
            )
        _sums(
            figures.group_by(name="commodity_code_naics").agg(
                value.filter(pl.col("state_name_census") == _NATION).sum().alias("whole"),
                value.filter(pl.col("state_name_census") != _NATION).sum().alias("parts"),
            ),
            reply,
            "states",
        )
        return Proof(part, http_date(reply.last_modified))

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        yield Chunk("states", _rows(replies[-1]))


def _sums(found: pl.DataFrame, reply: Landed, what: str) -> None:
    """Refuse a sum that is not that of its parts; columns name, whole, parts."""
    short = found.filter(pl.col("whole") != pl.col("parts")).sort("name")
    if short.height:
        name, whole, parts = short.row(0)
        raise Incomplete(
            Outcome.TRUNCATED,
            f"{reply.name}: {name} exports {whole} USD, the {what} of it {parts}: rows are missing",
        )


def _table(reply: Landed) -> bytes:
    """The lines from the header on, and the header without its last comma."""
    header, end, rows = below_titles(reply, _HEADER).partition(b"\n")
    return header.rstrip(b"\r").rstrip(b",") + end + rows


def _rows(reply: Landed) -> pl.DataFrame:
    """The rows as text; code and name of the commodity apart, values without separators."""
    rows = read_csv(_table(reply), reply.name)
    if lost := [name for name in _COLUMNS if name not in rows.columns]:
        raise SchemaDrift(f"{reply.name}: column {', '.join(lost)} is not there")
    value = pl.col("exports_usd").str.strip_chars()
    cell = pl.col("commodity").str.strip_chars()
    return (
        rows.select("_row_no", *_COLUMNS)
        .rename(_COLUMNS)
        .with_columns(
            pl.when(value.str.contains(r"^\d{1,3}(,\d{3})*$"))
            .then(value.str.replace_all(",", ""))
            .otherwise("exports_usd")
            .alias("exports_usd"),
            pl.when(cell == _ALL)
            .then(pl.lit("all"))
            .otherwise(cell.str.extract(r"^(\S+)"))
            .alias("commodity_code_naics"),
            pl.when(cell == _ALL)
            .then(cell)
            .otherwise(cell.str.extract(r"^\S+\s+(.*)$"))
            .alias("commodity_name"),
        )
        .drop("commodity")
    )


SOURCE = UsTrade()
