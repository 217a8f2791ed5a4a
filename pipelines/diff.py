"""What moved from one release to another: counts by source and indicator, and the largest moves.

Any two releases can be compared, neighbours or not, whether their files are still kept or not.

Belongs here: comparing two served states and summing up. Does not belong here: how it is printed
(`commands`), telling method from data by building anew (`attribution`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from pipelines import history, timeline, warehouse
from pipelines.errors import ConfigError
from pipelines.history import KEY
from pipelines.settings import Settings

# How far a value moved, from 0 to 2: free of units, and defined where one of them is zero.
_MOVE = "abs(new_value - old_value) / nullif(greatest(abs(new_value), abs(old_value)), 0)"


@dataclass(frozen=True)
class Diff:
    """Two releases side by side.

    Attributes:
        old, new: ids.
        cells: one row for each cell that differs, with old and new, `change` and `reason`.
        snapshots: parts whose snapshot differs, with what is known of both.
    """

    old: str
    new: str
    cells: pl.DataFrame
    snapshots: pl.DataFrame

    def summary(self) -> pl.DataFrame:
        """Cells by indicator, sources and reason: how many of each kind, and how far they moved."""
        by = ("indicator_id", "sources", "reason")
        counts = ((pl.col("change") == kind).sum().alias(kind) for kind in history.KINDS)
        moves = (
            pl.col("move").median().alias("median_move"),
            pl.col("move").max().alias("largest_move"),
        )
        return self.cells.group_by(by).agg(*counts, *moves).sort(by)

    def largest(self, most: int) -> pl.DataFrame:
        """The cells that moved most, relative to the larger of both values."""
        moved = self.cells.filter(pl.col("move") > 0)
        return moved.sort("move", *KEY, descending=[True, *(False for _ in KEY)]).head(most)

    def methods(self) -> list[str]:
        """A sentence for each indicator whose method moved cells."""
        rows = self.cells.filter(
            pl.col("reason").str.contains("method")
            & pl.col("change").is_in(["added", "dropped"]).not_()
        )
        told = []
        for (indicator,), group in rows.group_by("indicator_id", maintain_order=True):
            versions = group.select("old_method_version", "new_method_version").unique().rows()
            bumped = sorted(f"{old} → {new}" for old, new in versions if old != new)
            how = (
                f"method version {', '.join(bumped)}"
                if bumped
                else f"its code changed and its method version is still {versions[0][1]}"
            )
            told.append(f"{indicator}: {how}")
        return sorted(told)


def between(settings: Settings, old: str | None = None, new: str | None = None) -> Diff:
    """Compare two releases.

    Args:
        settings: where.
        old: release, day or time; default: the one that was in service before the current.
        new: release, day or time; default: the one in service.

    Raises:
        ConfigError: there is no such release, or neither file nor history tells it any more.
    """
    with timeline.open_log(settings) as (con, told):
        newest = told.events[-1]
        after = timeline.event_at(told, new) if new else newest
        before = timeline.event_at(told, old) if old else _event_before(told, after)
        if min(before["seq"], after["seq"]) >= told.since:
            return _from_log(con, before, after)
    files = [
        settings.published_dir / f"release_{event['release_id']}.duckdb"
        for event in (before, after)
    ]
    gone = [path.stem.removeprefix("release_") for path in files if not path.exists()]
    if gone:
        raise ConfigError(
            f"release {gone[0]} cannot be told any more: its file is not kept, and the history in "
            f"{settings.history_dir} begins later"
        )
    with duckdb.connect() as con:
        con.execute(f"attach '{files[0]}' as older (read_only)")
        con.execute(f"attach '{files[1]}' as newer (read_only)")
        why = history.reasons(con, "newer", "older")
        columns = history.common_columns(con, "newer", "older")
        changes = history.with_reasons_sql(
            history.changes_sql(f"newer.{history.FACT}", f"older.{history.FACT}", columns), why
        )
        return _diff(
            con, before, after, changes, "older.meta.source_snapshot", "newer.meta.source_snapshot"
        )


def _event_before(told: timeline.Timeline, event: dict[str, Any]) -> dict[str, Any]:
    earlier = [e for e in told.events if e["seq"] < event["seq"]]
    others = [e for e in earlier if e["release_id"] != event["release_id"]]
    if not others:
        raise ConfigError(
            f"there is no release before {event['release_id']} to compare with; "
            "see `clusterkpi releases`"
        )
    return others[-1]


def _from_log(
    con: duckdb.DuckDBPyConnection, before: dict[str, Any], after: dict[str, Any]
) -> Diff:
    """Both states from the log; the reasons of a cell are those of all moves in between."""
    for name, event in (("state_before", before), ("state_after", after)):
        con.execute(f"create temp table {name} as from marts.as_of('{event['release_id']}')")
        con.execute(
            f"create temp table {name}_snapshots as "
            f"from marts.snapshots_as_of('{event['release_id']}')"
        )
    key = ", ".join(KEY)
    first, last = sorted((before["seq"], after["seq"]))
    changes = f"""
        with moves as (
            select {key}, unnest(string_split(reason, '+')) as reason
            from meta.revision
            where seq > {first} and seq <= {last} and change <> 'rounding'
        ),
        why as (
            select {key}, string_agg(distinct reason, '+' order by reason) as reason
            from moves
            where reason <> 'rollback' or (select count(*) from moves) = 0
            group by all
        )
        select changes.*,
            case when changes.change = 'rounding' then 'rounding'
                else coalesce(why.reason, 'rollback') end as reason
        from ({history.changes_sql("state_after", "state_before")}) as changes
        left join why using ({key})
    """
    return _diff(con, before, after, changes, "state_before_snapshots", "state_after_snapshots")


def _diff(
    con: duckdb.DuckDBPyConnection,
    before: dict[str, Any],
    after: dict[str, Any],
    changes: str,
    old_snapshots: str,
    new_snapshots: str,
) -> Diff:
    parts = history.parts_sql("coalesce(new_source_ids, old_source_ids)")
    cells = con.sql(
        f"""
        with changes as ({changes})
        select *,
            coalesce(
                nullif(
                    array_to_string(
                        list_sort(
                            list_distinct(list_transform({parts}, lambda p: split_part(p, '/', 1)))
                        ), '+'
                    ), ''
                ), 'none'
            ) as sources,
            {_MOVE} as move
        from changes
        order by {", ".join(KEY)}
        """
    ).pl()
    columns = "source_version, source_changed_at, retrieved_at, canonical_sha256, snapshot_id"
    snapshots = con.sql(
        f"""
        select coalesce(n.source_id, o.source_id) as source_id, coalesce(n.part, o.part) as part,
            {", ".join(f"o.{c} as old_{c}, n.{c} as new_{c}" for c in columns.split(", "))}
        from {new_snapshots} as n
        full join {old_snapshots} as o
            on n.source_id = o.source_id and n.part = o.part
        where n.snapshot_id is distinct from o.snapshot_id
        order by 1, 2
        """
    ).pl()
    return Diff(before["release_id"], after["release_id"], cells, snapshots)


def serving(settings: Settings) -> str:
    """Id of the release in service."""
    return warehouse.current_path(settings.home).stem.removeprefix("release_")
