"""Macros that a reader calls in the published file: the past, and where a number comes from.

Macros are kept as text and bound when they are called, so that they survive the copy into a
release, and every client of its storage version can call them. They name tables without a
database: a reader who attached the file says `use` first.

Belongs here: their SQL. Does not belong here: filling the tables that they read (`timeline`).
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from pipelines.history import COLUMNS, FACT, KEY


def _of(table: str, columns: Iterable[str]) -> str:
    return ", ".join(f"{table}.{column}" for column in columns)


def _undone(column: str) -> str:
    """The oldest later change of a column says what it was; wrapped, for the old may be NULL."""
    return (
        f"arg_min(struct_pack(v := r.old_{column}), r.seq) filter "
        f"(where contains(',' || r.changed_columns || ',', ',{column},')) as {column}"
    )


def _then(column: str) -> str:
    return f"case when undone.{column} is null then f.{column} else undone.{column}.v end"


# A day means its end, in UTC; a time without an offset is UTC.
_MOMENT = r"""
macro meta.moment(moment) as (
    case
        when length(trim(cast(moment as varchar))) <= 10
            then try_cast(trim(cast(moment as varchar)) || ' 23:59:59.999999+00' as timestamptz)
        when regexp_matches(cast(moment as varchar), ':\d{2}(\.\d+)?([zZ]|[+-]\d{2}(:?\d{2})?)\s*$')
            then try_cast(trim(cast(moment as varchar)) as timestamptz)
        else try_cast(trim(cast(moment as varchar)) || '+00' as timestamptz)
    end
)
"""
_SEQ_AT = """
macro meta.seq_at(moment) as (
    select case
        when moment is null then 9223372036854775807
        when max(seq) filter (where release_id = cast(moment as varchar)) is not null
            then max(seq) filter (where release_id = cast(moment as varchar))
        when meta.moment(moment) is null
            then error('neither a day, nor a time, nor a release: ' || cast(moment as varchar))
        when max(seq) filter (where served_from <= meta.moment(moment)) is null
            then error('nothing was published yet on ' || cast(moment as varchar)
                || '; the first release is of '
                || coalesce(cast(min(served_from) as varchar), 'none'))
        else max(seq) filter (where served_from <= meta.moment(moment))
    end
    from meta.release_history
)
"""
_TOLD_SEQ_AT = """
macro meta.told_seq_at(moment) as (
    select case
        when moment is null or meta.seq_at(moment) >= min(seq) filter (where is_told)
            then meta.seq_at(moment)
        else error('the log in this file begins with release '
            || arg_min(release_id, seq) filter (where is_told)
            || ' and does not reach back to ' || cast(moment as varchar)
            || '; the state directory has all of it: clusterkpi query --as-of')
    end
    from meta.release_history
)
"""
_SNAPSHOTS_AS_OF = """
macro marts.snapshots_as_of(moment) as table
with bound as (
    select meta.told_seq_at(moment) as seq
),
undone as (
    select l.part, arg_min(struct_pack(v := l.old_snapshot_id), l.seq) as snapshot
    from meta.snapshot_log as l
    cross join bound
    where l.seq > bound.seq
    group by l.part
),
known as (
    select * from meta.source_snapshot
    union all
    select * from meta.former_snapshot
),
served as (
    select s.snapshot_id
    from meta.source_snapshot as s
    left join undone on s.source_id || '/' || s.part = undone.part
    where undone.part is null
    union all
    select undone.snapshot.v from undone where undone.snapshot.v is not null
)
select known.*
from known
inner join served on known.snapshot_id = served.snapshot_id
"""
_IDS = "coalesce(served_lists.served_ids, cells.source_ids) as source_ids"
_AS_OF = f"""
macro marts.as_of(moment) as table
with bound as (
    select meta.told_seq_at(moment) as seq
),
undone as (
    select {_of("r", KEY)},
        arg_min(r.change, r.seq) = 'added' as is_absent,
        {", ".join(_undone(c) for c in COLUMNS)}
    from meta.revision as r
    cross join bound
    where r.seq > bound.seq
    group by {_of("r", KEY)}
),
cells as (
    select {_of("f", KEY)}, {", ".join(f"{_then(c)} as {c}" for c in COLUMNS)}
    from {FACT} as f
    left join undone using ({", ".join(KEY)})
    where undone.is_absent is null or not undone.is_absent
    union all
    select {_of("undone", KEY)}, {", ".join(f"undone.{c}.v" for c in COLUMNS)}
    from undone
    anti join {FACT} as f using ({", ".join(KEY)})
    where not undone.is_absent
),
served as (
    select source_id || '/' || part as part, snapshot_id from marts.snapshots_as_of(moment)
),
lists as (
    select distinct source_ids from cells where len(source_ids) > 0
),
ids as (
    select source_ids, unnest(source_ids) as snapshot_id,
        unnest(generate_series(1, len(source_ids))) as place
    from lists
),
served_lists as (
    select ids.source_ids,
        list(coalesce(served.snapshot_id, ids.snapshot_id) order by ids.place) as served_ids
    from ids
    left join served on regexp_replace(ids.snapshot_id, '@[^@]*$', '') = served.part
    group by ids.source_ids
)
select {_of("cells", KEY)},
    {", ".join(_IDS if c == "source_ids" else f"cells.{c}" for c in COLUMNS)}
from cells
left join served_lists on cells.source_ids = served_lists.source_ids
"""

# In the order in which they need each other, each with what a reader is told of it.
MACROS: dict[str, tuple[str, str]] = {
    "meta.moment": (_MOMENT, "A day (its end), a time or a text as a point in time, UTC."),
    "meta.seq_at": (_SEQ_AT, "Move that was the last one on a day, at a time, or of a release."),
    "meta.told_seq_at": (_TOLD_SEQ_AT, "The same; an error where this file's log has no answer."),
    "marts.snapshots_as_of": (
        _SNAPSHOTS_AS_OF,
        "Snapshots in service on a day, at a time, or in a release; NULL: now.",
    ),
    "marts.as_of": (
        _AS_OF,
        "The fact as it was served on a day, at a time, or in a release; NULL: now.",
    ),
}


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Make the macros in the current database, with their descriptions."""
    for name, (body, about) in MACROS.items():
        con.execute(f"create or replace {body.strip()}")
        kind = "macro table" if " as table\n" in body else "macro"
        con.execute(f"comment on {kind} {name} is '{about.replace(chr(39), chr(39) * 2)}'")
