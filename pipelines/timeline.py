"""Going back in time: the log that a release carries, and past releases told from it.

The journal says which release was in service when, rollbacks included; the change files say what
each release moved. Put in one row, they are a list of moves. A past state is the present one with
every later move taken back: of each cell the oldest later change says what it was before.

A release carries the log of its own past, as far as its budget goes (`meta.revision`); the state
directory has all of it (`history/`).

Belongs here: the order of moves, the log tables, and a database as it was on a day. Does not belong
here: finding changes (`history`), the macros that readers call (`reader_macros`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines import history, warehouse
from pipelines.errors import ConfigError
from pipelines.history import KEY
from pipelines.settings import Settings

# Bytes of a row of meta.revision in a published file, by the measurements in
# docs/benchmarks/provenance.md: what a row costs at all, and what each former term adds.
_ROW_BYTES, _TERM_BYTES = 40, 9
_FACT_ROW_BYTES = 75
# A table has a block of a file to itself, however few rows it has.
_FREE_BYTES = 1 << 18
_FREE_ROWS = 2000


_TOLD_HERE = ("revision", "snapshot_log", "former_snapshot", "release_history", "revision_quality")


@dataclass(frozen=True)
class Move:
    """One step from a served release to the next.

    Attributes:
        seq: number in the history of the realm; the same in every later release.
        release_id: release in service after it.
        log_id: release whose change files it is.
        undo: those changes were taken back (a rollback).
    """

    seq: int
    release_id: str
    log_id: str
    undo: bool = False


@dataclass(frozen=True)
class Timeline:
    """What was in service when.

    Attributes:
        events: the journal's events of this realm, oldest first, each with `seq` of its last move.
        moves: all moves that can be taken back, oldest first; the oldest state that can be told
            is the one before the first of them.
        since: seq of that state.
    """

    events: list[dict[str, Any]]
    moves: list[Move]
    since: int

    def cut(self, since: int) -> Timeline:
        """The same, told from `since` on."""
        moves = [move for move in self.moves if move.seq > since]
        return replace(self, moves=moves, since=max(self.since, since))

    @property
    def told(self) -> list[dict[str, Any]]:
        """Events whose state can be told."""
        return [event for event in self.events if event["seq"] >= self.since]


def read(events: Sequence[Mapping[str, Any]], realm: str, kept: Mapping[str, Path]) -> Timeline:
    """The timeline in a journal.

    Args:
        events: of the journal, oldest first.
        realm: synthetic or official; figures of the other one have their own past.
        kept: releases whose change files are there.

    Returns:
        A timeline that begins after the last break: a first release, a change file that is gone.
    """
    before: dict[str, str | None] = {}
    ours: list[dict[str, Any]] = []
    moves: list[Move] = []
    seq, since = 0, 0
    serving: str | None = None
    for event in events:
        name = str(event.get("release_id"))
        if event.get("event") == "publish" and event.get("realm") == realm:
            before[name] = event.get("previous_release_id")
            seq += 1
            if serving is not None and before[name] == serving and name in kept:
                moves.append(Move(seq, name, name))
            else:
                since, moves = seq, []
        elif event.get("event") == "rollback" and name in before:
            path = _path(before, serving, name)
            if path is None or any(log_id not in kept for log_id, _ in path):
                seq += 1
                since, moves = seq, []
            else:
                for log_id, undo in path:
                    seq += 1
                    moves.append(Move(seq, name, log_id, undo))
        else:
            continue  # another realm's
        serving = name
        ours.append({**event, "seq": seq})
    return Timeline(ours, moves, since)


def _path(
    before: Mapping[str, str | None], start: str | None, goal: str
) -> list[tuple[str, bool]] | None:
    """Change files from one release to another along the tree of 'built upon'; None: no way."""
    if start is None:
        return None
    up, down = _ancestry(before, start), _ancestry(before, goal)
    shared = next((name for name in up if name in down), None)
    if shared is None:
        return None
    back = [(name, True) for name in up[: up.index(shared)]]
    forth = [(name, False) for name in reversed(down[: down.index(shared)])]
    return back + forth


def _ancestry(before: Mapping[str, str | None], name: str | None) -> list[str]:
    line: list[str] = []
    while name is not None and name in before:
        line.append(name)
        name = before[name]
    return line


# ---------------------------------------------------------------- the log's tables


def publish_log(
    con: duckdb.DuckDBPyConnection, settings: Settings, release: warehouse.Release
) -> Timeline:
    """Write the log up to a release that is about to be published into its candidate."""
    event = {"event": "publish", **asdict(release), "file_bytes": None}
    events = [*warehouse.journal(settings.home), event]
    kept = history.change_files(settings.history_dir)
    budget = settings.revision_share * _FACT_ROW_BYTES * release.cells
    told = read(events, settings.realm, kept)
    write_mart_logs(con, settings.history_dir, events, settings.realm, settings.revision_share)
    return write_log(con, settings.history_dir, told, max(_FREE_BYTES, int(budget)))


def write_log(
    con: duckdb.DuckDBPyConnection,
    history_dir: Path,
    timeline: Timeline,
    budget_bytes: int | None = None,
) -> Timeline:
    """Fill meta.revision, snapshot_log, former_snapshot, release_history and revision_quality.

    Args:
        con: its current database has these tables, empty, and the newest release.
        history_dir: the change files.
        timeline: up to this release.
        budget_bytes: about how much room the log may take; the oldest moves are left out beyond
            it, the newest ones never. None: the whole log.

    Returns:
        The timeline that the tables tell.
    """
    _load_moves(con, timeline.moves)
    _load_revisions(con, history_dir, timeline)
    con.execute(_QUALITY)
    if budget_bytes is not None:
        timeline = timeline.cut(_first_affordable(con, timeline, budget_bytes))
    con.execute(
        "insert into meta.revision by name select * from all_revisions where seq > ? "
        f"order by seq, {', '.join(KEY)}",
        [timeline.since],
    )
    con.execute("drop table all_revisions")
    _load_snapshots(con, history_dir, timeline)
    con.execute("drop table log_moves")
    columns = [
        name
        for (name,) in con.execute(
            "select column_name from duckdb_columns() where database_name = current_database() "
            "and schema_name = 'meta' and table_name = 'release_history' order by column_index"
        ).fetchall()
    ]
    marks = ", ".join("?" for _ in columns)
    for event in timeline.events:
        record = {**event, "is_told": event["seq"] >= timeline.since}
        record["served_from"] = served_from(event)
        con.execute(
            f"insert into meta.release_history values ({marks})",
            [record.get(name) for name in columns],
        )
    return timeline


def write_mart_logs(
    con: duckdb.DuckDBPyConnection,
    history_dir: Path,
    events: Sequence[Mapping[str, Any]],
    realm: str,
    share: float | None,
) -> None:
    """Make meta.revision_<mart> for every mart, and meta.mart_history, which says since when.

    Args:
        con: its current database has the marts of the newest release.
        history_dir: the change files.
        events: of the journal.
        realm: synthetic or official.
        share: rows of a log that are kept, as a share of its mart's; the newest event's always
            are. None: all.
    """
    catalog = str(con.execute("select current_database()").fetchall()[0][0])
    con.execute("create or replace table meta.mart_history (mart varchar, since bigint)")
    for what, about in (
        ("table meta.mart_history", "Since when the past of a wide mart is told."),
        ("column meta.mart_history.mart", "mart"),
        ("column meta.mart_history.since", "oldest move, see meta.release_history"),
    ):
        con.execute(f"comment on {what} is '{about}'")
    for mart, columns in history.marts(con, catalog).items():
        kept = history.change_files(history_dir / "marts" / mart)
        told = read(events, realm, kept)
        listed = ", ".join(f'"{name}"' for name, _ in columns)
        con.execute(
            f'create or replace table meta."revision_{mart}" as '
            f'select 0::bigint as seq, 0::tinyint as sign, * from marts."{mart}" limit 0'
        )
        con.execute(
            f'comment on table meta."revision_{mart}" is \'Rows that {mart} gained (sign 1) and '
            "lost (-1) with each move, see meta.release_history.'"
        )
        for name in ("seq", "sign", *(column for column, _ in columns)):
            about = {"seq": "move, see meta.release_history", "sign": "1 gained, -1 lost"}
            con.execute(
                f'comment on column meta."revision_{mart}"."{name}" is '
                f"'{about.get(name, 'as in marts.' + mart)}'"
            )
        _load_moves(con, told.moves)
        files = sorted({str(kept[move.log_id]) for move in told.moves})
        if files:
            names = ", ".join("'" + name.replace("'", "''") + "'" for name in files)
            con.execute(
                f"""
                create or replace temp table mart_moves as
                select log_moves.seq, case when is_undo then -sign else sign end as sign, {listed}
                from read_parquet([{names}], union_by_name = true) as changes
                inner join log_moves on changes.release_id = log_moves.log_id
                """
            )
            if share is not None:
                told = told.cut(_first_kept(con, told, mart, share))
            con.execute(
                f'insert into meta."revision_{mart}" from mart_moves where seq > {told.since} '
                "order by seq"
            )
            con.execute("drop table mart_moves")
        con.execute("insert into meta.mart_history values (?, ?)", [mart, told.since])
        con.execute("drop table log_moves")


def _first_kept(con: duckdb.DuckDBPyConnection, timeline: Timeline, mart: str, share: float) -> int:
    rows = con.execute(f'select count(*) from marts."{mart}"').fetchall()[0][0]
    counts = dict(con.execute("select seq, count(*) from mart_moves group by 1").fetchall())
    return _oldest_state(timeline, counts, max(_FREE_ROWS, share * rows))


def _load_moves(con: duckdb.DuckDBPyConnection, moves: Sequence[Move]) -> None:
    con.execute(
        "create or replace temp table log_moves "
        "(seq bigint, release_id varchar, log_id varchar, is_undo boolean)"
    )
    for move in moves:
        con.execute(
            "insert into log_moves values (?, ?, ?, ?)",
            [move.seq, move.release_id, move.log_id, move.undo],
        )


def _load_revisions(con: duckdb.DuckDBPyConnection, history_dir: Path, timeline: Timeline) -> None:
    """Temporary table all_revisions: every change of every move, in the direction it was made."""
    kept = history.change_files(history_dir)
    files = sorted({str(kept[move.log_id]) for move in timeline.moves})
    if not files:
        con.execute("create or replace temp table all_revisions as from meta.revision limit 0")
        return
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in files)

    def side(name: str, old: str, new: str) -> str:
        return f"case when is_undo then {new}{name} else {old}{name} end"

    olds = ", ".join(f"{side(c, 'old_', 'new_')} as old_{c}" for c in history.COLUMNS)
    con.execute(
        f"""
        create or replace temp table all_revisions as
        with logged as (
            select log_moves.seq, log_moves.release_id, log_moves.is_undo,
                changes.* exclude (release_id)
            from read_parquet([{listed}], union_by_name = true) as changes
            inner join log_moves on changes.release_id = log_moves.log_id
        ),
        directed as (
            select seq, release_id, {", ".join(KEY)},
                case when is_undo and change = 'added' then 'dropped'
                    when is_undo and change = 'dropped' then 'added' else change end as change,
                case when is_undo then 'rollback' else reason end as reason,
                changed_columns,
                {olds},
                {side("value", "new_", "old_")} as new_value,
                {side("obs_status", "new_", "old_")} as new_obs_status
            from logged
        )
        select * exclude (old_components),
            -- what did not change need not be said twice
            case when change = 'dropped' or contains(changed_columns, 'components')
                then old_components end as old_components
        from directed
        """
    )


def _first_affordable(con: duckdb.DuckDBPyConnection, timeline: Timeline, budget_bytes: int) -> int:
    """The oldest state from which the log still fits; the newest event's moves always stay."""
    sizes = dict(
        con.execute(
            f"select seq, sum({_ROW_BYTES} + {_TERM_BYTES} * "
            "coalesce(cardinality(old_components), 0)) from all_revisions group by 1"
        ).fetchall()
    )
    return _oldest_state(timeline, sizes, budget_bytes)


