"""Custom regions: areas of one's own, made of areas that the statistics have.

Files in `CLUSTERKPI_HOME/regions` (`*.csv`) with the columns `region_id`, `region_name` and
`member_geo_id`, one row for each member. A region is summed over its members like any other area,
withheld cells included. Its id in the release is `<economy>-CUSTOM-<file>.<region_id>`.

A file is used as a whole or not at all: a region that lost a member to quarantine would be another
region under the same name. After a mistake the last good version stays in service.

Members are US counties (`USA-FIPS-06037`) and states (`USA-FIPS-06`), or NUTS regions
(`DEU-NUTS2013-DE21`). All members of a region come from one economy and one list of areas, and
none contains another.

Belongs here: what a file must look like. Does not belong here: sums (dbt models).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from urllib.parse import quote

import polars as pl

from pipelines.contracts import BAD_SCHEMA, Column, Table, apply
from pipelines.errors import ConfigError, SchemaDrift
from pipelines.http.classify import Media
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, read_csv

SCHEME = "regions"
_SEEDS = PROJECT_ROOT / "dbt_project" / "seeds" / "reference"
_TEXT = r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}"
_AREA = r"USA-FIPS-\d{2}(\d{3})?|[A-Z]{3}-NUTS\d{4}-\w{3,5}"

MEMBERS = Table(
    "members",
    (
        Column("region_id", required=True, pattern=_TEXT),
        Column("region_name", required=True),
        Column("member_geo_id", required=True, pattern=_AREA),
    ),
    key=("region_id", "member_geo_id"),
)  # fmt: skip


class CustomRegions(Source):
    """Regions of an office's own; a part is a file."""

    id = SCHEME
    title = "Custom regions"
    publisher = "you"
    homepage = "https://www.census.gov/programs-surveys/geography/guidance/geo-areas.html"
    cadence = "when a file in the folder changes"
    max_age_days = 3650
    parts_may_vanish = True
    max_quarantine_share = 0.0  # see above: all rows or none
    may_shrink = True  # its owner takes members out on purpose
    licence = Licence(
        "own", "Your own definition of areas", "https://www.census.gov/geographies", "as you state"
    )
    tables = (MEMBERS,)

    def parts(self, settings: Settings) -> list[str]:
        return [path.name for path in files(settings.home)]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        if answers:
            return None
        url = f"{SCHEME}://local/{quote(part)}"
        return RequestSpec(self.id, part, url, media=Media.CSV, static=True)

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        return Proof(replies[-1].sha256[:12])

    def canonical_sha256(self, part: str, replies: Sequence[Landed]) -> str:
        return replies[-1].sha256

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        rows = read(replies[-1].read(), part)
        if wrong := contradictions(rows):
            raise SchemaDrift(f"{part}: {wrong[0]}" + _more(wrong))
        yield Chunk("members", rows)

    def refusals(self, path: Path) -> tuple[int, list[str]]:
        """How many rows a file has, and everything that is wrong with it.

        Raises:
            ConfigError: it is no such file, or cannot be read at all.
        """
        if path.suffix.lower() != ".csv" or not path.is_file():
            raise ConfigError(f"{path} is no .csv file")
        try:
            rows = read(path.read_bytes(), path.name)
            bad = apply(MEMBERS, rows, path.name).bad.select(BAD_SCHEMA.keys()).sort("_row_no")
        except SchemaDrift as error:
            raise ConfigError(str(error)) from error
        found = [f"row {row['_row_no']}: {row['reason']}" for row in bad.iter_rows(named=True)]
        return rows.height, found or contradictions(rows)


def files(home: Path) -> list[Path]:
    """The files with regions in a state directory; what a spreadsheet has open is left out."""
    folder = home / "regions"
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(p for p in found if p.suffix.lower() == ".csv" and p.name[0] not in ".~")


def read(body: bytes, name: str) -> pl.DataFrame:
    """Rows of a file as text; `_row_no` counts as a spreadsheet does, the header is row 1.

    Raises:
        SchemaDrift: it is no regular CSV in UTF-8, lacks a column, or its name cannot be an id.
    """
    if not pl.Series([Path(name).stem]).str.contains(f"^{_TEXT}$")[0]:
        raise SchemaDrift(
            f"{name}: the file's name becomes part of each region's id; "
            "use letters, digits, - and _"
        )
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SchemaDrift(
            f"{name}: byte {error.start} is not UTF-8; save it as 'CSV UTF-8'"
        ) from error
    rows = read_csv(body, name)
    rows = rows.rename({c: c.strip().lower() for c in rows.columns if c != "_row_no"})
    names = [column.name for column in MEMBERS.columns]
    if lost := [c for c in names if c not in rows.columns]:
        raise SchemaDrift(
            f"{name}: column {', '.join(lost)} is not there; needed: {', '.join(names)}"
        )
    filled = rows.filter(~pl.all_horizontal(pl.col(names).fill_null("").eq("")))
    return filled.with_columns(pl.col("_row_no") + 1)


def contradictions(rows: pl.DataFrame) -> list[str]:
    """What is wrong with regions whose rows are well-formed, one sentence each."""
    wrong = []
    names: dict[str, str] = {}
    members: dict[str, dict[str, int]] = {}
    columns = ("region_id", "region_name", "member_geo_id", "_row_no")
    for region, name, member, number in rows.select(columns).iter_rows():
        region, name, member = ((text or "").strip() for text in (region, name, member))
        if names.setdefault(region, name) != name:
            wrong.append(
                f"row {number}: region {region!r} is called {name!r} here and "
                f"{names[region]!r} above"
            )
        if member.startswith("USA-FIPS-") and member not in us_areas():
            wrong.append(f"row {number}: member_geo_id {member!r} is no US state or county")
        if member in members.setdefault(region, {}):
            wrong.append(f"row {number}: {member!r} is in region {region!r} twice")
        members[region][member] = number
    for region, found in members.items():
        lists = {member.rpartition("-")[0] for member in found}
        if len(lists) > 1:
            wrong.append(
                f"region {region!r} has members of several lists: {', '.join(sorted(lists))}"
            )
        wrong += [
            f"row {found[inner]}: {inner!r} lies in {outer!r}, which is in region {region!r} too"
            for inner in found
            for outer in found
            if inner != outer and inner.startswith(outer)
        ]
    return wrong


@cache
def us_areas() -> frozenset[str]:
    """Ids of all US states and counties, past ones included."""
    found = set()
    for name, column in (("us_states", "state_code_fips"), ("us_counties", "county_code_fips5")):
        with (_SEEDS / f"{name}.csv").open(encoding="utf-8") as lines:
            found |= {f"USA-FIPS-{row[column]}" for row in csv.DictReader(lines)}
    return frozenset(found)


def _more(wrong: list[str]) -> str:
    return f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""


SOURCE = CustomRegions()
