"""What is in the candidate before dbt runs: the raw tables, and what is known about them.

Belongs here: schema `raw` (views over the promoted Parquet files), and the tables of schema
`meta` that Python knows first-hand. Does not belong here: figures (dbt), checks (`expectations`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import duckdb

from pipelines.settings import Settings
from pipelines.sources.base import Source
from pipelines.vintages import Manifest, PartState
from pipelines.warehouse import new_candidate, open_candidate, raw_relation_sql

# (column, type, comment) per table of schema meta that is written here.
META: dict[str, tuple[str, list[tuple[str, str, str]]]] = {
    "release": (
        "The release in this file; one row.",
        [
            ("release_id", "varchar", "UTC stamp and commit of the code"),
            ("built_at", "timestamptz", "when the build began"),
            ("profile", "varchar", "where the figures came from: demo, live or replay:…"),
            ("realm", "varchar", "synthetic or official"),
            ("is_synthetic", "boolean", "true: the figures describe nothing real"),
            ("notice", "varchar", "what a reader has to know before quoting a figure"),
            ("git_commit", "varchar", "commit of the code, with + where files were changed"),
            ("software_version", "varchar", "version of clusterkpi"),
            ("inputs_fingerprint", "varchar", "hash of all snapshots and of the dbt project"),
            ("previous_release_id", "varchar", "release that this one is compared against"),
        ],
    ),
    "source_snapshot": (
        "One row per promoted version of one part of a source that this release was built from.",
        [
            ("snapshot_id", "varchar", "<source>/<part>@<vintage>"),
            ("source_id", "varchar", "source"),
            ("source_name", "varchar", "title and publisher of the source"),
            ("part", "varchar", "unit of landing: a series, a yearly file, a release"),
            ("vintage", "varchar", "UTC stamp at which this version was promoted"),
            ("source_version", "varchar", "the publisher's own name of the version"),
            ("url", "varchar", "address asked, without secrets (first page)"),
            ("entity_sha256", "varchar[]", "hashes of the landed replies"),
            ("canonical_sha256", "varchar", "hash of the figures, without packaging"),
            ("retrieved_at", "timestamptz", "when the replies were fetched"),
            ("last_checked_at", "timestamptz", "when the source was last asked before the build"),
            ("source_changed_at", "timestamptz", "when the publisher changed it; NULL if unsaid"),
            ("reference_period_first", "varchar", "first period in the part"),
            ("reference_period_last", "varchar", "last period in the part"),
            ("rows_landed", "bigint", "rows in the replies"),
            ("rows_promoted", "bigint", "rows in service"),
            ("rows_quarantined", "bigint", "rows that broke the contract"),
            ("licence_id", "varchar", "licence"),
            ("licence_title", "varchar", "licence in words"),
            ("attribution", "varchar", "text to cite"),
            ("is_synthetic", "boolean", "true: generated figures"),
            ("realm", "varchar", "synthetic or official"),
        ],
    ),
    "quarantine_summary": (
        "Rows that broke a contract, by snapshot and rule; the rows are in the state directory.",
        [
            ("snapshot_id", "varchar", "snapshot that the rows came with"),
            ("table_name", "varchar", "raw table"),
            ("rule", "varchar", "rule that they break"),
            ("column_name", "varchar", "column or key"),
            ("rows_count", "bigint", "rows held"),
            ("first_row_no", "bigint", "first such row in the reply, counted from 1"),
            ("reason", "varchar", "the reason given for that row"),
        ],
    ),
    "check_result": (
        "Every check of this release: contracts, completeness, dbt tests and gates.",
        [
            ("check_id", "varchar", "unique within a release"),
            ("owner", "varchar", "contract, completeness, dbt or gx"),
            ("subject", "varchar", "what was checked"),
            ("check_name", "varchar", "the rule"),
            ("severity", "varchar", "critical blocks publishing, warning is shown"),
            ("passed", "boolean", "outcome"),
            ("observed", "varchar", "what was found"),
            ("expected", "varchar", "what the rule asks for"),
            ("rows_failed", "bigint", "rows that break the rule, where counted"),
            ("checked_at", "timestamptz", "when"),
        ],
    ),
}


def prepare(
    settings: Settings,
    sources: Mapping[str, Source],
    manifests: Mapping[str, Manifest],
    release: Mapping[str, Any],
    checked_at: Mapping[str, datetime],
) -> None:
    """Make a fresh candidate with the raw views and the meta tables.

    Args:
        settings: where.
        sources: every source, by id.
        manifests: the state of each source in service.
        release: the row of meta.release.
        checked_at: `source/part` → when it was last asked for.
    """
    new_candidate(settings)
    with open_candidate(settings) as con:
        con.execute("create schema raw")
        con.execute("create schema meta")
        for source in sources.values():
            for table in source.tables:
                files = [settings.raw_dir / f for f in manifests[source.id].files(table.name)]
                name = f"{source.id}__{table.name}"
                con.execute(raw_relation_sql(table.duckdb_columns(), files, name))
        for name in META:
            con.execute(_create_sql(name))
            comment(con, name)
        insert(con, "release", [release])
        parts = [
            (sources[manifest.source], part)
            for manifest in manifests.values()
            for part in manifest.parts.values()
        ]
        insert(con, "source_snapshot", (_snapshot(s, p, settings, checked_at) for s, p in parts))
        insert(con, "quarantine_summary", (row for s, p in parts for row in _held(s, p)))


def insert(con: duckdb.DuckDBPyConnection, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append rows to a table of schema meta, by column name."""
    columns = [column for column, _, _ in META[name][1]]
    values = [[row[column] for column in columns] for row in rows]
    if values:
        marks = ", ".join("?" for _ in columns)
        con.executemany(f"insert into meta.{name} values ({marks})", values)


