"""The warehouse: a private candidate, published releases, and the one symlink that readers open.

A release is a read-only file. Publishing is one rename of a symlink, so that a reader sees the
old night or the new one and never a mixture; a reader that has the old file open keeps it. The
journal `releases.jsonl` is written before the symlink moves: after a crash in between,
`recover` finishes the move.

Belongs here: the files, their order of writing, and opening them. Does not belong here: what the
tables mean (dbt), what changed between releases (`pipelines.history`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import ConfigError, PublishFailed
from pipelines.settings import Settings
from pipelines.storage import (
    append_line,
    fsync_dir,
    read_lines,
    readable_os_errors,
    write_atomic,
)

CURRENT = "current.duckdb"
# Analysts' clients are older than ours: DuckDB 1.5 and later open this format.
STORAGE_VERSION = "v1.5.0"
PUBLISHED_SCHEMAS = ("marts", "reference", "meta")


@dataclass(frozen=True)
class Release:
    """One published release, as the journal knows it."""

    release_id: str
    built_at: str
    profile: str
    realm: str
    inputs_fingerprint: str
    cells: int = 0
    added: int = 0
    changed: int = 0
    dropped: int = 0
    status: int = 0
    terms: int = 0
    rounding: int = 0
    previous_release_id: str | None = None
    published_at: str = ""
    git_commit: str = ""
    software_version: str = ""
    inputs_sha256: str = ""
    code_sha256: str = ""
    definitions_sha256: str = ""
    fact_hash: str = ""
    file_bytes: int = 0
    history_bytes: int = 0

    @property
    def is_synthetic(self) -> bool:
        return self.realm == "synthetic"


# ---------------------------------------------------------------- reading


def current_path(home: Path) -> Path:
    """The file that `current.duckdb` points at now.

    Raises:
        ConfigError: nothing is published yet.
    """
    link = home / "published" / CURRENT
    if not link.exists():
        raise ConfigError(f"nothing is published at {link} yet: run `make refresh` first")
    return link.resolve()


@contextlib.contextmanager
def open_published(home: Path, path: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the current release, or to the release file `path`.

    The symlink is resolved first: a connection stays on the release that it opened.
    """
    con = duckdb.connect(str(path or current_path(home)), read_only=True)
    try:
        yield con
    finally:
        con.close()


def releases(home: Path) -> list[Release]:
    """Every release ever published, oldest first; retention may have removed the file."""
    fields = Release.__dataclass_fields__
    return [
        Release(**{name: value for name, value in event.items() if name in fields})
        for event in journal(home)
        if event.get("event") == "publish"
    ]


def last_checked(home: Path) -> dict[str, dict[str, Any]]:
    """When each part was last asked for and what came of it: source/part → record.

    A night with nothing new publishes nothing, so that this clock stands beside the release.
    """
    path = home / "published" / "last_checked.json"
    return json.loads(path.read_bytes()) if path.exists() else {}


def write_last_checked(home: Path, records: dict[str, dict[str, Any]]) -> None:
    """Merge tonight's checks into the record beside the releases."""
    merged = {**last_checked(home), **records}
    body = json.dumps(merged, indent=1, sort_keys=True).encode()
    write_atomic(home / "published" / "last_checked.json", body)


# ---------------------------------------------------------------- candidate


def new_candidate(settings: Settings) -> Path:
    """An empty place for the candidate; what an earlier night left is removed."""
    path = settings.build_dir / "candidate.duckdb"
    with readable_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for stale in path.parent.glob("candidate.duckdb*"):
            stale.unlink()
        shutil.rmtree(path.parent / "spill", ignore_errors=True)
    return path


