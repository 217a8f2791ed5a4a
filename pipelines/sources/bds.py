"""US Census Bureau, Business Dynamics Statistics: states by year since 1978.

Quirks:
- One CSV a release holds all years; the release year is in the address. The newest that exists
  is taken: asked from two years before today downwards, 404 means "not yet published".
- `(D)` (withheld to avoid disclosure), `(S)` (does not meet publication standards), `(X)` and
  `(N)` (not applicable, not available) stand in number cells, with or without brackets.
- `st` is a FIPS code without padding; 97 is no state (a statistical remainder) and is kept in
  raw, dropped in staging.
- Published rates use the mean of this and last year's establishments as denominator:
  100 * entry / ((estabs + (estabs - entry + exit)) / 2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.contracts import Column, Table
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
    prove_csv,
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


def _count(name: str, header: str) -> Column:
    return Column(name, "integer", header, codes=_CODES, minimum=0)


STATES = Table(
    "states",
    (
        Column("period_year", "integer", "year", required=True, minimum=1976, maximum=2100),
        Column("state_code_fips", "text", "st", required=True, pattern=r"\d{2}"),
        _count("firms_count", "firms"),
        _count("estabs_count", "estabs"),
        _count("emp_count", "emp"),
        _count("denom_count", "denom"),
        _count("estabs_entry_count", "estabs_entry"),
        _count("estabs_exit_count", "estabs_exit"),
        _count("job_creation_count", "job_creation"),
        _count("job_destruction_count", "job_destruction"),
        _count("firmdeath_firms_count", "firmdeath_firms"),
        _count("firmdeath_estabs_count", "firmdeath_estabs"),
        _count("firmdeath_emp_count", "firmdeath_emp"),
        Column("estabs_entry_rate_pct", "number", "estabs_entry_rate", codes=_CODES, minimum=0),
        Column("estabs_exit_rate_pct", "number", "estabs_exit_rate", codes=_CODES, minimum=0),
        Column("bds_release", required=True),
    ),
    key=("period_year", "state_code_fips"),
    period="period_year",
)


class Bds(Source):
    """Business Dynamics Statistics; the only part is the state file of the newest release."""

    id = "bds"
    title = "Business Dynamics Statistics"
    publisher = "U.S. Census Bureau"
    homepage = "https://www.census.gov/programs-surveys/bds.html"
    cadence = "once a year"
    max_age_days = 430
    licence = Licence(
        "US-PD",
        "U.S. Government work, public domain",
        "https://www.census.gov/about/policies/open-gov/open-data.html",
        "U.S. Census Bureau, Business Dynamics Statistics",
    )
    tables = (STATES,)

    def parts(self, settings: Settings) -> list[str]:
        return ["states"]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        newest = settings.bds_latest_release or settings.plan_date.year - 2
        if answers and answers[-1].outcome is not Outcome.NOT_YET_PUBLISHED:
            return None
        release = newest - len(answers)
        if release < _OLDEST_RELEASE:
            return None
        url = f"{_BASE}/{release}/bds{release}_st.csv"
        return RequestSpec(
            self.id,
            part,
            url,
            media=Media.CSV,
            static=True,
            not_found=Outcome.NOT_YET_PUBLISHED,
        )

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        prove_csv(replies[-1])
        return Proof(_release(replies[-1]), http_date(replies[-1].last_modified))

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        reply = replies[-1]
        rows = read_csv(reply.read(), reply.name)
        if "st" in rows.columns:
            rows = rows.with_columns(pl.col("st").str.strip_chars().str.zfill(2))
        yield Chunk("states", rows.with_columns(bds_release=pl.lit(_release(reply))))


def _release(reply: Landed) -> str:
    match = re.search(r"bds(\d{4})_st\.csv", reply.url)
    assert match is not None
    return match[1]


SOURCE = Bds()
