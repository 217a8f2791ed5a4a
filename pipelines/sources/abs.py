"""Australian Bureau of Statistics: counts of businesses by small area, industry and size.

Counts of Australian Businesses, including Entries and Exits (8165.0), at 30 June of each year,
for Statistical Areas Level 2 (SA2), industry divisions and classes of employment.

Quirks:
- Every cell is perturbed so that no business can be told: a small cell is 0, 3 or more, never 1 or
  2, and classes do not add up to the printed total, in one part of the cells in two. A 0 is no
  true zero.
- Some islands have no figure at all in any class; `Currently Unknown` is a division, and an area.
- An area, industry and year has all classes of size and the total, or it is not there.
- The SDMX interface (CSV) has codes, `csvfilewithlabels` has `A: Agriculture, …`; copies of the
  data cubes have labels only, and other headers. All are bound by name, labels become codes.
- A header that says `sa2_main_2016` may stand over codes of the edition of 2021 (Googong,
  101021610): the edition is not read from it, and has to be looked up by code.

Unconfirmed: the id of the dataflow, the codes of its dimensions, and whether the interface answers
conditional requests (without, the flow is read whole each night). So the source is off when it is
live, until an address of the flow is set (`…/rest/data/ABS,FLOW,VERSION` of the Data API).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import Incomplete
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, prove_csv, read_csv
from pipelines.sources.national import address, bound, off_when_live

_FLOW = "https://data.api.abs.gov.au/rest/data/ABS,CABEE_SA2,1.0.0"
_FIRST_YEAR = 2022
_DIVISIONS = {
    "A": "Agriculture, Forestry and Fishing",
    "B": "Mining",
    "C": "Manufacturing",
    "D": "Electricity, Gas, Water and Waste Services",
    "E": "Construction",
    "F": "Wholesale Trade",
    "G": "Retail Trade",
    "H": "Accommodation and Food Services",
    "I": "Transport, Postal and Warehousing",
    "J": "Information Media and Telecommunications",
    "K": "Financial and Insurance Services",
    "L": "Rental, Hiring and Real Estate Services",
    "M": "Professional, Scientific and Technical Services",
    "N": "Administrative and Support Services",
    "O": "Public Administration and Safety",
    "P": "Education and Training",
    "Q": "Health Care and Social Assistance",
    "R": "Arts and Recreation Services",
    "S": "Other Services",
    "U": "Currently Unknown",  # our letter; the classification ends with S
}
_SIZES = ("total", "non_employing", "emp_1_4", "emp_5_19", "emp_20_199", "emp_200_plus")
_NAMES = {
    "period_year": ("TIME_PERIOD", "date"),
    "sa2_code_asgs": ("SA2", "REGION", "ASGS_2021", "ASGS_2016", "sa2_main_2021", "sa2_main_2016"),
    "division_code_anzsic": ("INDUSTRY", "ANZSIC", "ANZSIC_2006", "division"),
    "size_class": ("EMPLOYMENT_SIZE", "EMP_SIZE", "SIZE", "indicator"),
    "businesses_count": ("OBS_VALUE", "value"),
    "status": ("OBS_STATUS",),
}
_GROUP = ("period_year", "sa2_code_asgs", "division_code_anzsic")

BUSINESSES = Table(
    "businesses",
    (
        Column("period_year", "integer", required=True, minimum=2003, maximum=2100),
        Column("sa2_code_asgs", required=True, pattern=r"\d{9}"),
        Column("division_code_anzsic", required=True, allowed=tuple(_DIVISIONS)),
        Column("size_class", required=True, allowed=_SIZES),
        Column("businesses_count", "integer", missing=("NaN", "np"), minimum=0),
        Column("status"),
    ),
    key=(*_GROUP, "size_class"),
    period="period_year",
)


class Abs(Source):
    """Counts of Australian Businesses; the only part is the flow by SA2."""

    id = "abs"
    title = "Counts of Australian Businesses, including Entries and Exits, by SA2"
    publisher = "Australian Bureau of Statistics"
    homepage = (
        "https://www.abs.gov.au/statistics/economy/business-indicators/"
        "counts-australian-businesses-including-entries-and-exits"
    )
    cadence = "once a year, in August, for June of the year before last"
    max_age_days = 430
    licence = Licence(
        "CC-BY-4.0",
        "Creative Commons Attribution 4.0",
        "https://www.abs.gov.au/website-privacy-copyright-and-disclaimer",
        "Australian Bureau of Statistics, Counts of Australian Businesses, including Entries and "
        "Exits",
    )
    tables = (BUSINESSES,)

    def off(self, settings: Settings) -> str:
        why = "the id of the Data API's flow of businesses by SA2 is not confirmed"
        return off_when_live(self.id, why, settings)

    def parts(self, settings: Settings) -> list[str]:
        return ["cabee_sa2"]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        if answers:
            return None
        params = (
            ("startPeriod", str(_FIRST_YEAR)),
            ("dimensionAtObservation", "AllDimensions"),
            ("format", "csvfile"),
        )
        url = f"{address(self.id, _FLOW, settings)}/all"
        return RequestSpec(self.id, part, url, params, Media.CSV, static=True, max_bytes=1 << 30)

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """A whole table in which every area, industry and year has all classes of size.

        Raises:
            Incomplete: one lacks a class, or the last row is cut.
        """
        reply = replies[-1]
        prove_csv(reply)
        rows = _rows(reply)
        short = (
            rows.group_by(_GROUP)
            .agg(pl.col("size_class").n_unique().alias("classes"))
            .filter(pl.col("classes") < len(_SIZES))
            .sort(_GROUP)
        )
        if short.height:
            year, area, division, classes = short.row(0)
            raise Incomplete(
                Outcome.TRUNCATED,
                f"{reply.name}: {short.height} areas and industries lack classes of size, the "
                f"first of them {area}, {division}, {year} with {classes} of {len(_SIZES)}: "
                "rows are missing",
            )
        newest = rows["period_year"].max()
        return Proof(str(newest))

    def canonical_sha256(self, part: str, replies: Sequence[Landed]) -> str:
        """Of all rows, sorted: the interface does not promise an order."""
        lines = sorted(replies[-1].read().splitlines())
        return hashlib.sha256(b"\n".join(lines)).hexdigest()

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        yield Chunk("businesses", _rows(replies[-1]))


def _rows(reply: Landed) -> pl.DataFrame:
    rows = bound(read_csv(reply.read(), reply.name), _NAMES, reply.name, frozenset({"status"}))
    coded = {
        "period_year": _year,
        "sa2_code_asgs": _code,
        "division_code_anzsic": _division,
        "size_class": _size,
    }
    return rows.with_columns(
        pl.col(name).replace_strict({text: make(text) for text in texts}, return_dtype=pl.String)
        for name, make in coded.items()
        if (texts := rows[name].unique().drop_nulls().to_list())
    )


def _year(text: str) -> str:
    """`2024` of `2024-06-01`, `2024-06` and `2024`; anything else stays."""
    return text[:4] if re.fullmatch(r"\d{4}(-06(-\d\d)?)?", text.strip()) else text


def _code(text: str) -> str:
    """`101021008` of `101021008: Karabar`."""
    return text.partition(":")[0].strip()


_LETTERS = {name.lower(): letter for letter, name in _DIVISIONS.items()}


def _division(text: str) -> str:
    """The letter of a division, whether it stands there, before its label, or not at all."""
    code, _, label = text.partition(":")
    return _LETTERS.get((label or code).strip().lower(), code.strip())


def _size(text: str) -> str:
    """Our name of a class of size: `emp_1_4` of `1-4 Employees`, `employing_1_4`, `1 to 4`."""
    code, _, label = text.partition(":")
    words = re.sub(r"[^a-z0-9+]+", " ", (label or code).lower()).strip()
    if words in ("total", "t", "tot"):
        return "total"
    if re.match(r"non[ -]?employing", words) or words == "nonemp":
        return "non_employing"
    numbers = re.findall(r"\d+", words)
    if numbers == ["200"]:
        return "emp_200_plus"
    return f"emp_{'_'.join(numbers)}" if len(numbers) == 2 else text


SOURCE = Abs()
