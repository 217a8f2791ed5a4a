"""Two published releases, table by table.

Belongs here: what makes two releases of the same figures differ without meaning anything: stamps
and the last bits of sums.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import duckdb

from pipelines.warehouse import PUBLISHED_SCHEMAS

Columns = list[tuple[str, str]]
_OVER_STAMPS = ("inputs_fingerprint", "inputs_sha256", "fact_hash")
_NUMBERS = ("DOUBLE", "MAP(VARCHAR, DOUBLE)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def differing_tables(one: Path, other: Path) -> dict[str, list[Any]]:
    """Tables that differ, with up to three rows that only one of the releases has.

    Stamps in texts are made equal, points in time and the hashes over stamps left out. Doubles
    count as equal within 1e-9 of their size: sums in another order differ in their last bits.
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
    """Up to three rows of one release that the other lacks.

    Texts that fall on two sides of a rounding limit are compared once more as numbers.
    """
    parts = compared(columns)
    select = ", ".join(f'{rounded(name, kind)} as "{name}"' for name, kind in parts)
    ours, theirs = (f"select {select} from {catalog}.{table}" for catalog in ("ours", "theirs"))
    exact = [i for i, (_, kind) in enumerate(parts) if kind not in _NUMBERS]
    sides = [
        sorted(
            con.sql(f"({one}) except all ({other})").fetchall(), key=lambda row: _key(row, exact)
        )
        for one, other in ((ours, theirs), (theirs, ours))
    ]
    if len(sides[0]) != len(sides[1]):
        return [*sides[0], *sides[1]][:3]
    return [pair for pair in zip(*sides, strict=True) if not _alike(*pair)][:3]


def _key(row: tuple[Any, ...], exact: list[int]) -> list[str]:
    return [str(row[i]) for i in exact]


def _alike(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Equal, but for numbers in their text that are within 1e-9 of each other."""
    for a, b in zip(one, other, strict=True):
        if a == b:
            continue
        if not (isinstance(a, str) and isinstance(b, str)):
            return False
        if _NUMBER.sub("#", a) != _NUMBER.sub("#", b):
            return False
        pairs = zip(_NUMBER.findall(a), _NUMBER.findall(b), strict=True)
        if not all(math.isclose(float(x), float(y), rel_tol=1e-9, abs_tol=1e-12) for x, y in pairs):
            return False
    return True


def compared(columns: Columns) -> Columns:
    return [
        (name, kind)
        for name, kind in columns
        if kind != "TIMESTAMP WITH TIME ZONE" and name not in _OVER_STAMPS
    ]


def without_stamp(name: str, kind: str) -> str:
    if not kind.startswith("VARCHAR"):
        return f'"{name}"'
    stamp = r"\d{8}T\d{6}Z(_[0-9a-f]{7})?"
    return f"regexp_replace(\"{name}\"::varchar, '{stamp}', 'stamp', 'g')"


def rounded(name: str, kind: str) -> str:
    # a difference of two equal sums is nought but for the last bits of the sums
    digits = "printf('%.10g', case when abs({0}) < 1e-12 then 0 else {0} end)"
    if kind == "DOUBLE":
        return digits.format(f'"{name}"')
    if kind == "MAP(VARCHAR, DOUBLE)":
        entry = f"e.key || '=' || coalesce({digits.format('e.value')}, 'null')"
        return f'list_transform(map_entries("{name}"), lambda e: {entry})::varchar'
    return without_stamp(name, kind)
