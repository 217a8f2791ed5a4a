"""US Census Bureau, Statistics of U.S. Businesses: states by industry and size of enterprise.

Quirks:
- One CSV a year, in Latin-1, with quoted descriptions; appears two to three years later (404:
  "not yet published").
- The size is that of the whole enterprise (firm), not of the establishment. Classes overlap:
  `01` is the total, others are sums of finer ones (`<20`, `<500`): the text says which.
- `EMPL` and `PAYR` are 0 under the flags D (withheld) and S (publication standard): no zeros.
  G, H and J tell how much noise was infused.
- Receipts (`RCPT`) come in years of an economic census only, those that end in 2 and 7.
- Cells of fewer than three firms are left out. Otherwise the firms of the classes that do not
  overlap add up to those of the total, so that a row that is missing shows.
- Industry codes are of varying length, `--` is all, sectors may be `31-33`. State `00` is the
  nation.
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
from pipelines.sources.base import Answer, Chunk, Proof, Source, read_csv

_BASE = "https://www2.census.gov/programs-surveys/susb/datasets"

_TOTAL = "01"
# Classes of size that do not overlap and together are the total.
_PARTS = ("02", "03", "04", "06", "07", "09")
_SUMS = {"05": _PARTS[:3], "08": _PARTS[:5], _TOTAL: _PARTS}
_FEWEST_FIRMS = 3  # of a cell that is published

STATES = Table(
    "states",
    (
        Column("period_year", "integer", required=True, minimum=1988, maximum=2100),
        Column("state_code_fips", "text", "STATE", required=True, pattern=r"\d{2}"),
        Column("naics_code", "text", "NAICS", required=True, pattern=r"--|\d{2}-\d{2}|\d{2,6}"),
        Column("enterprise_size_code", "text", "ENTRSIZE", required=True, pattern=r"\d{1,2}"),
        Column("enterprise_size_name", "text", "ENTRSIZEDSCR", required=True),
        Column("firms_count", "integer", "FIRM", required=True, minimum=0),
        Column("estabs_count", "integer", "ESTB", required=True, minimum=0),
        Column("emp_noise_flag", "text", "EMPLFL_N", allowed=census.NOISE_FLAGS),
        Column("emp_count", "integer", "EMPL", required=True, minimum=0),
        Column("payroll_noise_flag", "text", "PAYRFL_N", allowed=census.NOISE_FLAGS),
        Column("payroll_kusd", "integer", "PAYR", minimum=0),
        Column(
            "receipts_noise_flag", "text", "RCPTFL_N", allowed=census.NOISE_FLAGS, optional=True
        ),
        Column("receipts_kusd", "integer", "RCPT", minimum=0, optional=True),
    ),
    key=("period_year", "state_code_fips", "naics_code", "enterprise_size_code"),
    period="period_year",
)


class Susb(Source):
    """Statistics of U.S. Businesses; a part is one year."""

    id = "susb"
    title = "Statistics of U.S. Businesses"
    publisher = "U.S. Census Bureau"
    homepage = "https://www.census.gov/programs-surveys/susb.html"
    cadence = "once a year, two to three years after the reference year"
    max_age_days = 500
    licence = census.licence("Statistics of U.S. Businesses")
    tables = (STATES,)

    def parts(self, settings: Settings) -> list[str]:
        last = settings.plan_date.year - 2
        return [str(year) for year in range(last - settings.susb_years + 1, last + 1)]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        if answers:
            return None
        return RequestSpec(
            self.id,
            part,
            f"{_BASE}/{part}/us_state_6digitnaics_{part}.txt",
            media=Media.CSV,
            static=True,
            max_bytes=512 << 20,
            not_found=Outcome.NOT_YET_PUBLISHED,
        )

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """A whole file in which the classes of size add up to the total.

        Raises:
            Incomplete: firms are missing that no cell may hide, or the last row is cut.
        """
        proof = super().prove(part, replies)
        rows = read_csv(replies[0].read(), replies[0].name, encoding="latin-1")
        needed = ("STATE", "NAICS", "ENTRSIZE", "FIRM")
        if lost := [repr(name) for name in needed if name not in rows.columns]:
            raise SchemaDrift(f"{replies[0].name}: column {', '.join(lost)} is missing")
        size, firms = pl.col("size"), pl.col("firms")
        cells = rows.select(
            "STATE",
            "NAICS",
            pl.col("ENTRSIZE").str.strip_chars().str.zfill(2).alias("size"),
            pl.col("FIRM").str.strip_chars().cast(pl.Int64, strict=False).alias("firms"),
        ).unique()
        parts = size.is_in(list(_PARTS))
        lost = [  # a sum that is not there although there are firms enough to be published
            (~(size == whole).any()) & (firms.filter(size.is_in(list(of))).sum() >= _FEWEST_FIRMS)
            for whole, of in _SUMS.items()
        ]
        short = (
            cells.group_by("STATE", "NAICS")
            .agg(
                firms.filter(size == _TOTAL).sum().alias("total"),
                firms.filter(parts).sum().alias("parts"),
                ((len(_PARTS) - parts.sum()) * (_FEWEST_FIRMS - 1)).alias("may_hide"),
                pl.any_horizontal(lost).alias("lacks_a_sum"),
                firms.is_null().any().alias("is_unclear"),  # the contract will say why
            )
            .filter(
                ~pl.col("is_unclear")
                & (
                    (pl.col("total") - pl.col("parts") > pl.col("may_hide"))
                    | (pl.col("total") < pl.col("parts"))
                    | pl.col("lacks_a_sum")
                )
            )
            .sort("STATE", "NAICS")
        )
        if short.height:
            state, naics, total, found, *_ = short.row(0)
            raise Incomplete(
                Outcome.TRUNCATED,
                f"{replies[0].name}: {short.height} industries of states lack classes of size, the "
                f"first of them {naics} of state {state} with {found} of {total} firms: rows are "
                "missing",
            )
        return proof

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        reply = replies[0]
        rows = read_csv(reply.read(), reply.name, encoding="latin-1")
        year = re.search(r"_(\d{4})\.txt", reply.url)
        yield Chunk("states", rows.with_columns(period_year=pl.lit(year[1] if year else part)))


SOURCE = Susb()
