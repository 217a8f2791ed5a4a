"""Figures made again from the landed bytes alone.

The replies of named snapshots are checked against their hashes, parsed, put through their contracts
and the models upstream of an indicator, in a scratch folder and a process of its own; nothing that
an earlier night left in `raw/` or `build/` is read.

Belongs here: checking landed bytes, building some indicators from some snapshots, comparing cells.
Does not belong here: a whole home from its landing (`rebuild`), what is shown of it (`passport`).

`python -m pipelines.rederive --sample 1000` checks random cells of the release in service.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines import candidate, dbt, history, lineage, vintages, warehouse
from pipelines.errors import ClusterkpiError, ConfigError
from pipelines.history import COLUMNS, KEY
from pipelines.ingest import parse
from pipelines.landed_replies import Tampered, check, landed
from pipelines.landing_store import LandingStore, open_landing
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from pipelines.sources.base import Source, discover
from pipelines.storage import readable_os_errors
from pipelines.vintages import Manifest, PartState, VintageWriter

# Two builds may add the same doubles in another order; more than this is no matter of order.
ORDER_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Verified:
    """What came of making cells again.

    Attributes:
        cells: cells compared.
        exact: equal to the last bit, in every column.
        close: equal but for the order of summation (within 1e-12 of each other).
        differing: the others, with old (as published) and new (made again).
        code: whether the release was built by the code that is here now; None: it does not say.
        snapshots: parsed snapshots.
        replies: landed replies whose hash was checked.
        indicators: of which the cells are.
        close_indicators: those with cells that are close.
    """

    cells: int
    exact: int
    close: int
    differing: list[dict[str, Any]]
    code: bool | None
    snapshots: int
    replies: int
    indicators: list[str] = field(default_factory=list)
    close_indicators: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.differing


# ---------------------------------------------------------------- landed bytes


def states(store: LandingStore, realm: str, wanted: Collection[str]) -> dict[str, PartState]:
    """Snapshot id → what the landing knows of it.

    Raises:
        ConfigError: the landing does not know one of them.
    """
    found: dict[str, PartState] = {}
    for source in sorted({name.split("/")[0] for name in wanted}):
        for manifest in vintages.landed_history(store, realm, source):
            for part in manifest.parts.values():
                if part.snapshot_id in wanted:
                    found[part.snapshot_id] = part
    lost = sorted(set(wanted) - set(found))
    if lost:
        raise ConfigError(
            f"the landing in {store.where('')} does not know {', '.join(lost[:5])}"
            + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
        )
    return found


def parse_again(
    store: LandingStore,
    scratch: Settings,
    source: Source,
    parts: Sequence[PartState],
    vintage: str,
) -> Manifest:
    """Check and parse the landed replies of snapshots of one source into a folder of its own.

    Raises:
        Tampered: see `check`.
        SchemaDrift: today's parser cannot read what an earlier one could.
    """
    writer = VintageWriter(
        scratch.raw_dir, scratch.quarantine_dir, scratch.realm, source.id, vintage
    )
    fresh = {}
    for state in parts:
        replies = landed(store, source.id, state)
        check(replies, state.snapshot_id)
        fresh[state.part] = parse(source, state, replies, writer)
    manifest = Manifest(source.id, scratch.realm, vintage, fresh)
    writer.commit(manifest)
    return manifest


# ---------------------------------------------------------------- some indicators, made again


def build(
    settings: Settings,
    scratch_dir: Path,
    indicators: Collection[str],
    snapshots: pl.DataFrame,
    release: dict[str, Any],
    *,
    project: dbt.Project = dbt.HERE,
    lists_from: Path | None = None,
) -> tuple[Settings, dict[str, str]]:
    """Build indicators from the landed bytes of snapshots, into a candidate below `scratch_dir`.

    Args:
        settings: whose landing it is.
        scratch_dir: an empty folder.
        indicators: ids; all that the project knows where empty.
        snapshots: rows of meta.source_snapshot; of them those upstream are parsed.
        release: the row of meta.release that models may ask for the time of the build.
        project: the code: dbt's project and the formulas.
        lists_from: a release whose lists (seeds) are used instead of the project's own.

    Returns:
        Settings of the scratch home, and model → indicator of those that were built.
    """
    scratch = settings.model_copy(update={"home": scratch_dir, "profile": release["profile"]})
    known = dbt_indicators(scratch, project)
    unknown = sorted(set(indicators) - set(known))
    chosen = {name: row for name, row in known.items() if not indicators or name in indicators}
    if not chosen:
        raise ConfigError(f"this code has no indicator {', '.join(unknown)}")
    tables = {table for row in chosen.values() for table in row["raw_tables"]}
    needed = {table.split("__")[0] for table in tables}
    sources = discover()
    ids = snapshots.filter(pl.col("source_id").is_in(sorted(needed)))["snapshot_id"].to_list()
    by_source: dict[str, list[PartState]] = {name: [] for name in sources}
    store = open_landing(settings)
    for state in states(store, scratch.realm, set(ids)).values():
        by_source[state.source].append(state)
    manifests = {
        name: parse_again(store, scratch, sources[name], parts, "again")
        if parts
        else Manifest(name, scratch.realm, "")
        for name, parts in by_source.items()
    }
    candidate.prepare(scratch, sources, manifests, release, {})
    with warehouse.open_candidate(scratch) as con:
        # models may ask for any snapshot of the release, also for those that are not parsed here
        con.execute("delete from meta.source_snapshot")
        con.register("snapshots", snapshots.to_arrow())
        con.execute("insert into meta.source_snapshot by name select * from snapshots")
        kept = _lists(con, scratch.build_dir, lists_from) if lists_from else []
    models = {row["model"]: name for name, row in chosen.items()}
    dbt.run(
        scratch,
        "build",
        "--select",
        *(f"+{model}" for model in sorted(models)),
        *(("--exclude", *kept) if kept else ()),
        "--exclude-resource-type",
        "test",
        "unit_test",
        project=project,
    )
    return scratch, models


def _lists(con: duckdb.DuckDBPyConnection, build_dir: Path, release: Path) -> list[str]:
    """Copy a release's seeds into the candidate; returns those that dbt must leave alone."""
    seeds = {
        edge["reads"] for edge in lineage.of_build(build_dir).edges if edge["reads_kind"] == "seed"
    }
    con.execute(f"attach '{release}' as past (read_only)")
    there = con.execute(
        "select table_name from duckdb_tables() where database_name = 'past' "
        "and schema_name = 'reference'"
    ).fetchall()
    kept = sorted(seeds & {str(name) for (name,) in there})
    for name in kept:
        con.execute(f'create or replace table reference."{name}" as from past.reference."{name}"')
    con.execute("detach past")
    return kept


