"""US Bureau of Labor Statistics, Quarterly Census of Employment and Wages: annual averages.

Quirks:
- One zip a year holds one CSV of 3.5 million rows; only the columns that are kept are read. The
  members of the quarterly archives by area have other names (`qtrly_estabs_count`,
  `month3_emplvl`) than the annual file (`annual_avg_estabs_count`) and the slices of the interface
  (`annual_avg_estabs`): columns are bound by name.
- `disclosure_code` N (withheld) and `-` (not available) stand beside zeros: establishments are
  real under N, employment and wages are not. Each block (`lq_`) has a code of its own. The cells
  of a block that is not disclosed become null with the code's meaning; never 0.
- Levels overlap: `agglvl_code` has to be filtered (70 county total … 78 county NAICS 6). Raw keeps
  areas of the United States, states, counties and metropolitan areas as they come.
- The published location quotients (`lq_`) are an oracle for ours.
- A year that is not out yet is 404, or a file with a header only.
- Agents without a contact are answered with 403: set CLUSTERKPI_CONTACT.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import SchemaDrift
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
    prove_zip,
    read_csv,
)

_BASE = "https://data.bls.gov/cew/data/files"
_CODES = {"N": "suppressed", "-": "missing"}
# Our name → the publisher's: annual archives, interface slices, quarterly archives.
_MEASURES = {
    "estabs_count": ("annual_avg_estabs_count", "annual_avg_estabs", "qtrly_estabs_count",
                     "qtrly_estabs"),
    "emp_count": ("annual_avg_emplvl", "month3_emplvl"),
    "wages_usd": ("total_annual_wages", "total_qtrly_wages"),
    "lq_estabs": ("lq_annual_avg_estabs_count", "lq_annual_avg_estabs", "lq_qtrly_estabs_count",
                  "lq_qtrly_estabs"),
    "lq_emp": ("lq_annual_avg_emplvl", "lq_month3_emplvl"),
    "lq_wages": ("lq_total_annual_wages", "lq_total_qtrly_wages"),
}  # fmt: skip
_KEYS = (
    "area_fips", "own_code", "industry_code", "agglvl_code", "size_code", "year", "qtr",
    "disclosure_code", "lq_disclosure_code",
)  # fmt: skip
_KNOWN = frozenset(_KEYS) | {name for known in _MEASURES.values() for name in known}
# Establishments are published even where the rest of a block is withheld.
_WITHHELD = {"disclosure_code": ("emp_count", "wages_usd"),
             "lq_disclosure_code": ("lq_emp", "lq_wages")}  # fmt: skip

AREAS = Table(
    "areas",
    (
        Column("area_code_fips", source_name="area_fips", required=True, pattern=r"[0-9A-Z]{5}"),
        Column("ownership_code", source_name="own_code", required=True, pattern=r"\d"),
        Column(
            "naics_code",
            source_name="industry_code",
            required=True,
            pattern=r"\d{2}-\d{2}|\d{2,6}",
        ),
        Column("aggregation_level_code", source_name="agglvl_code", required=True, pattern=r"\d\d"),
        Column("size_code", required=True, pattern=r"\d"),
        Column("period_year", "integer", "year", required=True, minimum=1975, maximum=2100),
        Column("quarter", source_name="qtr", required=True, allowed=("A", "1", "2", "3", "4")),
        Column("disclosure_code", allowed=("N", "-")),
        Column("lq_disclosure_code", allowed=("N", "-")),
        Column("estabs_count", "integer", minimum=0),
        Column("emp_count", "integer", codes=_CODES, minimum=0),
        Column("wages_usd", "integer", codes=_CODES, minimum=0),
        Column("lq_estabs", "number", minimum=0),
        Column("lq_emp", "number", codes=_CODES, minimum=0),
        Column("lq_wages", "number", codes=_CODES, minimum=0),
    ),
    key=(
        "area_code_fips",
        "ownership_code",
        "naics_code",
        "aggregation_level_code",
        "size_code",
        "period_year",
        "quarter",
    ),
    period="period_year",
)


class Qcew(Source):
    """Employment and wages by county and industry; a part is one year."""

    id = "qcew"
    title = "Quarterly Census of Employment and Wages"
    publisher = "U.S. Bureau of Labor Statistics"
    homepage = "https://www.bls.gov/cew/"
    cadence = "annual averages once a year, in summer"
    max_age_days = 430
    licence = Licence(
        "US-PD",
        "U.S. Government work, public domain",
        "https://www.bls.gov/bls/linksite.htm",
        "U.S. Bureau of Labor Statistics, Quarterly Census of Employment and Wages",
    )
    tables = (AREAS,)

    def parts(self, settings: Settings) -> list[str]:
        newest = settings.plan_date.year - 1
        return [str(year) for year in range(newest - settings.qcew_years + 1, newest + 1)]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        if answers:
            return None
        return RequestSpec(
            self.id,
            part,
            f"{_BASE}/{part}/csv/{part}_annual_singlefile.zip",
            media=Media.ZIP,
            static=True,
            max_bytes=1 << 30,
            not_found=Outcome.NOT_YET_PUBLISHED,
        )

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        prove_zip(replies[-1])
        changed = http_date(replies[-1].last_modified)
        return Proof(changed.date().isoformat() if changed else replies[-1].sha256[:12], changed)

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        reply = replies[-1]
        with zipfile.ZipFile(reply.path) as archive:
            members = [n for n in archive.namelist() if n.lower().endswith(".csv")]
            if not members:
                raise SchemaDrift(f"{reply.name}: the archive holds no CSV")
            for member in members:
                name = member.rsplit("/", 1)[-1]
                body = archive.read(member)
                rows = bound(read_csv(body, name, only=_KNOWN), name)
                if rows.height:
                    yield Chunk("areas", rows, name)


def bound(rows: pl.DataFrame, where: str) -> pl.DataFrame:
    """The columns of AREAS under the names of any of the publisher's layouts.

    Cells of a block that is not disclosed carry its code instead of their zero.
    """
    if lost := [name for name in _KEYS if name not in rows.columns]:
        raise SchemaDrift(f"{where}: column {', '.join(lost)} is not there")
    columns = []
    for name, known in _MEASURES.items():
        found = next((header for header in known if header in rows.columns), None)
        if found is None:
            raise SchemaDrift(f"{where}: none of the columns {', '.join(known)} is there")
        columns.append(pl.col(found).alias(name))
    rows = rows.select("_row_no", *_KEYS, *columns)
    return rows.with_columns(
        pl.when(pl.col(code).str.strip_chars().is_in(list(_CODES)))
        .then(pl.col(code).str.strip_chars())
        .otherwise(name)
        .alias(name)
        for code, names in _WITHHELD.items()
        for name in names
    )


SOURCE = Qcew()
