"""The revision log: which cells changed from one release to the next.

Each release writes one Parquet file with the cells that were added, changed or dropped against
the release before it in the same realm; together they are an append-only history.

Belongs here: comparing two facts, reading the log. Does not belong here: publishing.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.storage import fsync_dir, readable_os_errors

# Sums of doubles differ in the last bits between two builds of the same figures.
RELATIVE_TOLERANCE = 1e-9

_KEY = ("indicator_id", "geo_id", "cluster_id", "period", "basis")
_FACT = "marts.fct_indicator_value"


@dataclass(frozen=True)
class ChangeCounts:
    """How many cells of the fact changed, by kind."""

    added: int = 0
    changed: int = 0
    dropped: int = 0

    @property
    def total(self) -> int:
        return self.added + self.changed + self.dropped


def changes_sql(new: str, old: str | None) -> str:
    """SQL of the change rows between the facts of two attached databases.

    Args:
        new: catalog name of the newer release.
        old: catalog name of the older one; None compares against nothing (first release).

    Returns:
        A query with the key, `change` ('added', 'changed', 'dropped') and old and new value,
        bounds, status and sources. Values within 1e-9 of each other are equal.
    """
    before = f"{old}.{_FACT}" if old else f"(select * from {new}.{_FACT} where false)"
    key = ", ".join(_KEY)

    def differs(column: str) -> str:
        return (
            f"((a.{column} is null) <> (b.{column} is null) or abs(a.{column} - b.{column}) > "
            f"{RELATIVE_TOLERANCE} * greatest(abs(a.{column}), abs(b.{column})))"
        )

    moved = " or ".join(
        [
            *(differs(c) for c in ("value", "value_lower", "value_upper")),
            "a.obs_status is distinct from b.obs_status",
        ]
    )
    return f"""
        select {key},
            case when b.indicator_id is null then 'added'
                 when a.indicator_id is null then 'dropped' else 'changed' end as change,
            b.value as old_value, a.value as new_value,
            b.value_lower as old_value_lower, a.value_lower as new_value_lower,
            b.value_upper as old_value_upper, a.value_upper as new_value_upper,
            b.obs_status as old_obs_status, a.obs_status as new_obs_status,
            b.source_ids as old_source_ids, a.source_ids as new_source_ids,
            b.method_version as old_method_version, a.method_version as new_method_version
        from {new}.{_FACT} as a
        full join {before} as b using ({key})
        where a.indicator_id is null or b.indicator_id is null or {moved}
    """


def write_changes(
    history_dir: Path, new_file: Path, old_file: Path | None, release_id: str
) -> ChangeCounts:
    """Write `changes_<release>.parquet` and count its rows by kind."""
    target = history_dir / f"changes_{release_id}.parquet"
    temporary = target.with_suffix(".tmp")
    with readable_os_errors(target):
        history_dir.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(f"attach '{new_file}' as newer (read_only)")
        if old_file is not None:
            con.execute(f"attach '{old_file}' as older (read_only)")
        query = changes_sql("newer", "older" if old_file is not None else None)
        con.execute(f"create table changes as {query}")
        con.execute(
            f"copy (select '{release_id}' as release_id, * from changes order by all) "
            f"to '{temporary}' (format parquet, compression zstd)"
        )
        found = Counter(
            dict(con.execute("select change, count(*) from changes group by 1").fetchall())
        )
    with readable_os_errors(target):
        os.replace(temporary, target)
        fsync_dir(history_dir)
    return ChangeCounts(found["added"], found["changed"], found["dropped"])
