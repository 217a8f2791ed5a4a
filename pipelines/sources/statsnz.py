"""Stats NZ, business demography: business locations and employees by region, industry and size.

Read from the CSV exports of two tables, and from the list of industries (ANZSIC 2006).

Quirks:
- The columns and their order are those that the person chose who made the export: they are bound
  by name. Table 7601 is by region and industry, 7613 by region and size of the enterprise.
- Counts of geographic units (locations) are rounded at random to multiples of 3: a 0 is no true
  zero, and parts do not add up to the total. Employee counts are rounded to tens or hundreds.
- `Flags` is empty, or a letter with a meaning of its own (`c` confidential, `p` provisional).
- Industries are printed with their code in front (`F Wholesale Trade`), sometimes with two blanks
  between; regions are names only (`Hawke's Bay Region`).
- `Area Outside Region` (islands and the sea) lacks industries that are not there; every other
  region has all industries of the export. So a row that is missing shows.

Unconfirmed: a route for programs. NZ.Stat made these exports on a page; its successor asks for a
key. So the source is off when it is live, until an address is set under which exports are kept as
`TABLECODE7601.csv`, `TABLECODE7613.csv` and `anzsic06_code.csv`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import Incomplete
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, read_csv
from pipelines.sources.national import address, bound, off_when_live

_EXPORTS = "https://nzdotstat.stats.govt.nz/wbos"
_OUTSIDE = "Area Outside Region"
_MEASURES = ("Geographic Units", "Employee Count", "Enterprises")
_FLAGS = ("c", "p", "r", "e", "s", "..")
_FILES = {
    "region_industries": "TABLECODE7601.csv",
    "region_sizes": "TABLECODE7613.csv",
    "industries": "anzsic06_code.csv",
}
_COMMON = {
    "period_year": ("Year",),
    "region_name": ("Area",),
    "measure": ("Measure",),
    "value_count": ("Value",),
    "flags": ("Flags", "Flag Codes"),
}
_NAMES = {
    "region_industries": _COMMON | {"industry": ("ANZSIC06", "Industry")},
    "region_sizes": _COMMON
    | {"size_group": ("Enterprise employee count size group", "Size group")},
    "industries": {"industry_code_anzsic": ("Anzsic06", "ANZSIC06"), "industry": ("Description",)},
}
# What a region has all of.
_SPREAD = {"region_industries": "industry", "region_sizes": "size_group"}


def _counts(name: str, *dimension: Column) -> Table:
    return Table(
        name,
        (
            Column("period_year", "integer", required=True, minimum=2000, maximum=2100),
            Column("region_name", required=True),
            *dimension,
            Column("measure", required=True, allowed=_MEASURES),
            Column("value_count", "integer", missing=("..",), minimum=0),
            Column("flags", allowed=_FLAGS),
        ),
        key=("period_year", "region_name", *(column.name for column in dimension[:1]), "measure"),
        period="period_year",
    )


REGION_INDUSTRIES = _counts(
    "region_industries",
    Column("industry_code_anzsic", required=True, pattern=r"[A-S]|[A-S]\d{2,6}|Total"),
    Column("industry_name"),
)
REGION_SIZES = _counts("region_sizes", Column("size_group", required=True))
INDUSTRIES = Table(
    "industries",
    (
        Column("industry_code_anzsic", required=True, pattern=r"[A-S]|[A-S]\d{2,6}"),
        Column("industry_name", required=True),
    ),
    key=("industry_code_anzsic",),
)


class StatsNz(Source):
    """Business demography; a part is one export."""

    id = "statsnz"
    title = "Business demography: regions by industry and size"
    publisher = "Stats NZ"
    homepage = "https://www.stats.govt.nz/topics/business-demography"
    cadence = "once a year, in October, for February"
    max_age_days = 430
    licence = Licence(
        "CC-BY-4.0",
        "Creative Commons Attribution 4.0",
        "https://www.stats.govt.nz/about-us/copyright/",
        "Stats NZ, business demography statistics; licensed by Stats NZ for reuse under CC BY 4.0",
    )
    tables = (REGION_INDUSTRIES, REGION_SIZES, INDUSTRIES)

    def off(self, settings: Settings) -> str:
        why = "the tables are exported from a page, no confirmed address gives them to a program"
        return off_when_live(self.id, why, settings)

    def parts(self, settings: Settings) -> list[str]:
        return list(_FILES)

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        if answers:
            return None
        url = f"{address(self.id, _EXPORTS, settings)}/{_FILES[part]}"
        return RequestSpec(self.id, part, url, media=Media.CSV, static=True)

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """A whole export in which every region has every industry, or size, of it.

        Raises:
            Incomplete: a region lacks one, or the last row is cut.
        """
        proof = super().prove(part, replies)
        spread = _SPREAD.get(part)
        if spread is None:
            return proof
        rows = _rows(replies[-1], part).filter(pl.col("region_name").str.strip_chars() != _OUTSIDE)
        group = ("period_year", "measure", "region_name")
        short = (
            rows.group_by(group)
            .agg(pl.col(spread).n_unique().alias("has"))
            .with_columns(pl.col("has").max().over("period_year", "measure").alias("of"))
            .filter(pl.col("has") < pl.col("of"))
            .sort(group)
        )
        if short.height:
            year, measure, region, has, of = short.row(0)
            raise Incomplete(
                Outcome.TRUNCATED,
                f"{replies[-1].name}: {region} has {has} of {of} rows of {measure} in {year}: "
                "rows are missing",
            )
        return proof

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        rows = _rows(replies[-1], part)
        if "industry" in rows.columns:
            # the code stands before the name, also in the list of industries
            label = pl.col("industry").str.strip_chars()
            rows = rows.with_columns(
                label.str.extract(r"^[A-S]\d*\s+(.*)$").fill_null(label).alias("industry_name")
            )
            if part != "industries":
                code = label.str.extract(r"^(\S+)").alias("industry_code_anzsic")
                rows = rows.with_columns(code)
        yield Chunk(part, rows)


def _rows(reply: Landed, part: str) -> pl.DataFrame:
    rows = read_csv(reply.read(), reply.name)
    return bound(rows, _NAMES[part], reply.name, frozenset({"flags"}))


SOURCE = StatsNz()