def dbt_indicators(settings: Settings, project: dbt.Project = dbt.HERE) -> dict[str, Any]:
    """Indicator → its row of meta.indicator_code, for the code that is here."""
    dbt.run(settings, "parse", project=project)
    rows = lineage.of_build(settings.build_dir).indicators
    return {row["indicator_id"]: row for row in rows}


def compare(
    scratch: Settings, models: dict[str, str], cells: pl.DataFrame
) -> tuple[int, Counter[str], list[dict[str, Any]]]:
    """Cells as published against those made again.

    Returns:
        How many are equal to the bit, how many of which indicator but for the order of summation,
        and the others.
    """
    again = " union all ".join(
        f'select {", ".join((*KEY, *COLUMNS))} from intermediate."{model}"'
        for model in sorted(models)
    )
    with warehouse.open_candidate(scratch) as con:
        con.register("published", cells.to_arrow())
        con.execute(f"create temp table as_published as select {_types()} from published")
        con.execute(
            f"create temp table made_again as select * from ({again}) "
            f"semi join as_published using ({', '.join(KEY)})"
        )
        columns = list(COLUMNS)
        rows = con.sql(
            history.changes_sql("made_again", "as_published", columns, ORDER_TOLERANCE)
        ).pl()
        # here the very snapshot counts, not its part alone
        others = con.execute(
            f"""
            select count(*) from as_published as a inner join made_again as b
                using ({", ".join(KEY)})
            where a.source_ids is distinct from b.source_ids
            """
        ).fetchall()[0][0]
    close = Counter(rows.filter(pl.col("change") == "rounding")["indicator_id"].to_list())
    differing = rows.filter(pl.col("change") != "rounding").to_dicts()
    if others and not differing:
        raise ClusterkpiError(f"{others} cells were made from other snapshots than they name")
    return cells.height - close.total() - len(differing), close, differing


def _types() -> str:
    return ", ".join(
        f"cast({c} as {history.TYPES.get(c, 'varchar')}) as {c}" for c in (*KEY, *COLUMNS)
    )


# ---------------------------------------------------------------- a question, a process