def _oldest_state(timeline: Timeline, sizes: Mapping[int, float], room: float) -> int:
    """The oldest state so that what follows it fits; the newest event's moves always stay."""
    states = [event["seq"] for event in timeline.told]
    first = states[-2] if len(states) > 1 else states[-1]
    for state in reversed(states[:-2]):
        if sum(size for seq, size in sizes.items() if seq > state) > room:
            break
        first = state
    return int(first)


def _load_snapshots(con: duckdb.DuckDBPyConnection, history_dir: Path, timeline: Timeline) -> None:
    """Which snapshot of a part was in service when, and what is known of the former ones."""
    kept = history.change_files(history_dir, "snapshots")
    files = sorted({str(kept[move.log_id]) for move in timeline.moves if move.log_id in kept})
    if not files:
        return
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in files)
    con.execute(
        f"""
        create or replace temp table moved_snapshots as
        select log_moves.seq, log_moves.is_undo, log_moves.release_id as served_id, found.*
        from read_parquet([{listed}], union_by_name = true) as found
        inner join log_moves on found.release_id = log_moves.log_id
        where log_moves.seq > ?
        """,
        [timeline.since],
    )
    con.execute(
        """
        insert into meta.snapshot_log by name
        select seq, served_id as release_id, source_id || '/' || part as part,
            max(case when (change = 'out') <> is_undo then snapshot_id end) as old_snapshot_id,
            max(case when (change = 'in') <> is_undo then snapshot_id end) as new_snapshot_id
        from moved_snapshots
        group by all
        order by all
        """
    )
    names = {
        name
        for (name,) in con.execute(
            "select column_name from duckdb_columns() where table_name = 'moved_snapshots'"
        ).fetchall()
    }
    columns = ", ".join(
        name
        for (name,) in con.execute(
            "select column_name from duckdb_columns() where database_name = current_database() "
            "and schema_name = 'meta' and table_name = 'former_snapshot' order by column_index"
        ).fetchall()
        if name in names
    )
    con.execute(
        f"""
        insert into meta.former_snapshot by name
        select {columns} from moved_snapshots
        where snapshot_id not in (select snapshot_id from meta.source_snapshot)
        qualify row_number() over (partition by snapshot_id order by seq) = 1
        order by snapshot_id
        """
    )
    con.execute("drop table moved_snapshots")