@contextlib.contextmanager
def open_candidate(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A writing connection to the candidate, with the machine's limits set."""
    path = settings.build_dir / "candidate.duckdb"
    con = duckdb.connect(
        str(path),
        config={
            "memory_limit": settings.memory_limit,
            "threads": settings.threads,
            "temp_directory": str(settings.build_dir / "spill"),
        },
    )
    try:
        yield con
    finally:
        con.close()


def raw_relation_sql(columns: Sequence[tuple[str, str]], files: Sequence[Path], name: str) -> str:
    """SQL that makes `raw.<name>`: a view over Parquet files, or an empty table of that shape."""
    if not files:
        body = ", ".join(f'"{column}" {kind}' for column, kind in columns)
        return f'create table raw."{name}" ({body})'
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
    select = ", ".join(f'"{column}"::{kind} as "{column}"' for column, kind in columns)
    return f'create view raw."{name}" as select {select} from read_parquet([{listed}])'


# ---------------------------------------------------------------- publishing


def compact_copy(settings: Settings, release_id: str) -> Path:
    """Copy the published schemas of the candidate into a fresh, compact, read-only file.

    Returns:
        The path of the release file, in its final place but not yet pointed at.

    Raises:
        PublishFailed: the copy does not open, or lacks rows that the candidate has.
    """
    final = settings.published_dir / f"release_{release_id}.duckdb"
    temporary = settings.published_dir / f".copy_{release_id}.duckdb"
    with readable_os_errors(final):
        settings.published_dir.mkdir(parents=True, exist_ok=True)
        for stale in settings.published_dir.glob(".copy_*"):
            stale.unlink()
    with open_candidate(settings) as con:
        counts = _table_counts(con)
        for (schema,) in con.sql(
            "select distinct schema_name from information_schema.schemata "
            "where catalog_name = current_database() "
            "and schema_name not in ('main', 'information_schema', 'pg_catalog')"
        ).fetchall():
            if schema not in PUBLISHED_SCHEMAS:
                con.execute(f'drop schema "{schema}" cascade')
        source = con.execute("select current_database()").fetchall()[0]
        try:
            con.execute(
                f"attach '{temporary}' as copy_target (storage_version '{STORAGE_VERSION}')"
            )
            con.execute(f'copy from database "{source[0]}" to copy_target')
            con.execute("checkpoint copy_target")
            con.execute("detach copy_target")
        except duckdb.IOException as error:
            raise PublishFailed(
                f"cannot write {temporary}: {error}. Free space there or move CLUSTERKPI_HOME; "
                "the last published release stays in service."
            ) from error
    if temporary.with_name(temporary.name + ".wal").exists():
        raise PublishFailed(f"{temporary} still has a write-ahead log: the copy is not whole")
    smoke_test(temporary, counts)
    with readable_os_errors(final):
        with temporary.open("rb") as body:
            os.fsync(body.fileno())
        os.chmod(temporary, 0o444)
        os.replace(temporary, final)
        fsync_dir(final.parent)
    return final


def smoke_test(path: Path, expected_counts: dict[str, int]) -> None:
    """Open the copy as a reader would and compare the number of rows of every table."""
    try:
        with duckdb.connect(str(path), read_only=True) as con:
            found = _table_counts(con)
            con.sql("select * from marts.fct_indicator_value limit 1").fetchall()
            if "macro marts.as_of" in found:
                # bound, not computed: what it answers is a matter for tests
                con.sql("select * from marts.as_of(null) limit 0").fetchall()
    except duckdb.Error as error:
        raise PublishFailed(f"a reader cannot open {path.name}: {error}") from error
    if found != expected_counts:
        differing = {
            name: (expected_counts.get(name), found.get(name))
            for name in set(found) | set(expected_counts)
            if found.get(name) != expected_counts.get(name)
        }
        raise PublishFailed(f"{path.name} differs from the candidate: {differing}")


def _table_counts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of every published table; and the macros, each as one."""
    tables = con.execute(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = current_database() and schema_name in ?",
        [list(PUBLISHED_SCHEMAS)],
    ).fetchall()
    counts = {}
    for schema, table in sorted(tables):
        row = con.execute(f'select count(*) from "{schema}"."{table}"').fetchall()[0]
        counts[f"{schema}.{table}"] = row[0]
    for schema, macro in con.execute(
        "select distinct schema_name, function_name from duckdb_functions() "
        "where database_name = current_database() and not internal and schema_name in ?",
        [list(PUBLISHED_SCHEMAS)],
    ).fetchall():
        counts[f"macro {schema}.{macro}"] = 1
    return counts


def point_at(home: Path, release_id: str) -> None:
    """Move the symlink, atomically."""
    folder = home / "published"
    target = folder / f"release_{release_id}.duckdb"
    if not target.exists():
        raise ConfigError(
            f"the file of release {release_id} is no longer kept; see `clusterkpi releases`"
        )
    link, temporary = folder / CURRENT, folder / f".{CURRENT}.new"
    with readable_os_errors(link):
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target.name)
        os.replace(temporary, link)
        fsync_dir(folder)


def record_and_point(home: Path, release: Release) -> None:
    """Journal the release, then put it in service."""
    record = {name: getattr(release, name) for name in Release.__dataclass_fields__}
    append_line(home / "published" / "releases.jsonl", {"event": "publish", **record})
    point_at(home, release.release_id)


def rollback(home: Path, release_id: str | None = None) -> str:
    """Put an earlier release in service: the one named, or the one before the current.

    Raises:
        ConfigError: there is none, or its file is gone.
    """
    known = [release.release_id for release in releases(home)]
    kept = [name for name in known if (home / "published" / f"release_{name}.duckdb").exists()]
    current = current_path(home).stem.removeprefix("release_")
    if release_id is None:
        earlier = [name for name in kept if name < current]
        if not earlier:
            raise ConfigError(f"there is no release before {current} to go back to")
        release_id = earlier[-1]
    elif release_id not in kept:
        raise ConfigError(f"no release {release_id} is kept; there are {', '.join(kept) or 'none'}")
    now = datetime.now(UTC).isoformat()
    append_line(
        home / "published" / "releases.jsonl",
        {"event": "rollback", "release_id": release_id, "from": current, "at": now},
    )
    point_at(home, release_id)
    return release_id


def recover(home: Path) -> None:
    """Finish or forget what a killed night left behind: the journal's last event is the truth."""
    folder = home / "published"
    if not folder.exists():
        return
    events = [e for e in journal(home) if e.get("event") in ("publish", "rollback")]
    listed = {f"release_{event['release_id']}.duckdb" for event in events}
    for path in folder.glob("release_*.duckdb"):
        if path.name not in listed:
            path.unlink()  # copied, but never journalled: it was never in service
    if events:
        wanted = f"release_{events[-1]['release_id']}.duckdb"
        link = folder / CURRENT
        if (folder / wanted).exists() and (not link.exists() or link.resolve().name != wanted):
            point_at(home, events[-1]["release_id"])


def apply_retention(home: Path, keep: int) -> list[str]:
    """Remove the oldest release files beyond `keep`; never the one in service."""
    current = current_path(home).name
    files = sorted((home / "published").glob("release_*.duckdb"))
    removed = []
    for path in files[: max(0, len(files) - keep)]:
        if path.name != current:
            path.unlink()
            removed.append(path.stem.removeprefix("release_"))
    return removed


def journal(home: Path) -> list[dict[str, Any]]:
    """Every event, oldest first: `publish` with the fields of `Release`, and `rollback`."""
    return read_lines(home / "published" / "releases.jsonl")