def comment(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Describe a table of schema meta and its columns in the file itself."""
    text, columns = META[name]
    con.execute(f"comment on table meta.{name} is {_quoted(text)}")
    for column, _, about in columns:
        con.execute(f"comment on column meta.{name}.{column} is {_quoted(about)}")


def _create_sql(name: str) -> str:
    columns = ", ".join(f"{column} {kind}" for column, kind, _ in META[name][1])
    return f"create table meta.{name} ({columns})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _snapshot(
    source: Source, part: PartState, settings: Settings, checked_at: Mapping[str, datetime]
) -> dict[str, Any]:
    licence = source.part_licence(part.part)
    return {
        "snapshot_id": part.snapshot_id,
        "source_id": source.id,
        "source_name": f"{source.title} ({source.publisher})",
        "part": part.part,
        "vintage": part.vintage,
        "source_version": part.source_version,
        "url": part.urls[0],
        "entity_sha256": list(part.entity_sha256),
        "canonical_sha256": part.canonical_sha256,
        "retrieved_at": part.retrieved_at,
        "last_checked_at": checked_at.get(f"{source.id}/{part.part}"),
        "source_changed_at": part.source_changed_at,
        "reference_period_first": part.period_first,
        "reference_period_last": part.period_last,
        "rows_landed": part.landed,
        "rows_promoted": part.promoted,
        "rows_quarantined": part.quarantined,
        "licence_id": licence.id,
        "licence_title": licence.title,
        "attribution": licence.attribution,
        "is_synthetic": settings.realm == "synthetic",
        "realm": settings.realm,
    }


def _held(source: Source, part: PartState) -> Iterable[dict[str, Any]]:
    for table, files in part.tables.items():
        for rule in files.rules:
            yield {
                "snapshot_id": part.snapshot_id,
                "table_name": f"raw.{source.id}__{table}",
                "rule": rule["rule"],
                "column_name": rule["column_name"],
                "rows_count": rule["rows"],
                "first_row_no": rule["row_no"],
                "reason": rule["reason"],
            }