def verify(settings: Settings, con: duckdb.DuckDBPyConnection, cells: pl.DataFrame) -> Verified:
    """Make cells of a release again, in a fresh process, and compare.

    Args:
        settings: whose landing it is.
        con: a release, or a past one told again (`timeline.open_as_of`).
        cells: rows of its fact.
    """
    with tempfile.TemporaryDirectory(prefix="clusterkpi-verify-") as folder:
        question, answer = Path(folder) / "question", Path(folder) / "answer.json"
        question.mkdir()
        cells.write_parquet(question / "cells.parquet")
        con.sql("from meta.source_snapshot").pl().write_parquet(question / "snapshots.parquet")
        release = con.sql("from meta.release").pl().to_dicts()[0]
        (question / "release.json").write_text(json.dumps(release, default=str))
        finished = subprocess.run(
            [
                *(sys.executable, "-m", "pipelines.rederive", "--home", str(settings.home)),
                *("--landing", settings.landing),
                *("--question", str(question), "--answer", str(answer)),
            ],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if not answer.exists():
            raise ClusterkpiError(
                f"the process that makes cells again ended with {finished.returncode}:\n"
                + "\n".join(finished.stderr.splitlines()[-12:])
            )
        record = json.loads(answer.read_text())
    if "error" in record:
        kind = Tampered if record["error"] == "Tampered" else ClusterkpiError
        raise kind(record["message"])
    return Verified(**record)


def sample(
    con: duckdb.DuckDBPyConnection, count: int, seed: int, relation: str = history.FACT
) -> pl.DataFrame:
    """Random cells of a fact, as evenly over indicators and bases as there are cells."""
    return con.sql(
        f"""
        with drawn as (
            select *, row_number() over (
                partition by indicator_id, basis
                order by hash(concat_ws('|', {seed}, {", ".join(KEY)}))
            ) as place
            from {relation}
        )
        select * exclude (place) from drawn
        order by place, hash(concat_ws('|', {seed}, indicator_id, basis))
        limit {count}
        """
    ).pl()


def _answer(settings: Settings, question: Path) -> Verified:
    cells = pl.read_parquet(question / "cells.parquet")
    snapshots = pl.read_parquet(question / "snapshots.parquet")
    release = json.loads((question / "release.json").read_text())
    indicators = sorted(cells["indicator_id"].unique().to_list())
    with tempfile.TemporaryDirectory(prefix="clusterkpi-again-") as folder:
        scratch, models = build(settings, Path(folder), indicators, snapshots, release)
        exact, close, differing = compare(scratch, models, cells)
        manifests = [
            vintages.latest(scratch.raw_dir, scratch.realm, source) for source in discover()
        ]
    parts = [part for manifest in manifests for part in manifest.parts.values()]
    code = release.get("code_sha256")
    return Verified(
        cells=cells.height,
        exact=exact,
        close=close.total(),
        differing=differing[:20],
        code=(code, release.get("definitions_sha256")) == dbt.digests() if code else None,
        snapshots=len(parts),
        replies=sum(len(part.replies) for part in parts),
        indicators=sorted(models.values()),
        close_indicators=sorted(close),
    )


def main(words: Sequence[str] | None = None) -> int:
    """Answer one question of `verify`, or check random cells of the release in service."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.rederive", description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--landing", help=argparse.SUPPRESS)
    parser.add_argument("--question", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--sample", type=int, default=1000, help="how many random cells")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(words)
    settings = load_settings(home=given.home, landing=given.landing)
    if given.question is None:
        with warehouse.open_published(settings.home) as con:
            found = verify(settings, con, sample(con, given.sample, given.seed))
        sys.stdout.write(f"{told(found)}\n")
        return 0 if found.holds else 1
    try:
        record: dict[str, Any] = vars(_answer(settings, given.question))
    except ClusterkpiError as error:
        record = {"error": type(error).__name__, "message": str(error)}
    with readable_os_errors(given.answer):
        temporary = given.answer.with_suffix(".tmp")
        temporary.write_text(json.dumps(record, default=str))
        shutil.move(temporary, given.answer)
    return 0


def told(found: Verified) -> str:
    """The outcome in a sentence or two."""
    words = (
        f"{found.cells:,} cells of {len(found.indicators)} indicators made again from "
        f"{found.replies:,} landed replies of {found.snapshots:,} snapshots: {found.exact:,} equal "
        f"to the last bit"
    )
    if found.close:
        words += f", {found.close:,} to within 1e-12 (order of summation"
        words += f": {', '.join(found.close_indicators)})" if found.close_indicators else ")"
    if found.differing:
        words += f", {len(found.differing):,} DIFFERENT"
    if found.code is False:
        words += ". The release was built by other code than is here"
    for row in found.differing[:5]:
        key = " ".join(str(row[name]) for name in KEY)
        words += f"\n  {key}: published {row['old_value']}, made again {row['new_value']}"
    return words


if __name__ == "__main__":
    sys.exit(main())
