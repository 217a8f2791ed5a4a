"""Cluster definitions: a user's own sets of which industries make a cluster.

Files in `CLUSTERKPI_HOME/cluster_definitions` (`*.csv`) with the columns of the template
(`clusterkpi clusters template FILE`), one set and version a file. They go through the same landing,
contract and provenance as a publisher's reply, and every regional indicator is computed for each
set beside the project's own.

A set holds together or not at all: where one row breaks a rule (an industry twice, an industry in
no cluster) the whole file is held back, and its last good version stays in service. The set that
ships with the project is a seed of the warehouse (`dbt_project/seeds/clusters`), not a file here;
its name `clusterkpi` is taken.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from urllib.parse import quote

import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import SchemaDrift
from pipelines.http.classify import Media
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.metrics import definitions
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, read_csv

SCHEME = "cluster-definition"
FOLDER = "cluster_definitions"
SEED = PROJECT_ROOT / "dbt_project" / "seeds" / "clusters" / "cluster_industry.csv"
RESERVED = "clusterkpi"


class ClusterDefinition(Source):
    """Sets of cluster definitions; a part is a file."""

    id = "cluster_definition"
    title = "Cluster definitions"
    publisher = "the user of this installation"
    homepage = "https://hdl.handle.net/1721.1/109262"
    cadence = "when a file in the folder changes"
    max_age_days = 3650
    parts_may_vanish = True
    max_quarantine_share = 0.0  # a set with a hole is another set
    may_shrink = True  # its author takes industries out on purpose
    licence = Licence(
        "as-stated",
        "Terms of the table's author; the file stays on this installation",
        "https://hdl.handle.net/1721.1/109262",
        "as stated by the table's author",
        redistribute_raw=False,
    )
    tables = (
        Table(
            "industries",
            (
                Column("scheme", required=True),
                Column("version", required=True),
                Column("industry_scheme", required=True),
                Column("industry_code", required=True),
                Column("cluster", required=True),
                Column("sub_cluster"),
                Column("class", required=True, allowed=definitions.CLASSES),
                Column("cluster_id", required=True, pattern=r"[0-9a-z_]+"),
                Column("weight", "number", minimum=0, maximum=1, optional=True),
            ),
            key=("scheme", "industry_scheme", "industry_code", "cluster"),
        ),
    )

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
        rows = read_definitions(replies[-1].read(), part)
        if found := check(rows):
            more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
            raise SchemaDrift(
                f"{part}: " + "; ".join(map(str, found[:3])) + more + " (clusterkpi clusters check)"
            )
        ids = pl.col("cluster").map_elements(definitions.cluster_id, return_dtype=pl.String)
        yield Chunk("industries", rows.with_columns(ids.alias("cluster_id")))


def read_definitions(body: bytes, name: str) -> pl.DataFrame:
    """Rows of a definition file as text, with `_row_no` counted from 1 after the header.

    Raises:
        SchemaDrift: it is no UTF-8 CSV table, lacks a column, or has no rows.
    """
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SchemaDrift(
            f"{name}: byte {error.start} is not UTF-8; save it as 'CSV UTF-8'"
        ) from error
    rows = read_csv(body, name)
    known = {c: definitions.header(c) for c in rows.columns if c != "_row_no"}
    if len(set(known.values())) < len(known):
        raise SchemaDrift(f"{name}: a column is there twice: {', '.join(known)}")
    rows = rows.rename(known)
    for column in definitions.OPTIONAL:
        if column not in rows.columns:
            rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(column))
    if lost := [c for c in definitions.COLUMNS if c not in rows.columns]:
        raise SchemaDrift(
            f"{name}: column {', '.join(lost)} is not there; "
            "`clusterkpi clusters template FILE` writes all of them"
        )
    if rows.is_empty():
        raise SchemaDrift(f"{name}: there are no rows")
    kept = [c for c in ("_row_no", *definitions.COLUMNS, definitions.WEIGHT) if c in rows.columns]
    return rows.select(kept)


def check(
    rows: pl.DataFrame, industries: Mapping[str, Collection[str]] | None = None
) -> list[definitions.Problem]:
    """What is wrong with a set, against the classifications that the project knows."""
    found = definitions.problems(rows, known_industries() if industries is None else industries)
    name = rows["scheme"][0]
    if name == RESERVED:
        found.insert(0, definitions.Problem(2, "scheme", f"{name!r} is the project's own set"))
    return found


@cache
def known_industries() -> dict[str, frozenset[str]]:
    """All industries of the classifications that the project's own set covers without a gap."""
    with SEED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # products of HS are mapped by prefixes: its list is not one of industries
    schemes = {row["industry_scheme"] for row in rows} - set(definitions.NESTED_SCHEMES)
    return {
        name: frozenset(row["industry_code"] for row in rows if row["industry_scheme"] == name)
        for name in sorted(schemes)
    }


def files(home: Path) -> list[Path]:
    """The definition files in a state directory; those that a spreadsheet has open are left out."""
    folder = home / FOLDER
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(p for p in found if p.suffix.lower() == ".csv" and p.name[0] not in ".~")


SOURCE = ClusterDefinition()
