"""A release that moves on: copies of one built by a night, changed as nights change figures.

Belongs here: changes of data, methods, definitions and lists, as SQL on a candidate. Does not
belong here: how a release is logged and published (the functions of a night do that).
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from pipelines import candidate, steps, warehouse
from pipelines.history import FACT
from pipelines.lineage import Lineage
from pipelines.settings import Settings
from pipelines.warehouse import Release

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def newer_vintage(part: str, stamp: str) -> list[str]:
    """SQL that puts a newer snapshot of a part in service, with figures of its own."""
    return [
        f"update meta.source_snapshot set snapshot_id = '{part}@{stamp}', vintage = '{stamp}', "
        f"canonical_sha256 = sha256('{part}@{stamp}') where source_id || '/' || part = '{part}'",
        f"update {FACT} set source_ids = list_transform(source_ids, lambda s: case when "
        f"starts_with(s, '{part}@') then '{part}@{stamp}' else s end) "
        f"where len(list_filter(source_ids, lambda s: starts_with(s, '{part}@'))) > 0",
    ]


def other_code(indicator: str, column: str = "code_sha256") -> str:
    return (
        f"update meta.indicator_code set {column} = sha256({column}) "
        f"where indicator_id = '{indicator}'"
    )


def some(share: int, rest: int = 0) -> str:
    """SQL condition: one cell in `share`; which ones says nothing of those of another share."""
    return f"hash('{share}' || geo_id || period || cluster_id || basis) % {share} = {rest}"


def update(where: str, assignments: str) -> str:
    return f"update {FACT} set {assignments} where {where}"


WDI, PATENTS = "wdi/IT.NET.BBND.P2", "wdi/IP.PAT.RESD"
BROADBAND, SHARE, QUOTIENT, RSCA = (
    f"indicator_id = '{name}'"
    for name in (
        "broadband_adoption",
        "indigenous_patent_share",
        "location_quotient",
        "rsca_export",
    )
)

# What each night changes: data, data with cells that come and go, a method, a definition, statuses,
# terms under a new method, last digits, data and method at once, an indicator gone and back.
NIGHTS: list[list[str]] = [
    [*newer_vintage(WDI, "v2"), update(f"{BROADBAND} and {some(3)}", "value = value * 1.01")],
    [
        *newer_vintage(PATENTS, "v2"),
        f"delete from {FACT} where {SHARE} and {some(5)}",
        f"insert into {FACT} select * replace (period || 'P' as period, 0.5 as value) from {FACT} "
        f"where {SHARE} and {some(7)}",
    ],
    [
        update(QUOTIENT, "value = value * 2, value_lower = value_lower * 2, method_version = '2'"),
        other_code("location_quotient"),
    ],
    [
        update(
            f"{RSCA} and cluster_id = 'automotive'",
            "value = value / 3, components = map_concat(components, map {'rca': 9.0::double})",
        ),
        other_code("rsca_export", "definitions_sha256"),
    ],
    [
        *newer_vintage(WDI, "v3"),
        update(f"{BROADBAND} and {some(4)} and value > 0", "obs_status = 'P'"),
    ],
    [update(f"{RSCA} and {some(6)}", "n_obs = n_obs + 1"), other_code("rsca_export")],
    [update(f"{QUOTIENT} and {some(2)}", "value = value * (1 + 4e-16)")],
    [
        *newer_vintage(PATENTS, "v3"),
        other_code("indigenous_patent_share"),
        update(f"{SHARE} and {some(2)}", "value = value + 0.1, method_version = '2'"),
        f"delete from {FACT} where {BROADBAND}",
    ],
    [
        f"insert into {FACT} select * replace (list_transform(source_ids, lambda s: "
        f"case when starts_with(s, '{WDI}@') then '{WDI}@v3' else s end) as source_ids) "
        f"from first.{FACT} where {BROADBAND} and {some(3)}"
    ],
]


def begin(file: Path, home: Path, one_in: int = 1) -> Release:
    """Publish a copy of a release, thinned to one cell in `one_in`, as the first of a new home.

    The patent shares, of which there are few, stay. Where it is thinned, tables that are neither a
    mart nor small are emptied: no night here moves them, and each would be copied ten times.
    """
    thinned = [f"delete from {FACT} where not ({some(one_in)} or {SHARE})"]
    if one_in > 1:
        with duckdb.connect(str(file), read_only=True) as con:
            large = con.execute(
                "select table_name from duckdb_tables() where schema_name = 'marts' "
                "and estimated_size > 10000 and not starts_with(table_name, 'fct_')"
            ).fetchall()
        thinned += [f'delete from marts."{table}"' for (table,) in large]
    return _publish(home, file, 1, thinned, file)


def move_on(home: Path, number: int, changes: list[str], first: Path) -> Release:
    """Publish what a night changed; `first` may be read in the SQL as database `first`."""
    return _publish(home, warehouse.current_path(home), number, changes, first)


def _publish(home: Path, file: Path, number: int, changes: list[str], first: Path) -> Release:
    settings = Settings(home=home, profile="demo")
    link = home / "published" / warehouse.CURRENT
    baseline = link.resolve() if link.exists() else None
    warehouse.new_candidate(settings)
    with warehouse.open_candidate(settings) as con:
        con.execute(f"attach '{file}' as last (read_only)")
        con.execute("copy from database last to candidate")
        con.execute("detach last")
        con.execute(f"attach '{first}' as first (read_only)")
        for sql in changes:
            con.execute(sql)
        con.execute("detach first")
        release_id = f"{BEGIN + timedelta(days=number):%Y%m%dT%H%M%SZ}_n{number}"
        con.execute("update meta.release set release_id = ?", [release_id])
        edges, code = _taken_out(con)
        release = steps.log_release(
            con,
            settings,
            Release(
                release_id,
                (BEGIN + timedelta(days=number)).isoformat(),
                "demo",
                "synthetic",
                release_id,
                previous_release_id=baseline.stem.removeprefix("release_") if baseline else None,
                published_at=(BEGIN + timedelta(days=number, hours=1)).isoformat(),
            ),
            Lineage(edges, code),
            baseline,
        )
    path = warehouse.compact_copy(settings, release_id)
    release = dataclasses.replace(release, file_bytes=path.stat().st_size)
    warehouse.record_and_point(home, release)
    return release


def _taken_out(
    con: duckdb.DuckDBPyConnection,
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Empty what is filled when a release is logged; lineage and code go on from night to night."""
    kept = [con.sql(f"from meta.{name}").pl().to_dicts() for name in ("lineage", "indicator_code")]
    for name in candidate.FILLED_LATER:
        if name != "check_result":
            con.execute(f"delete from meta.{name}")
    return kept[0], kept[1]
