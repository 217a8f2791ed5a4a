"""US Census Bureau, Business Dynamics Statistics: one table a cut, by year since 1978.

Quirks:
- One CSV a release and cut holds all years; the release year is in the address. The newest that
  exists is taken: asked from two years before today downwards, 404 means "not yet published".
- `(D)` (withheld to avoid disclosure), `(S)` (does not meet publication standards), `(X)` and
  `(N)` (not applicable, not available) stand in number cells, with or without brackets.
- `st` and `cty` are FIPS codes without padding; state 97 is no state (a statistical remainder)
  and is kept in raw, dropped in staging. `msa` is the code of a metropolitan area as delineated
  for the whole series, so that areas of different vintages do not mix.
- Firm ages are texts with a letter for the order: `a) 0`, `b) 1`, ... `l) Left Censored`.
- Sectors of several two-digit codes are written `31-33`, `44-45`, `48-49`.
- Published rates use the mean of this and last year's establishments as denominator:
  100 * entry / ((estabs + (estabs - entry + exit)) / 2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import ConfigError
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
    prove_csv,
    prove_years,
    read_csv,
)

_BASE = "https://www2.census.gov/programs-surveys/bds/tables/time-series"
_OLDEST_RELEASE = 2018
_CODES = {
    "(D)": "suppressed",
    "D": "suppressed",
    "(S)": "low_reliability",
    "S": "low_reliability",
    "(X)": "not_applicable",
    "X": "not_applicable",
    "(N)": "missing",
    "N": "missing",
}
_COUNTS = (
    "firms", "estabs", "emp", "denom", "estabs_entry", "estabs_exit", "job_creation",
    "job_destruction", "firmdeath_firms", "firmdeath_estabs", "firmdeath_emp",
)  # fmt: skip
_STATE = Column("state_code_fips", "text", "st", required=True, pattern=r"\d{2}")
_WIDTHS = {"st": 2, "cty": 3, "msa": 5}  # of codes that the file leaves unpadded


def _table(name: str, *dimensions: Column) -> Table:
    return Table(
        name,
        (
            Column("period_year", "integer", "year", required=True, minimum=1976, maximum=2100),
            *dimensions,
            *(Column(f"{n}_count", "integer", n, codes=_CODES, minimum=0) for n in _COUNTS),
            Column("estabs_entry_rate_pct", "number", "estabs_entry_rate", codes=_CODES, minimum=0),
            Column("estabs_exit_rate_pct", "number", "estabs_exit_rate", codes=_CODES, minimum=0),
            Column("bds_release", required=True),
        ),
        key=("period_year", *(column.name for column in dimensions)),
        period="period_year",
    )


# How the file of a table is called: bds2021_<suffix>.csv
_SUFFIXES = {
    "states": "st",
    "state_sectors": "st_sec",
    "metros": "msa",
    "counties": "st_cty",
    "firm_ages": "fa",
}
_TABLES = (
    _table("states", _STATE),
    _table(
        "state_sectors",
        _STATE,
        Column("sector_code_naics", "text", "sector", required=True, pattern=r"\d{2}(-\d{2})?"),
    ),
    _table("metros", Column("metro_code_cbsa", "text", "msa", required=True, pattern=r"\d{5}")),
    _table(
        "counties",
        _STATE,
        Column("county_code_fips", "text", "cty", required=True, pattern=r"\d{3}"),
    ),
    _table(
        "firm_ages", Column("firm_age_class", "text", "fage", required=True, pattern=r"[a-l]\) .+")
    ),
)


class Bds(Source):
    """Business Dynamics Statistics; a part is one cut of the newest release."""

    id = "bds"
    title = "Business Dynamics Statistics"
    publisher = "U.S. Census Bureau"
    homepage = "https://www.census.gov/programs-surveys/bds.html"
    cadence = "once a year"
    max_age_days = 430
    licence = census.licence("Business Dynamics Statistics")
    tables = _TABLES

    def parts(self, settings: Settings) -> list[str]:
        if unknown := set(settings.bds_tables) - set(_SUFFIXES):
            raise ConfigError(
                f"CLUSTERKPI_BDS_TABLES: no table {', '.join(sorted(unknown))}; "
                f"there are {', '.join(_SUFFIXES)}"
            )
        return [name for name in _SUFFIXES if name in (settings.bds_tables or _SUFFIXES)]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        newest = settings.bds_latest_release or settings.plan_date.year - 2
        release = census.next_release(answers, newest, _OLDEST_RELEASE)
        if release is None:
            return None
        return RequestSpec(
            self.id,
            part,
            f"{_BASE}/{release}/bds{release}_{_SUFFIXES[part]}.csv",
            media=Media.CSV,
            static=True,
            not_found=Outcome.NOT_YET_PUBLISHED,
        )

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """A whole file; that of the states has every year of every state.

        Raises:
            Incomplete: a state lacks a year, or the last row is cut.
        """
        prove_csv(replies[-1])
        if part == "states":  # finer cuts may lack cells
            name = replies[-1].name
            rows = read_csv(replies[-1].read(), name)
            prove_years(
                rows.with_columns(all=pl.lit("")), ("all", "st"), "year", name, alike=("all",)
            )
        return Proof(_release(replies[-1]), http_date(replies[-1].last_modified))

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        reply = replies[-1]
        rows = read_csv(reply.read(), reply.name)
        rows = rows.with_columns(
            pl.col(name).str.strip_chars().str.zfill(width)
            for name, width in _WIDTHS.items()
            if name in rows.columns
        )
        yield Chunk(part, rows.with_columns(bds_release=pl.lit(_release(reply))))


def _release(reply: Landed) -> str:
    match = re.search(r"bds(\d{4})_\w+\.csv", reply.url)
    assert match is not None
    return match[1]


SOURCE = Bds()
