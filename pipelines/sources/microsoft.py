"""Microsoft, US Broadband Usage Percentages: who uses the internet at broadband speeds, by county.

Quirks:
- Two releases, each a file of its own, and no newer one since: November 2019 and October 2020.
  Nothing but the file's name says of which month it is; a release is never replaced.
- The headers of the measures are padded with blanks in both files, so are the cells of 2019, which
  also begins with a byte order mark.
- `COUNTY ID` is a FIPS code without padding. In 2019 three counties stand under codes that had been
  retired (02270, 46113, 51515); staging moves those that were only renamed to their successors.
- Shares are written 0 to 1, in 2019 rounded to two digits. A place with fewer than 20 devices is
  `-`: withheld. `-` for availability: the Federal Communications Commission says nothing.
- Availability is the Commission's (fixed lines of 25/3 Mbit/s; end of 2017 in the first file, of
  2019 in the second). Usage is Microsoft's estimate from the speed of downloads: a share of people
  at 25 Mbit/s on any kind of line, and no survey, so that there is no margin of error.
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
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, prove_csv, read_csv

_BASE = "https://raw.githubusercontent.com/microsoft/USBroadbandUsagePercentages/master/dataset"
# Year of the estimate, and the month in the name of its file.
_RELEASES = {"2019": "2019November", "2020": "2020October"}
_STATES = (
    "AK", "AL", "AR", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "HI", "IA", "ID", "IL", "IN",
    "KS", "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MO", "MS", "MT", "NC", "ND", "NE", "NH", "NJ",
    "NM", "NV", "NY", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VT", "WA",
    "WI", "WV", "WY",
)  # fmt: skip

COUNTIES = Table(
    "counties",
    (
        Column("period_year", "integer", required=True, minimum=2019, maximum=2100),
        Column("state_code_postal", "text", "ST", required=True, allowed=_STATES),
        Column("county_code_fips5", "text", "COUNTY ID", required=True, pattern=r"\d{5}"),
        Column("county_name", "text", "COUNTY NAME"),
        Column(
            "broadband_availability_share",
            "number",
            "BROADBAND AVAILABILITY PER FCC",
            codes={"-": "missing"},
            minimum=0,
            maximum=1,
        ),
        Column(
            "broadband_usage_share",
            "number",
            "BROADBAND USAGE",
            codes={"-": "suppressed"},
            minimum=0,
            maximum=1,
        ),
    ),
    key=("period_year", "county_code_fips5"),
    period="period_year",
)


class Microsoft(Source):
    """US Broadband Usage Percentages; a part is one release."""

    id = "microsoft"
    title = "US Broadband Usage Percentages"
    publisher = "Microsoft"
    homepage = "https://github.com/microsoft/USBroadbandUsagePercentages"
    cadence = "two releases, 2019 and 2020; none since"
    max_age_days = 36500  # closed: no newer release is awaited
    licence = Licence(
        "O-UDA-1.0",
        "Open Use of Data Agreement 1.0",
        "https://github.com/microsoft/USBroadbandUsagePercentages/blob/master/LICENSE",
        "Microsoft, US Broadband Usage Percentages; availability by the Federal Communications "
        "Commission. Provided as is, without warranty or liability",
    )
    tables = (COUNTIES,)

    def parts(self, settings: Settings) -> list[str]:
        return list(_RELEASES)

    def settled(self, part: str) -> str:
        return f"the release of {part} is closed"

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        if answers:
            return None
        url = f"{_BASE}/broadband_data_{_RELEASES[part]}.csv"
        return RequestSpec(self.id, part, url, media=Media.CSV, static=True)

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """A whole file with counties of every state.

        Raises:
            Incomplete: a state has no county, or the last row is cut.
        """
        reply = replies[-1]
        prove_csv(reply)
        rows = _read(reply)
        if "ST" not in rows.columns:
            raise SchemaDrift(f"{reply.name}: column ST is not there")
        if lost := sorted(set(_STATES) - set(rows["ST"])):
            raise Incomplete(
                Outcome.TRUNCATED,
                f"{reply.name}: no county of {', '.join(lost)}: rows are missing",
            )
        return Proof(_RELEASES[part])

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        rows = _read(replies[-1])
        if "COUNTY ID" in rows.columns:  # its absence is the contract's to tell
            code = pl.col("COUNTY ID").str.strip_chars().str.zfill(5)
            rows = rows.with_columns(code.alias("COUNTY ID"))
        yield Chunk("counties", rows.with_columns(period_year=pl.lit(part)))


def _read(reply: Landed) -> pl.DataFrame:
    """The rows as text, under headers without their padding."""
    rows = read_csv(reply.read(), reply.name)
    return rows.rename({name: name.strip() for name in rows.columns})


SOURCE = Microsoft()
