"""USDA Economic Research Service: schooling of adults by county, four censuses and a survey.

Quirks:
- Four lines of titles stand above the header, behind a byte order mark. Their commas are those of a
  spreadsheet, so that they look like a row.
- One row an area, eight columns a period: four counts with thousands separated (`"52,373,312"`) and
  four shares in percent, rounded to a tenth. Periods are `1970` to `2000`, and `2014-18` for five
  years of the American Community Survey, whose margins of error the file leaves out.
- Up to 1980 the highest level is "four years of college or higher", from 1990 on "bachelor's degree
  or higher": the census asked another question.
- `00000` is the nation (without Puerto Rico), `SS000` a state, anything else a county. A county is
  blank in a period in which it did not exist. Some ended long ago.
- Counties add up to their state in the newest period: so a row that is missing shows.
- In 2000 the counts of Puerto Rico (72000) are those of 1990, beside the shares of 2000: corrected
  in `seeds/corrections/correction.csv`.

The edition of 2020 is the last in this layout. Later ones are tables of attribute and value under
other addresses, for years that the survey itself has (`acs`), and are not read.
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
from pipelines.sources.base import (
    Answer,
    Chunk,
    Licence,
    Proof,
    Source,
    below_titles,
    http_date,
    prove_csv,
    read_csv,
)

_URL = "https://www.ers.usda.gov/webdocs/DataFiles/48747/Education.csv"
_HEADER = "FIPS Code"
_PLACE = ("FIPS Code", "State", "Area name")
# Level → how its count and its share are headed, in lower case, before the comma and the period.
_LEVELS = {
    "less_than_high_school": (
        r"less than a high school diploma",
        r"percent of adults with less than a high school diploma",
    ),
    "high_school": (
        r"high school diploma only",
        r"percent of adults with a high school diploma only",
    ),
    "some_college": (
        r"some college( \(1-3 years\)| or associate's degree)",
        r"percent of adults completing some college( \(1-3 years\)| or associate's degree)",
    ),
    "bachelor_or_more": (
        r"(four years of college|bachelor's degree) or higher",
        r"percent of adults (completing four years of college|with a bachelor's degree) or higher",
    ),
}
_PERIOD = re.compile(r"(.*), (\d{4}(?:-\d{2})?)")

ATTAINMENT = Table(
    "attainment",
    (
        Column("period_year", "integer", required=True, minimum=1970, maximum=2100),
        Column("period_label", required=True, pattern=r"\d{4}(-\d{2})?"),
        Column("area_code_fips5", "text", "FIPS Code", required=True, pattern=r"\d{5}"),
        Column("state_code_postal", "text", "State", required=True, pattern=r"[A-Z]{2}"),
        Column("area_name", "text", "Area name", required=True),
        Column("level_code", required=True, allowed=tuple(_LEVELS)),
        Column("adults_count", "integer", minimum=0),
        Column("adults_pct", "number", minimum=0, maximum=100),
    ),
    key=("period_year", "area_code_fips5", "level_code"),
    period="period_year",
)


class Usda(Source):
    """County-level data sets, education; the only part is the file."""

    id = "usda"
    title = "County-level data sets: educational attainment"
    publisher = "U.S. Department of Agriculture, Economic Research Service"
    homepage = "https://www.ers.usda.gov/data-products/county-level-data-sets"
    cadence = "edition of 2020; later ones are laid out in another way"
    max_age_days = 36500  # closed: no newer edition in this layout is awaited
    licence = Licence(
        "US-PD",
        "U.S. Government work, public domain",
        "https://www.ers.usda.gov/about-ers/policies-and-standards",
        "USDA Economic Research Service, county-level data sets, from censuses and the American "
        "Community Survey of the U.S. Census Bureau",
    )
    tables = (ATTAINMENT,)

    def parts(self, settings: Settings) -> list[str]:
        return ["attainment"]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        return None if answers else RequestSpec(self.id, part, _URL, media=Media.CSV, static=True)

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """A whole file in which the counties of each state are as many adults as the state.

        Raises:
            Incomplete: a state lacks some, or the last row is cut.
        """
        reply = replies[-1]
        prove_csv(reply, below_titles(reply, _HEADER))
        long = _long(reply)
        newest = long["period_year"].max()
        code, count = pl.col("FIPS Code"), pl.col("adults_count")
        sums = (
            long.filter(pl.col("period_year") == newest, code != "00000")
            .with_columns(count.str.replace_all(",", "").cast(pl.Int64, strict=False))
            .group_by("State")
            .agg(
                count.filter(code.str.ends_with("000")).sum().alias("state"),
                count.filter(~code.str.ends_with("000")).sum().alias("counties"),
            )
            .sort("State")
        )
        if sums.is_empty():
            raise Incomplete(Outcome.TRUNCATED, f"{reply.name} holds no state: rows are missing")
        short = sums.filter(pl.col("state") != pl.col("counties"))
        if short.height:
            state, whole, parts = short.row(0)
            raise Incomplete(
                Outcome.TRUNCATED,
                f"{reply.name}: {state} has {whole} adults in {newest}, its counties {parts}: "
                "rows are missing",
            )
        return Proof(str(newest), http_date(reply.last_modified))

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        # only a figure that is well formed loses its separators; others stay as they came
        count = pl.col("adults_count").str.strip_chars()
        rows = _long(replies[-1]).with_columns(
            pl.when(count.str.contains(r"^\d{1,3}(,\d{3})*$"))
            .then(count.str.replace_all(",", ""))
            .otherwise("adults_count")
            .alias("adults_count")
        )
        yield Chunk(
            "attainment",
            rows.with_row_index("_row_no", offset=1).with_columns(pl.col("_row_no").cast(pl.Int64)),
        )


def _long(reply: Landed) -> pl.DataFrame:
    """One row an area, period and level, as text; counts with their separators.

    Raises:
        SchemaDrift: a column of areas is not there, or a period lacks one of its eight columns.
    """
    wide = read_csv(below_titles(reply, _HEADER), reply.name)
    if lost := [name for name in _PLACE if name not in wide.columns]:
        raise SchemaDrift(f"{reply.name}: column {', '.join(lost)} is not there")
    found: dict[str, dict[tuple[str, int], str]] = {}
    for name in wide.columns:
        if not (match := _PERIOD.fullmatch(name.strip())):
            continue
        for level, heads in _LEVELS.items():
            for kind, head in enumerate(heads):
                if re.fullmatch(head, match[1].lower()):
                    found.setdefault(match[2], {})[level, kind] = name
    if not found:
        raise SchemaDrift(f"{reply.name}: no column is headed by a level of schooling and a period")
    parts = []
    for label, columns in found.items():
        lost = [
            f"{'share' if kind else 'count'} of {level}"
            for level in _LEVELS for kind in (0, 1) if (level, kind) not in columns
        ]  # fmt: skip
        if lost:
            raise SchemaDrift(f"{reply.name}: {label} has no column for the {', '.join(lost)}")
        first, _, last = label.partition("-")
        year = first[: 4 - len(last)] + last
        parts += [
            wide.select(
                *_PLACE,
                period_year=pl.lit(year),
                period_label=pl.lit(label),
                level_code=pl.lit(level),
                adults_count=pl.col(columns[level, 0]),
                adults_pct=pl.col(columns[level, 1]),
            )
            for level in _LEVELS
        ]
    return pl.concat(parts)


SOURCE = Usda()
