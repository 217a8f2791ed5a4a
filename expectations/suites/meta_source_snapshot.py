"""Accounting of the raw layer: every row that was promoted is there, and little was turned away.

Belongs here: counts that hold for any source, so a new source is covered without a new suite.
Does not belong here: what the figures of one source look like.
"""

from __future__ import annotations

import duckdb

from expectations.model import Suite, at_least, between, present, same

_SNAPSHOTS = """
with in_raw as ({in_raw})
select
    coalesce(s.snapshot_id, r._snapshot_id) as snapshot_id,
    s.snapshot_id as declared_snapshot_id,
    s.rows_landed,
    s.rows_promoted,
    s.rows_promoted + s.rows_quarantined as rows_accounted,
    case when s.snapshot_id is not null then coalesce(r.rows_count, 0) end as rows_in_raw,
    s.rows_quarantined / nullif(s.rows_landed, 0) as quarantined_share,
    -- A handful of rows written by hand must not hold back what publishers delivered.
    case when s.snapshot_id not like 'supplement/%' then
        s.rows_quarantined / nullif(s.rows_landed, 0)
    end as delivered_quarantined_share,
    s.last_checked_at,
    s.retrieved_at
from meta.source_snapshot as s
full join in_raw as r on r._snapshot_id = s.snapshot_id
order by 1
"""


def _raw_tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute(
        "select table_name from information_schema.tables "
        "where table_schema = 'raw' and table_catalog = current_database() order by 1"
    ).fetchall()
    return [name for (name,) in rows]


def _union(parts: list[str], nothing: str) -> str:
    return " union all ".join(parts) if parts else nothing


def _snapshot_sql(con: duckdb.DuckDBPyConnection) -> str:
    parts = [f'select _snapshot_id from raw."{name}"' for name in _raw_tables(con)]
    rows = _union(parts, "select null::varchar as _snapshot_id where false")
    return _SNAPSHOTS.format(
        in_raw=f"select _snapshot_id, count(*) as rows_count from ({rows}) group by 1"
    )


def _table_sql(con: duckdb.DuckDBPyConnection) -> str:
    parts = [
        f"select 'raw.{name}' as table_name, count(*) as rows_count from raw.\"{name}\""
        for name in _raw_tables(con)
    ]
    return _union(parts, "select null::varchar as table_name, 0 as rows_count where false")


SUITES = (
    Suite(
        name="raw_tables",
        subject="raw",
        sql=_table_sql,
        key=("table_name",),
        checks=(between("rows", "Every raw table has rows", "rows_count", 1, None, "warning"),),
        empty="critical",
    ),
    Suite(
        name="meta.source_snapshot",
        subject="meta.source_snapshot",
        sql=_snapshot_sql,
        key=("snapshot_id",),
        checks=(
            present(
                "declared",
                "Every raw row belongs to a recorded snapshot",
                "declared_snapshot_id",
                "critical",
            ),
            same(
                "promoted",
                "Raw holds exactly the promoted rows of each snapshot",
                "rows_in_raw",
                "rows_promoted",
                "critical",
            ),
            same(
                "accounted",
                "Landed rows are promoted or quarantined",
                "rows_landed",
                "rows_accounted",
                "critical",
            ),
            between(
                "quarantined",
                "Few rows of a snapshot are quarantined",
                "quarantined_share",
                None,
                0.02,
                "warning",
            ),
            between(
                "quarantined_most",
                "A publisher's snapshot is not mostly quarantine",
                "delivered_quarantined_share",
                None,
                0.2,
                "critical",
            ),
            at_least(
                "clocks",
                "A snapshot was last checked no earlier than it was retrieved",
                "last_checked_at",
                "retrieved_at",
                "warning",
            ),
        ),
    ),
)
