"""Two published releases, table by table.

Belongs here: what makes two releases of the same figures differ without meaning anything: stamps
and the last bits of sums.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from pipelines.warehouse import PUBLISHED_SCHEMAS

Columns = list[tuple[str, str]]


def differing_tables(one: Path, other: Path) -> dict[str, list[Any]]:
    """Tables that differ, with up to three rows that only one of the releases has.

    Stamps in texts are made equal, points in time and the hash over all stamps left out, doubles
    compared to ten digits.
    """
    with duckdb.connect() as con:
        con.execute(f"attach '{one}' as ours (read_only)")
        con.execute(f"attach '{other}' as theirs (read_only)")
        shapes = [published_columns(con, catalog) for catalog in ("ours", "theirs")]
        assert shapes[0] == shapes[1], "the releases have different tables or columns"
        assert {schema for schema, _ in shapes[0]} == set(PUBLISHED_SCHEMAS)
        return {
            f"{schema}.{table}": found
            for (schema, table), columns in shapes[0].items()
            if (found := differing_rows(con, f'"{schema}"."{table}"', columns))
        }


def published_columns(
    con: duckdb.DuckDBPyConnection, catalog: str
) -> dict[tuple[str, str], Columns]:
    found: dict[tuple[str, str], Columns] = {}
    for schema, table, column, kind in con.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = ? and not internal order by schema_name, table_name, column_index",
        [catalog],
    ).fetchall():
        found.setdefault((schema, table), []).append((column, kind))
    return found


def differing_rows(con: duckdb.DuckDBPyConnection, table: str, columns: Columns) -> list[Any]:
    """Rows of one release that the other lacks, stamps left out, doubles to ten digits."""
    select = ", ".join(
        f"{comparable(name, kind)} as {name}"
        for name, kind in columns
        if kind != "TIMESTAMP WITH TIME ZONE" and name != "inputs_fingerprint"
    )
    ours, theirs = (f"select {select} from {catalog}.{table}" for catalog in ("ours", "theirs"))
    return con.sql(
        f"(({ours}) except all ({theirs})) union all (({theirs}) except all ({ours})) limit 3"
    ).fetchall()


def comparable(name: str, kind: str) -> str:
    if kind == "DOUBLE":
        return f"printf('%.10g', \"{name}\")"
    if kind == "MAP(VARCHAR, DOUBLE)":
        entry = "e.key || '=' || coalesce(printf('%.10g', e.value), 'null')"
        return f'list_transform(map_entries("{name}"), lambda e: {entry})::varchar'
    stamp = r"\d{8}T\d{6}Z(_[0-9a-f]{7})?"
    return f"regexp_replace(\"{name}\"::varchar, '{stamp}', 'stamp', 'g')"
