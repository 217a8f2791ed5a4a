"""US Census Bureau, County Business Patterns: counties, states and metropolitan areas.

One zip a year and kind of area.

Quirks:
- Since 2017 cells of fewer than three establishments are left out: an absent cell is not zero,
  and sums over cells are lower bounds.
- `emp` is 0 where the noise flag `emp_nf` is `D` (withheld) or `S`: such a 0 is no zero. G, H and
  J tell how much noise was infused (below 2, 2 to 5, 5 percent and more).
- Industry codes have a fixed width: `------` all, `11----` sector, `113///` to `11331/` levels,
  `113310` six digits. Levels overlap: never sum over all rows.
- Size classes are `N` where not available or fewer than three establishments.
- County 999 holds what could not be placed in a county of its state.
- The files of states have one row for each legal form of organization (`lfo`), `-` being all of
  them: never sum over all rows. States and metropolitan areas suffer less from the rule of three.
- Size classes of the state and metropolitan files are spelt like those of counties; a column that
  such a file lacks is empty (unconfirmed for single years).
- Yearly files appear 18 to 24 months later; 404 means "not yet published".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.contracts import Column, Table
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
    http_date,
    prove_zip,
    read_csv,
    read_member,
)

_BASE = "https://www2.census.gov/programs-surveys/cbp/datasets"
_SIZE_CODES = {"N": "not_applicable", "S": "low_reliability", "D": "suppressed"}
_SIZES = {
    "lt5": "n<5",
    "5_9": "n5_9",
    "10_19": "n10_19",
    "20_49": "n20_49",
    "50_99": "n50_99",
    "100_249": "n100_249",
    "250_499": "n250_499",
    "500_999": "n500_999",
    "ge1000": "n1000",
    "1000_1499": "n1000_1",
    "1500_2499": "n1000_2",
    "2500_4999": "n1000_3",
    "ge5000": "n1000_4",
}

_COUNTY = (
    Column("state_code_fips", "text", "fipstate", required=True, pattern=r"\d{2}"),
    Column("county_code_fips", "text", "fipscty", required=True, pattern=r"\d{3}"),
)
_STATE = (
    Column("state_code_fips", "text", "fipstate", required=True, pattern=r"\d{2}"),
    Column("legal_form_code", "text", "lfo", required=True, pattern=r"[-A-Z0-9]"),
)
_METRO = (Column("metro_code_cbsa", "text", "msa", required=True, pattern=r"\d{5}"),)


def _table(name: str, *area: Column, sizes_optional: bool = True) -> Table:
    return Table(
        name,
        (
            Column("period_year", "integer", required=True, minimum=1986, maximum=2100),
            *area,
            Column(
                "naics_code",
                "text",
                "naics",
                required=True,
                pattern=r"------|\d{2}----|\d{3}///|\d{4}//|\d{5}/|\d{6}",
            ),
            Column("emp_noise_flag", "text", "emp_nf", allowed=census.NOISE_FLAGS),
            Column("emp_count", "integer", "emp", required=True, minimum=0),
            Column("payroll_noise_flag", "text", "ap_nf", allowed=census.NOISE_FLAGS),
            Column("payroll_kusd", "integer", "ap", minimum=0),
            Column("estabs_count", "integer", "est", required=True, minimum=1),
            *(
                Column(
                    f"estabs_{size}_count",
                    "integer",
                    header,
                    codes=_SIZE_CODES,
                    minimum=0,
                    optional=sizes_optional,
                )
                for size, header in _SIZES.items()
            ),
        ),
        key=("period_year", *(column.name for column in area), "naics_code"),
        period="period_year",
    )


COUNTIES = _table("counties", *_COUNTY, sizes_optional=False)
_KINDS = {"counties": "co", "states": "st", "metros": "msa"}  # as files are called: cbp21co.zip


class Cbp(Source):
    """County Business Patterns; a part is the file of one year: `2021`, `2021_states`."""

    id = "cbp"
    title = "County Business Patterns"
    publisher = "U.S. Census Bureau"
    homepage = "https://www.census.gov/programs-surveys/cbp.html"
    cadence = "once a year, 18 to 24 months after the reference year"
    max_age_days = 430
    licence = census.licence("County Business Patterns")
    tables = (COUNTIES, _table("states", *_STATE), _table("metros", *_METRO))

    def parts(self, settings: Settings) -> list[str]:
        last = settings.cbp_last_year or settings.plan_date.year - 2
        years = range(settings.cbp_first_year, last + 1)
        areas = years[max(0, len(years) - settings.cbp_area_years) :]
        return [
            *map(str, years),
            *(f"{year}_{kind}" for year in areas for kind in _KINDS if kind != "counties"),
        ]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        if answers:
            return None
        year, name = _file(part)
        return RequestSpec(
            self.id,
            part,
            f"{_BASE}/{year}/{name}.zip",
            media=Media.ZIP,
            static=True,
            not_found=Outcome.NOT_YET_PUBLISHED,
        )

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        prove_zip(replies[0])
        changed = http_date(replies[0].last_modified)
        return Proof(changed.date().isoformat() if changed else part, changed)

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        year, name = _file(part)
        member = f"{name}.txt"
        rows = read_csv(read_member(replies[0], member), f"{replies[0].name}/{member}")
        kind = part.partition("_")[2] or "counties"
        yield Chunk(kind, rows.with_columns(period_year=pl.lit(year)), member)


def _file(part: str) -> tuple[str, str]:
    """Year of a part, and how its file is called."""
    year, _, kind = part.partition("_")
    return year, f"cbp{year[2:]}{_KINDS[kind or 'counties']}"


SOURCE = Cbp()
