"""Concordances of one's own: tables that say how codes of one classification fit another.

Files in `CLUSTERKPI_HOME/concordances` (`*.csv`) with the columns `from_scheme`, `from_code`,
`to_scheme`, `to_code`, `weight`. The weights of each source code sum to 1. A file may link several
pairs of classifications; for each it takes the place of the shipped table.

A file is used as a whole or not at all: a code that lost a target would lose part of its amount.
After a mistake the last good version stays in service. This is the way for tables that this project
may not pass on, such as the correspondences of the Harmonized System's revisions.

Belongs here: what a file must look like. Does not belong here: its rules (`metrics.concordance`),
the tables that ship (`dbt_project/seeds/concordances`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import ConfigError, SchemaDrift
from pipelines.http.classify import Media
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.metrics import concordance
from pipelines.settings import Settings
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, read_csv

SCHEME = "concordance"
FOLDER = "concordances"
LINKS = Table(
    "links",
    (
        Column("from_scheme", required=True, pattern=concordance.SCHEME),
        Column("from_code", required=True),
        Column("to_scheme", required=True, pattern=concordance.SCHEME),
        Column("to_code", required=True),
        Column("weight", "number", required=True, minimum=0, maximum=1),
    ),
    key=("from_scheme", "to_scheme", "from_code", "to_code"),
)


class OwnConcordances(Source):
    """Concordances of one's own; a part is a file."""

    id = SCHEME
    title = "Concordances of your own"
    publisher = "you"
    homepage = "https://unstats.un.org/unsd/classifications/Econ"
    cadence = "when a file in the folder changes"
    max_age_days = 3650
    parts_may_vanish = True
    max_quarantine_share = 0.0  # see above: all rows or none
    may_shrink = True  # its owner takes links out on purpose
    licence = Licence(
        "as-stated",
        "Terms of the table's author; the file stays on this installation",
        "https://unstats.un.org/unsd/classifications/Econ",
        "as stated by the table's author",
        redistribute_raw=False,
    )
    tables = (LINKS,)

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
        rows = read_links(replies[-1].read(), part)
        if found := concordance.problems(rows):
            more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
            raise SchemaDrift(
                f"{part}: "
                + "; ".join(map(str, found[:3]))
                + more
                + " (clusterkpi concordance check)"
            )
        yield Chunk("links", rows)

    def refusals(self, path: Path) -> tuple[int, list[str]]:
        """How many rows a file has, and everything that is wrong with it.

        Raises:
            ConfigError: it is no such file, or cannot be read at all.
        """
        if path.suffix.lower() != ".csv" or not path.is_file():
            raise ConfigError(f"{path} is no .csv file")
        try:
            rows = read_links(path.read_bytes(), path.name)
        except SchemaDrift as error:
            raise ConfigError(str(error)) from error
        return rows.height, [str(problem) for problem in concordance.problems(rows)]


def read_links(body: bytes, name: str) -> pl.DataFrame:
    """Rows of a file as text, with `_row_no` counted from 1 after the header.

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
    rows = rows.rename({c: c.strip().lower() for c in rows.columns if c != "_row_no"})
    if lost := [c for c in concordance.COLUMNS if c not in rows.columns]:
        raise SchemaDrift(
            f"{name}: column {', '.join(lost)} is not there; "
            f"needed: {', '.join(concordance.COLUMNS)}"
        )
    if rows.is_empty():
        raise SchemaDrift(f"{name}: there are no rows")
    return rows.select("_row_no", *concordance.COLUMNS)


def files(home: Path) -> list[Path]:
    """The concordances in a state directory; what a spreadsheet has open is left out."""
    folder = home / FOLDER
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(p for p in found if p.suffix.lower() == ".csv" and p.name[0] not in ".~")


SOURCE = OwnConcordances()