# A step from one figure to the next counts where it came from data alone; taking it back by a
# rollback takes it off again.
_QUALITY = f"""
    insert into meta.revision_quality by name
    with steps as (
        select {", ".join(KEY)}, seq, old_value,
            new_value - old_value as step,
            reason in ('data', 'rollback') as is_of_data
        from all_revisions
        where old_value is not null and new_value is not null
            and change <> 'rounding' and contains(changed_columns, 'value')
    ),
    revised as (
        select {", ".join(KEY)},
            arg_min(old_value, seq) as first_value,
            coalesce(sum(step) filter (where is_of_data), 0) as revision,
            count(*) filter (where is_of_data) as steps_count,
            count(*) filter (where not is_of_data) as other_steps_count
        from steps
        group by all
    ),
    lists as (
        select distinct source_ids from {history.FACT}
    ),
    sources as (
        select source_ids, unnest(
                list_distinct(list_transform(source_ids, lambda s: split_part(s, '/', 1)))
            ) as source_id
        from lists
    ),
    cells as (
        select f.{", f.".join(KEY)}, sources.source_id, f.value,
            coalesce(revised.first_value, f.value) as first_value,
            coalesce(revised.revision, 0) as revision,
            coalesce(revised.steps_count, 0) as steps_count,
            coalesce(revised.other_steps_count, 0) as other_steps_count
        from {history.FACT} as f
        inner join sources on f.source_ids = sources.source_ids
        left join revised using ({", ".join(KEY)})
        where f.value is not null
    ),
    vintages as (
        select indicator_id, basis, count(distinct seq) as newer_count
        from all_revisions
        where contains(reason, 'data')
        group by all
    )
    select
        cells.indicator_id,
        cells.basis,
        cells.source_id,
        1 + coalesce(any_value(vintages.newer_count), 0) as vintages_count,
        count(*) as cells_count,
        count(*) filter (where cells.steps_count > 0) as revised_count,
        count(*) filter (where cells.other_steps_count > 0) as redefined_count,
        avg(cells.revision) as mean_revision,
        avg(abs(cells.revision)) as mean_abs_revision,
        avg(abs(cells.revision) / nullif(abs(cells.first_value), 0)) as mean_abs_revision_share,
        count(*) filter (where cells.revision > 0)
            / nullif(count(*) filter (where cells.revision <> 0), 0) as upward_share
    from cells
    left join vintages using (indicator_id, basis)
    group by cells.indicator_id, cells.basis, cells.source_id
    order by all
"""


