"""The revision log: which cells changed from one release to the next, and why.

Each release writes two Parquet files: the cells that were added, changed or dropped against the
release before it in the same realm, whole before and after, and the snapshots that went out of
service and came in. Together they are an append-only history from which every past release can be
told again (`pipelines.timeline`).

A cell whose snapshots were merely read anew is not a changed cell: of `source_ids` only the parts
count here, and which version of a part was in service when stands in the snapshot files.

Belongs here: comparing two facts, reasons, the files. Does not belong here: publishing
(`warehouse`), going back in time (`timeline`).
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.storage import fsync_dir, readable_os_errors

# Sums of doubles differ in the last bits between two builds of the same figures.
RELATIVE_TOLERANCE = 1e-9

FACT = "marts.fct_indicator_value"
KEY = ("indicator_id", "geo_id", "cluster_id", "period", "basis")
COLUMNS = (
    "value",
    "value_lower",
    "value_upper",
    "obs_status",
    "n_obs",
    "components",
    "source_ids",
    "method_version",
)
TYPES = {
    "value": "double",
    "value_lower": "double",
    "value_upper": "double",
    "obs_status": "varchar",
    "n_obs": "bigint",
    "components": "map(varchar, double)",
    "source_ids": "varchar[]",
    "method_version": "varchar",
}
_NUMBERS = ("value", "value_lower", "value_upper")
KINDS = ("added", "changed", "status", "terms", "rounding", "dropped")
FIRST_RELEASE = "first release"
UNEXPLAINED = "unexplained"
# More change files than this are merged; the night's own stay apart.
MOST_FILES = 64


@dataclass(frozen=True)
class ChangeCounts:
    """How many cells of the fact changed, by kind.

    Attributes:
        added, dropped: cells that are new or gone.
        changed: value or bounds moved.
        status: the value stayed and its status did not.
        terms: value and status stayed; terms, parts, rows or method version did not.
        rounding: the same but for the last digits (below 1e-9); kept so that a past release can be
            told to the bit, and no revision.
    """

    added: int = 0
    changed: int = 0
    status: int = 0
    terms: int = 0
    rounding: int = 0
    dropped: int = 0

    @property
    def total(self) -> int:
        """Revisions; rounding is none."""
        return self.added + self.changed + self.status + self.terms + self.dropped


@dataclass(frozen=True)
class Reasons:
    """What differs between the inputs and the code of two releases.

    Attributes:
        data: parts whose figures differ, as `<source>/<part>`.
        parser: parts whose bytes are the same and were read anew.
        indicators: indicator → what of it differs: method, definition, correction, and data where
            a raw table that it reads anywhere has other figures.
    """

    data: frozenset[str] = frozenset()
    parser: frozenset[str] = frozenset()
    indicators: Mapping[str, frozenset[str]] | None = None


def parts_sql(snapshots: str) -> str:
    """SQL of the parts in a list of snapshot ids: `wdi/SE.TER.ENRR@2026…` → `wdi/SE.TER.ENRR`."""
    return f"list_transform({snapshots}, lambda s: regexp_replace(s, '@[^@]*$', ''))"


def moved_sql(new: str, old: str, tolerance: float) -> str:
    """SQL condition: two numbers differ by more than the tolerance, or one of them is missing."""
    return (
        f"(({new} is null) <> ({old} is null) or abs({new} - {old}) > "
        f"{tolerance} * greatest(abs({new}), abs({old})))"
    )


def changes_sql(
    new: str,
    old: str | None,
    columns: Sequence[str] = COLUMNS,
    tolerance: float = RELATIVE_TOLERANCE,
) -> str:
    """SQL of the change rows between two facts.

    Args:
        new: relation with the newer fact.
        old: relation with the older one; None compares against nothing (first release).
        columns: columns besides the key that both facts have.
        tolerance: relative; numbers that are closer are the same but for rounding.

    Returns:
        A query with the key, `change` (see `KINDS`), `changed_columns` (names, comma-separated) and
        old and new of each column, of every cell that differs in anything but the vintages of its
        snapshots.
    """
    before = old or f"(select * from {new} where false)"
    key = ", ".join(KEY)

    def differs(column: str) -> str:
        bare = f"a.{column} is distinct from b.{column}"
        if column != "source_ids":
            return bare
        parts = [parts_sql(f"{side}.source_ids") for side in ("a", "b")]
        return f"case when {bare} then {parts[0]} is distinct from {parts[1]} else false end"

    def moved(column: str) -> str:
        if column in _NUMBERS:
            return moved_sql(f"new_{column}", f"old_{column}", tolerance)
        if column != "components":
            return f"contains(changed_columns, '{column}')"
        pairs = "list_zip(map_values(new_components), map_values(old_components))"
        return (
            "contains(changed_columns, 'components') and "
            "(map_keys(new_components) is distinct from map_keys(old_components) or "
            f"len(list_filter({pairs}, lambda t: {moved_sql('t[1]', 't[2]', tolerance)})) > 0)"
        )

    named = ", ".join(f"case when {differs(c)} then '{c}' end" for c in columns)
    sides = ", ".join(f"b.{c} as old_{c}, a.{c} as new_{c}" for c in columns)
    values = " or ".join(moved(c) for c in columns if c in _NUMBERS)
    terms = " or ".join(moved(c) for c in columns if c not in (*_NUMBERS, "obs_status"))
    return f"""
        with differing as (
            select {key},
                b.indicator_id is null as is_added,
                a.indicator_id is null as is_dropped,
                case when b.indicator_id is null or a.indicator_id is null
                    then '{",".join(columns)}' else concat_ws(',', {named}) end as changed_columns,
                {sides}
            from {new} as a
            full join {before} as b using ({key})
            where a.indicator_id is null or b.indicator_id is null
                or {" or ".join(differs(c) for c in columns)}
        )
        select {key},
            case when is_added then 'added'
                when is_dropped then 'dropped'
                when {values} then 'changed'
                when contains(changed_columns, 'obs_status') then 'status'
                when {terms or "false"} then 'terms'
                else 'rounding' end as change,
            * exclude ({key}, is_added, is_dropped)
        from differing
    """


def _all_added(newer: str, columns: Sequence[str]) -> str:
    """Change rows of a first release."""
    sides = ", ".join(f"null::{TYPES[c]} as old_{c}, {c} as new_{c}" for c in columns)
    return (
        f"select {', '.join(KEY)}, 'added' as change, '{','.join(columns)}' as changed_columns, "
        f"{sides} from {newer}.{FACT}"
    )


def common_columns(con: duckdb.DuckDBPyConnection, *catalogs: str) -> list[str]:
    """Columns besides the key that the facts of all these databases have."""
    found = [
        {
            name
            for (name,) in con.execute(
                "select column_name from duckdb_columns() where database_name = ? "
                "and schema_name || '.' || table_name = ?",
                [catalog, FACT],
            ).fetchall()
        }
        for catalog in catalogs
    ]
    return [column for column in COLUMNS if all(column in names for names in found)]


def write_changes(
    con: duckdb.DuckDBPyConnection, history_dir: Path, release_id: str, older: str | None
) -> ChangeCounts:
    """Write the change files of a release and count its cells by kind.

    Args:
        con: its current database has the new release.
        history_dir: where the files go: `changes_<release>.parquet`, `snapshots_<release>.parquet`.
        older: attached database with the release before; None: this is the first one.
    """
    newer = _current_database(con)
    columns = common_columns(con, newer, *([older] if older else []))
    target = history_dir / f"changes_{release_id}.parquet"
    rows = f"select '{release_id}' as release_id, * from {{}} order by {', '.join(KEY)}"
    if older:
        changes = changes_sql(f"{newer}.{FACT}", f"{older}.{FACT}", columns)
        changes = with_reasons_sql(changes, reasons(con, newer, older))
        con.execute(f"create or replace temp table found_changes as {changes}")
        _copy(con, rows.format("found_changes"), target)
        counts = Counter(
            dict(con.execute("select change, count(*) from found_changes group by 1").fetchall())
        )
        con.execute("drop table found_changes")
    else:
        _copy(con, rows.format(f"({with_reasons_sql(_all_added(newer, columns), None)})"), target)
        added = con.execute(f"select count(*) from {newer}.{FACT}").fetchall()[0][0]
        counts = Counter(added=added)
    if _has(con, newer, "meta.source_snapshot"):
        _copy(
            con,
            f"select '{release_id}' as release_id, * from ({_snapshot_changes_sql(newer, older)}) "
            "order by part, change",
            history_dir / f"snapshots_{release_id}.parquet",
        )
    return ChangeCounts(**{kind: counts[kind] for kind in KINDS})


def marts(con: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, list[tuple[str, str]]]:
    """Wide tables made from the fact (`marts.mart_…`) → their columns and types."""
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in con.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where database_name = ? and schema_name = 'marts' and starts_with(table_name, 'mart_') "
        "order by table_name, column_index",
        [catalog],
    ).fetchall():
        found.setdefault(table, []).append((column, kind))
    return found


def write_mart_changes(
    con: duckdb.DuckDBPyConnection, history_dir: Path, release_id: str, older: str | None
) -> None:
    """Write the rows that each mart lost (sign -1) and gained (+1) against the release before.

    A mart has no key that holds for all of them: whole rows are compared. Where the release before
    lacks the mart, or has it with other columns, no file is written: its log begins here.
    """
    newer = _current_database(con)
    before = marts(con, older) if older else {}
    for mart, columns in marts(con, newer).items():
        if before.get(mart) != columns:
            continue
        now, then = f'{newer}.marts."{mart}"', f'{older}.marts."{mart}"'
        listed = ", ".join(f'"{name}"' for name, _ in columns)
        same = _rows_hash(con, now, listed) == _rows_hash(con, then, listed)
        moved = f"""
            select {listed}, sum(_copies) as _copies
            from (
                select {listed}, 1 as _copies from {now}
                union all
                select {listed}, -1 as _copies from {then}
            )
            group by {listed}
            having sum(_copies) <> 0
        """
        _copy(
            con,
            f"select '{release_id}' as release_id, cast(sign(_copies) as integer) as sign, "
            f"{listed} from (select *, unnest(range(cast(abs(_copies) as bigint))) from ({moved}))"
            + (" limit 0" if same else ""),
            history_dir / "marts" / mart / f"changes_{release_id}.parquet",
        )


def _rows_hash(con: duckdb.DuckDBPyConnection, table: str, columns: str) -> tuple[object, ...]:
    """Equal for equal rows in any order, and quickly told where a whole table did not move."""
    found: tuple[object, ...] = con.execute(
        f"select count(*), sum(hash({columns})) from {table}"
    ).fetchall()[0]
    return found


def reasons(con: duckdb.DuckDBPyConnection, newer: str, older: str) -> Reasons:
    """What differs between two attached releases besides their cells.

    A release of an earlier version of this project may not say what code it was built with; then
    only its snapshots are compared.
    """
    needed = ("meta.source_snapshot", "meta.indicator_code")
    if not all(_has(con, db, needed[0]) for db in (newer, older)):
        return Reasons()
    snapshots = f"""
        select source_id || '/' || part as part, source_id, canonical_sha256, entity_sha256,
            snapshot_id
        from {{}}.{needed[0]}"""
    rows = con.execute(
        f"""
        select coalesce(a.part, b.part), coalesce(a.source_id, b.source_id),
            coalesce(a.canonical_sha256 = b.canonical_sha256, false)
        from ({snapshots.format(newer)}) as a
        full join ({snapshots.format(older)}) as b using (part)
        where a.snapshot_id is distinct from b.snapshot_id
        """
    ).fetchall()
    data = frozenset(part for part, _, same in rows if not same)
    parser = frozenset(part for part, _, same in rows if same)
    sources = {source for _, source, same in rows if not same}
    if not all(_has(con, db, needed[1]) for db in (newer, older)):
        return Reasons(data, parser)
    code: dict[str, frozenset[str]] = {}
    for indicator, method, definition, correction, raw_tables in con.execute(
        f"""
        select a.indicator_id, a.code_sha256 is distinct from b.code_sha256,
            a.definitions_sha256 is distinct from b.definitions_sha256,
            a.corrections_sha256 is distinct from b.corrections_sha256,
            a.raw_tables
        from {newer}.{needed[1]} as a
        left join {older}.{needed[1]} as b using (indicator_id)
        """
    ).fetchall():
        named = {"method": method, "definition": definition, "correction": correction}
        named["data"] = any(table.split("__")[0] in sources for table in raw_tables)
        code[indicator] = frozenset(name for name, differs in named.items() if differs)
    return Reasons(data, parser, code)


def with_reasons_sql(changes: str, why: Reasons | None) -> str:
    """Change rows with a column `reason`.

    A part of the cell's own that has other figures is a reason, as is code or a list of the
    indicator that differs; a part that the indicator reads elsewhere is one only where nothing else
    is. Several that are joined by `+` are told apart by `diff --rebuild`.
    """
    if why is None:
        return f"select *, '{FIRST_RELEASE}' as reason from ({changes})"
    own = f"list_concat({parts_sql('old_source_ids')}, {parts_sql('new_source_ids')})"
    code = why.indicators or {}

    def of_indicator(name: str) -> str:
        named = sorted(i for i, differs in code.items() if name in differs)
        return f"indicator_id in ({_texts(named)})" if named else "false"

    def of_part(parts: Iterable[str]) -> str:
        listed = sorted(parts)
        return f"coalesce(list_has_any({own}, [{_texts(listed)}]), false)" if listed else "false"

    return f"""
        with marked as (
            select *,
                {of_part(why.data)} as is_data,
                {of_part(why.parser)} as is_parser,
                {of_indicator("correction")} as is_correction,
                {of_indicator("definition")} as is_definition,
                {of_indicator("method")} or new_method_version <> old_method_version as is_method,
                {of_indicator("data")} as is_data_elsewhere
            from ({changes})
        )
        select * exclude (
                is_data, is_parser, is_correction, is_definition, is_method, is_data_elsewhere
            ),
            case when change = 'rounding' then 'rounding' else coalesce(
                nullif(
                    concat_ws('+',
                        case when is_data then 'data' end,
                        case when is_parser then 'parser' end,
                        case when is_correction then 'correction' end,
                        case when is_definition then 'definition' end,
                        case when is_method then 'method' end
                    ), ''
                ),
                case when is_data_elsewhere then 'data' else '{UNEXPLAINED}' end
            ) end as reason
        from marked
    """


def fact_hash(con: duckdb.DuckDBPyConnection, relation: str = FACT) -> str:
    """Hash of a whole fact, in whatever order its rows lie: every column of every cell, exactly.

    The exclusive or of the cells' MD5 hashes, and their number: it tells accidents apart, and is
    the same for every version of the engine and any order of rows. 32 hexadecimal digits.
    """
    text = ", ".join(f"coalesce(cast({c} as varchar), '∅')" for c in (*KEY, *COLUMNS))
    cells, mixed = con.execute(
        f"select count(*), coalesce(bit_xor(md5_number(concat_ws('|', {text}))), 0) from {relation}"
    ).fetchall()[0]
    return hashlib.md5(f"{cells}|{mixed}".encode(), usedforsecurity=False).hexdigest()


# ---------------------------------------------------------------- the files


def change_files(history_dir: Path, name: str = "changes") -> dict[str, Path]:
    """Release → the file that has its rows: its own, or one into which it was merged."""
    found: dict[str, Path] = {}
    for path in sorted(history_dir.glob(f"{name}_*.parquet")):
        found[path.stem.removeprefix(f"{name}_")] = path
    for path in sorted(history_dir.glob(f"merged_{name}_*.parquet")):
        found.update(dict.fromkeys(_merged_releases(path), path))
    return found


def forget_unpublished(history_dir: Path, published: Iterable[str]) -> list[str]:
    """Remove files of a night that was killed before its release was journalled."""
    kept = set(published)
    gone = []
    for folder, name in _logs(history_dir):
        for path in folder.glob(f"{name}_*.parquet"):
            release = path.stem.removeprefix(f"{name}_")
            if release not in kept:
                path.unlink()
                gone.append(release)
    for path in history_dir.rglob("*.tmp"):
        path.unlink()
    return sorted(set(gone))


def _logs(history_dir: Path) -> list[tuple[Path, str]]:
    """Every folder of change files, and how they are called there."""
    own = [(history_dir, "changes"), (history_dir, "snapshots")]
    return own + [(folder, "changes") for folder in sorted(history_dir.glob("marts/*"))]


def compact(history_dir: Path, most: int = MOST_FILES) -> int:
    """Merge the older half of the change files where there are too many; no row is lost.

    A crash leaves both the merged file and its parts: the merged one counts, and the parts go with
    the next call.

    Returns:
        How many files were merged.
    """
    merged = 0
    for folder, name in _logs(history_dir):
        for path in folder.glob(f"merged_{name}_*.parquet"):
            for release in _merged_releases(path):
                (folder / f"{name}_{release}.parquet").unlink(missing_ok=True)
        own = sorted(folder.glob(f"{name}_*.parquet"))
        if len(own) <= most:
            continue
        older = own[: len(own) - most // 2]
        releases = [path.stem.removeprefix(f"{name}_") for path in older]
        target = folder / f"merged_{name}_{releases[0]}…{releases[-1]}.parquet"
        with duckdb.connect() as con:
            listed = _texts([str(path) for path in older])
            _copy(
                con,
                f"select * from read_parquet([{listed}], union_by_name = true) order by release_id",
                target,
                releases=",".join(releases),
            )
        for path in older:
            path.unlink()
        merged += len(older)
    return merged


def _merged_releases(path: Path) -> list[str]:
    import pyarrow.parquet as pq  # a tenth of a second, and seldom needed

    return pq.read_metadata(path).metadata[b"releases"].decode().split(",")


def _copy(con: duckdb.DuckDBPyConnection, query: str, target: Path, **metadata: str) -> None:
    """Write a query's rows to a Parquet file so that it is there whole or not at all."""
    temporary = target.with_suffix(".tmp")
    pairs = ", ".join(f"{key}: '{value}'" for key, value in metadata.items())
    with readable_os_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        con.execute(
            f"copy ({query}) to '{temporary}' (format parquet, compression zstd"
            + (f", kv_metadata {{{pairs}}})" if pairs else ")")
        )
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, target)
        fsync_dir(target.parent)


def _snapshot_changes_sql(newer: str, older: str | None) -> str:
    """Snapshots that went out of service and came in, with everything that is known of them."""
    table = "meta.source_snapshot"
    came = f"select 'in' as change, * from {newer}.{table}"
    if older is None:
        return came
    return f"""
        {came} where snapshot_id not in (select snapshot_id from {older}.{table})
        union all by name
        select 'out' as change, * from {older}.{table}
        where snapshot_id not in (select snapshot_id from {newer}.{table})
    """


def _current_database(con: duckdb.DuckDBPyConnection) -> str:
    return str(con.execute("select current_database()").fetchall()[0][0])


def _has(con: duckdb.DuckDBPyConnection, catalog: str, table: str) -> bool:
    found = con.execute(
        "select 1 from duckdb_tables() where database_name = ? "
        "and schema_name || '.' || table_name = ?",
        [catalog, table],
    ).fetchall()
    return bool(found)


def _texts(items: Iterable[str]) -> str:
    return ", ".join("'" + item.replace("'", "''") + "'" for item in items)
