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

    Stamps in texts are made equal, points in time and the hash over all stamps left out. Doubles
    are compared to ten digits where they are not the same to the last bit.
    """
    with duckdb.connect() as con:
        con.execute(f"attach '{one}' as ours (read_only)")
        con.execute(f"attach '{other}' as theirs (read_only)")
        ours, theirs = (published_columns(con, catalog) for catalog in ("ours", "theirs"))
        assert ours == theirs, "the releases have different tables or columns"
        assert {schema for schema, _ in ours} == set(PUBLISHED_SCHEMAS)
        return {
            f"{schema}.{table}": found
            for (schema, table), columns in ours.items()
            if not same_to_the_bit(con, f'"{schema}"."{table}"', columns)
            and (found := differing_rows(con, f'"{schema}"."{table}"', columns))
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


def same_to_the_bit(con: duckdb.DuckDBPyConnection, table: str, columns: Columns) -> bool:
    """Whether both hold the same rows, by one pass over each: a sum of hashes, in any order."""
    values = ", ".join(without_stamp(name, kind) for name, kind in compared(columns))
    ours, theirs = (
        con.sql(f"select count(*), sum(hash({values})) from {catalog}.{table}").fetchall()
        for catalog in ("ours", "theirs")
    )
    return ours == theirs


def differing_rows(con: duckdb.DuckDBPyConnection, table: str, columns: Columns) -> list[Any]:
    """Rows of one release that the other lacks."""
    select = ", ".join(f"{rounded(name, kind)} as {name}" for name, kind in compared(columns))
    ours, theirs = (f"select {select} from {catalog}.{table}" for catalog in ("ours", "theirs"))
    return con.sql(
        f"(({ours}) except all ({theirs})) union all (({theirs}) except all ({ours})) limit 3"
    ).fetchall()


def compared(columns: Columns) -> Columns:
    return [
        (name, kind)
        for name, kind in columns
        if kind != "TIMESTAMP WITH TIME ZONE" and name != "inputs_fingerprint"
    ]


def without_stamp(name: str, kind: str) -> str:
    if not kind.startswith("VARCHAR"):
        return f'"{name}"'
    stamp = r"\d{8}T\d{6}Z(_[0-9a-f]{7})?"
    return f"regexp_replace(\"{name}\"::varchar, '{stamp}', 'stamp', 'g')"


def rounded(name: str, kind: str) -> str:
    if kind == "DOUBLE":
        return f"printf('%.10g', \"{name}\")"
    if kind == "MAP(VARCHAR, DOUBLE)":
        entry = "e.key || '=' || coalesce(printf('%.10g', e.value), 'null')"
        return f'list_transform(map_entries("{name}"), lambda e: {entry})::varchar'
    return without_stamp(name, kind)