# ---------------------------------------------------------------- a database as it was


@contextlib.contextmanager
def open_as_of(
    settings: Settings, moment: str, *, from_files: bool = True
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """A connection to the release that was in service at a moment.

    Args:
        settings: where.
        moment: a day (its end, UTC), a time, or a release.
        from_files: use the release's own file where it is still kept. Without it, and where
            retention removed the file, the fact and the snapshots are told from the history, and
            dimensions and lists are those of today.

    Yields:
        The connection, with schemas marts, reference and meta, and the release's id.

    Raises:
        ConfigError: nothing was published then, or the history does not reach back.
    """
    current = warehouse.current_path(settings.home)
    events = warehouse.journal(settings.home)
    with warehouse.open_published(settings.home, current) as con:
        realm = con.execute("select realm from meta.release").fetchall()[0][0]
    told = read(events, realm, history.change_files(settings.history_dir))
    event = event_at(told, moment)
    release_id = event["release_id"]
    kept = settings.published_dir / f"release_{release_id}.duckdb"
    if from_files and kept.exists():
        with warehouse.open_published(settings.home, kept) as con:
            yield con, release_id
        return
    if event["seq"] < told.since:
        first = told.told[0]["release_id"] if told.told else "none"
        raise ConfigError(
            f"the history in {settings.history_dir} begins with release {first} and does not reach "
            f"back to {moment}, and the file of release {release_id} is no longer kept"
        )
    with open_log(settings) as (con, _):
        _serve(con, event, told)
        yield con, release_id


@contextlib.contextmanager
def open_log(settings: Settings) -> Iterator[tuple[duckdb.DuckDBPyConnection, Timeline]]:
    """A connection in which the release in service has the whole history, not what it has room for.

    Yields:
        The connection, in whose current database `log` the macros of a release work, and the
        timeline that they tell.
    """
    from pipelines import candidate, reader_macros

    current = warehouse.current_path(settings.home)
    with duckdb.connect() as con:
        con.execute(f"attach '{current}' as newest (read_only)")
        realm = con.execute("select realm from newest.meta.release").fetchall()[0][0]
        events = warehouse.journal(settings.home)
        told = read(events, realm, history.change_files(settings.history_dir))
        con.execute("attach ':memory:' as log; use log")
        for schema in warehouse.PUBLISHED_SCHEMAS:
            con.execute(f"create schema {schema}")
        for schema, table in _tables(con):
            if schema != "meta" or not _is_told_here(table):
                con.execute(f'create view {schema}."{table}" as from newest.{schema}."{table}"')
        for table in _TOLD_HERE:
            con.execute(candidate.create_sql(table))
        write_log(con, settings.history_dir, told)
        write_mart_logs(con, settings.history_dir, events, realm, None)
        reader_macros.create(con)
        yield con, told


def _is_told_here(table: str) -> bool:
    return table in _TOLD_HERE or table == "mart_history" or table.startswith("revision_mart_")


def _tables(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return con.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'newest' "
        "order by all"
    ).fetchall()


def event_at(timeline: Timeline, moment: str) -> dict[str, Any]:
    """The event whose release was in service at a moment.

    Raises:
        ConfigError: it is neither a day, a time nor a release, or nothing was published yet.
    """
    named = [event for event in timeline.events if event["release_id"] == moment]
    if named:
        return named[-1]
    try:
        when = datetime.fromisoformat(moment)
    except ValueError as error:
        raise ConfigError(
            f"{moment!r} is neither a day (2026-11-25), a time (2026-11-25T14:00) nor a release; "
            "see `clusterkpi releases`"
        ) from error
    if len(moment) <= len("2026-11-25"):
        when += timedelta(days=1, microseconds=-1)
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    served = [e for e in timeline.events if datetime.fromisoformat(served_from(e)) <= when]
    if not served:
        first = timeline.events[0] if timeline.events else {}
        raise ConfigError(
            f"nothing was published yet on {moment}; the first release is of "
            f"{served_from(first)[:19] if first else 'no day'}"
        )
    return served[-1]


def served_from(event: Mapping[str, Any]) -> str:
    """Since when an event's release was in service."""
    return str(event.get("at") or event.get("published_at") or event["built_at"])


def _serve(con: duckdb.DuckDBPyConnection, event: Mapping[str, Any], timeline: Timeline) -> None:
    """Add a database `served` with what a reader saw in the release of an event, and use it."""
    release_id = event["release_id"]
    con.execute("attach ':memory:' as served")
    for schema in warehouse.PUBLISHED_SCHEMAS:
        con.execute(f"create schema served.{schema}")
    con.execute(f"create table served.{history.FACT} as from marts.as_of('{release_id}')")
    con.execute(
        f"create table served.meta.source_snapshot as from marts.snapshots_as_of('{release_id}')"
    )
    con.execute("use served")
    con.execute("create table meta.release as from newest.meta.release limit 0")
    published = next(e for e in timeline.events if e["release_id"] == release_id)
    record = {**published, "is_synthetic": published["realm"] == "synthetic"}
    names = [
        name
        for (name,) in con.execute(
            "select column_name from duckdb_columns() where database_name = 'served' "
            "and table_name = 'release' order by column_index"
        ).fetchall()
    ]
    con.execute(
        f"insert into meta.release values ({', '.join('?' for _ in names)})",
        [record.get(name) for name in names],
    )
    there = {f"{schema}.{table}" for schema, table in _tables(con)}
    for mart, since in con.execute("from log.meta.mart_history").fetchall():
        there.discard(f"marts.{mart}")  # not there is better than not as it was
        if since <= event["seq"]:
            con.execute("use log")
            con.execute(
                f'create table served.marts."{mart}" as from marts."{mart}_as_of"(\'{release_id}\')'
            )
            con.execute("use served")
    for name in sorted(there - {history.FACT, "meta.source_snapshot", "meta.release"}):
        schema, table = name.split(".", 1)
        con.execute(f'create view {schema}."{table}" as from newest.{schema}."{table}"')
