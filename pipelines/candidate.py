"""What is in the candidate before dbt runs: the raw tables, and what is known about them.

Belongs here: schema `raw` (views over the promoted Parquet files), and the tables of the schemas
`meta` and `reference` that Python knows first-hand. Does not belong here: figures (dbt),
checks (`expectations`).
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
            ("inputs_sha256", "varchar", "hash of all snapshots: what the sources said"),
            ("code_sha256", "varchar", "hash of the SQL and of the formulas in Python"),
            ("definitions_sha256", "varchar", "hash of the lists and cluster definitions"),
            ("fact_hash", "varchar", "hash of every column of every cell of the fact"),
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
    "former_snapshot": (
        "Snapshots that earlier releases were built from and this one is not, as far back as "
        "meta.revision goes; columns as in meta.source_snapshot.",
        [],
    ),
    "snapshot_log": (
        "Which snapshot of a part was replaced by which, and when.",
        [
            ("seq", "bigint", "move, see meta.release_history"),
            ("release_id", "varchar", "release in service from then on"),
            ("part", "varchar", "<source>/<part>"),
            ("old_snapshot_id", "varchar", "snapshot before; NULL: the part is new"),
            ("new_snapshot_id", "varchar", "snapshot from then on; NULL: the part is gone"),
        ],
    ),
    "release_history": (
        "Every release and every rollback up to this release, oldest first: what was in service "
        "when.",
        [
            ("seq", "bigint", "last move of the event; a later one takes back all above it"),
            ("event", "varchar", "publish or rollback"),
            ("release_id", "varchar", "release in service from then on"),
            ("served_from", "timestamptz", "from when on, until the next event"),
            ("built_at", "timestamptz", "when its build began; NULL for a rollback"),
            ("is_told", "boolean", "marts.as_of can tell its state from this file"),
            ("previous_release_id", "varchar", "release that it was compared against"),
            ("profile", "varchar", "where its figures came from"),
            ("git_commit", "varchar", "commit of the code"),
            ("software_version", "varchar", "version of clusterkpi"),
            ("inputs_sha256", "varchar", "hash of all snapshots"),
            ("code_sha256", "varchar", "hash of the SQL and of the formulas in Python"),
            ("definitions_sha256", "varchar", "hash of the lists and cluster definitions"),
            ("fact_hash", "varchar", "hash of every column of every cell of the fact"),
            ("cells", "bigint", "cells of the fact"),
            ("added", "bigint", "cells that the release before did not have"),
            ("changed", "bigint", "cells whose value or bounds moved"),
            ("status", "bigint", "cells whose status alone changed"),
            ("terms", "bigint", "cells of which only terms, parts or method version changed"),
            ("dropped", "bigint", "cells that the release before had"),
            ("file_bytes", "bigint", "size of its file; NULL for the newest, which is this one"),
        ],
    ),
    "revision": (
        "The revision log: what each release changed against the one before it, as far back as "
        "the log's budget goes (is_told in meta.release_history); the state directory has all of "
        "it. Changes below 1e-9 are kind rounding and no revision.",
        [
            ("seq", "bigint", "move, see meta.release_history"),
            ("release_id", "varchar", "release in service from then on"),
            ("indicator_id", "varchar", "indicator"),
            ("geo_id", "varchar", "place"),
            ("cluster_id", "varchar", "cluster"),
            ("period", "varchar", "reference period"),
            ("basis", "varchar", "basis"),
            ("change", "varchar", "added, changed, status, terms, rounding or dropped"),
            (
                "reason",
                "varchar",
                "data, parser (bytes read anew), correction, definition (a list), method (the "
                "indicator's code), rollback; several joined by +; unexplained",
            ),
            ("changed_columns", "varchar", "columns of the fact that differ, comma-separated"),
            ("old_value", "double", "value before"),
            ("new_value", "double", "value from then on"),
            ("old_value_lower", "double", "lower bound before"),
            ("old_value_upper", "double", "upper bound before"),
            ("old_obs_status", "varchar", "status before"),
            ("new_obs_status", "varchar", "status from then on"),
            ("old_n_obs", "bigint", "source rows before"),
            ("old_components", "map(varchar, double)", "terms before; NULL where unchanged"),
            ("old_source_ids", "varchar[]", "snapshots before"),
            ("old_method_version", "varchar", "method version before"),
        ],
    ),
    "revision_quality": (
        "How much figures are revised after they are first published, by indicator, basis and "
        "source. Only steps that new data made count; steps of methods and definitions do not.",
        [
            ("indicator_id", "varchar", "indicator"),
            ("basis", "varchar", "basis"),
            ("source_id", "varchar", "source that the cells are read from"),
            ("vintages_count", "bigint", "vintages that moved any cell, the first one included"),
            ("cells_count", "bigint", "cells with a value"),
            ("revised_count", "bigint", "cells whose value a later vintage moved"),
            ("redefined_count", "bigint", "cells whose value a method or a definition moved"),
            ("mean_revision", "double", "mean of (latest - first published), all cells"),
            ("mean_abs_revision", "double", "mean of |latest - first published|, all cells"),
            ("mean_abs_revision_share", "double", "the same over |first published|"),
            ("upward_share", "double", "share of the revised cells that were revised upwards"),
        ],
    ),
    "indicator_code": (
        "What each indicator rests on: hashes of its code and lists, and the raw tables upstream.",
        [
            ("indicator_id", "varchar", "indicator"),
            ("model", "varchar", "dbt model of its formula"),
            ("code_sha256", "varchar", "hash of the SQL of it and of all models upstream"),
            ("definitions_sha256", "varchar", "hash of the lists upstream"),
            ("corrections_sha256", "varchar", "hash of the corrections upstream"),
            ("raw_tables", "varchar[]", "raw tables upstream, <source>__<table>"),
        ],
    ),
    "lineage": (
        "What every model, list and check of this release reads directly.",
        [
            ("node_kind", "varchar", "model, seed, snapshot or check"),
            ("node", "varchar", "name; of a check its check_id in meta.check_result"),
            ("reads_kind", "varchar", "model, seed, raw or meta"),
            ("reads", "varchar", "name of what it reads"),
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

META["former_snapshot"] = (META["former_snapshot"][0], META["source_snapshot"][1])

# The same for schema reference.
REFERENCE: dict[str, tuple[str, list[tuple[str, str, str]]]] = {
    "licence": (
        "The terms under which figures may be used: one row for each source and licence of it. The "
        "attribution of a single part is in meta.source_snapshot.",
        [
            ("licence_id", "varchar", "licence, as in meta.source_snapshot"),
            ("source_id", "varchar", "source whose figures, or some of them, are under it"),
            ("title", "varchar", "licence in words"),
            ("url", "varchar", "where the terms are"),
            ("attribution", "varchar", "text to cite"),
            (
                "share_alike",
                "boolean",
                "what is made of the figures has to be under the same terms",
            ),
            ("non_commercial", "boolean", "figures must not be used commercially"),
            ("redistribute_raw", "boolean", "the publisher's own rows may be passed on"),
        ],
    ),
}
SCHEMAS = {"meta": META, "reference": REFERENCE}
_ROWS_A_STATEMENT = 250

# Filled after dbt has run: by the gate, and when the release is published.
FILLED_LATER = (
    "check_result",
    "former_snapshot",
    "indicator_code",
    "lineage",
    "release_history",
    "revision",
    "revision_quality",
    "snapshot_log",
)


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
        for source in sources.values():
            for table in source.tables:
                files = [settings.raw_dir / f for f in manifests[source.id].files(table.name)]
                name = f"{source.id}__{table.name}"
                con.execute(raw_relation_sql(table.duckdb_columns(), files, name))
        for schema, tables in SCHEMAS.items():
            con.execute(f"create schema {schema}")
            for name in tables:
                con.execute(create_sql(name, schema))
                comment(con, name, schema)
        insert(con, "licence", licence_rows(sources.values()), "reference")
        insert(con, "release", [release])
        parts = [
            (sources[manifest.source], part)
            for manifest in manifests.values()
            for part in manifest.parts.values()
        ]
        insert(con, "source_snapshot", (_snapshot(s, p, settings, checked_at) for s, p in parts))
        insert(con, "quarantine_summary", (row for s, p in parts for row in _held(s, p)))


def insert(
    con: duckdb.DuckDBPyConnection,
    name: str,
    rows: Iterable[Mapping[str, Any]],
    schema: str = "meta",
) -> None:
    """Append rows to one of the tables above, by column name."""
    columns = [column for column, _, _ in SCHEMAS[schema][name][1]]
    values = [[row[column] for column in columns] for row in rows]
    marks = "(" + ", ".join("?" for _ in columns) + ")"
    # many rows a statement: one statement a row is a millisecond a row
    for start in range(0, len(values), _ROWS_A_STATEMENT):
        some = values[start : start + _ROWS_A_STATEMENT]
        con.execute(
            f"insert into {schema}.{name} values {', '.join([marks] * len(some))}",
            [value for row in some for value in row],
        )


def comment(con: duckdb.DuckDBPyConnection, name: str, schema: str = "meta") -> None:
    """Describe one of the tables above and its columns in the file itself."""
    text, columns = SCHEMAS[schema][name]
    con.execute(f"comment on table {schema}.{name} is {_quoted(text)}")
    for column, _, about in columns:
        con.execute(f"comment on column {schema}.{name}.{column} is {_quoted(about)}")


def licence_rows(sources: Iterable[Source]) -> list[dict[str, Any]]:
    """One row for each source and each licence that figures of it may have."""
    return [
        {
            "licence_id": licence.id,
            "source_id": source.id,
            "title": licence.title,
            "url": licence.url,
            "attribution": licence.attribution,
            "share_alike": licence.share_alike,
            "non_commercial": licence.non_commercial,
            "redistribute_raw": licence.redistribute_raw,
        }
        for source in sources
        for licence in source.licences()
    ]


def create_sql(name: str, schema: str = "meta") -> str:
    """SQL that makes one of the tables above, empty."""
    columns = ", ".join(f"{column} {kind}" for column, kind, _ in SCHEMAS[schema][name][1])
    return f"create table {schema}.{name} ({columns})"


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
