"""A tiny warehouse to publish over and over."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path

from pipelines import history, warehouse
from pipelines.settings import Settings
from pipelines.storage import exclusive
from pipelines.warehouse import Release

CELLS = 2000


def build_candidate(home: Path, release_id: str) -> Settings:
    """A candidate whose every cell carries the release's name, so that a mixture shows."""
    settings = Settings(home=home, profile="live")
    warehouse.new_candidate(settings)
    with warehouse.open_candidate(settings) as con:
        con.execute("create schema marts; create schema meta; create schema staging")
        con.execute("create table staging.scratch as select 1 as n")
        con.execute("create table meta.release as select ? as release_id", [release_id])
        con.execute(
            "create table marts.fct_indicator_value as select 'i' as indicator_id, "
            "'g' || n as geo_id, 'all' as cluster_id, '2020' as period, 'b' as basis, "
            "n::double as value, null::double as value_lower, null::double as value_upper, "
            "'A' as obs_status, ['s'] as source_ids, ? as method_version "
            f"from range({CELLS}) as r(n)",
            [release_id],
        )
    return settings


def publish_once(home: Path, number: int) -> None:
    """Build and publish release `number`, by the same functions as a night."""
    release_id = f"{20200101000000 + number}Z_n{number}"
    with exclusive(home):
        warehouse.recover(home)
        settings = build_candidate(home, release_id)
        link = home / "published" / warehouse.CURRENT
        previous = link.resolve() if link.exists() else None
        file = warehouse.compact_copy(settings, release_id)
        counts = history.write_changes(settings.history_dir, file, previous, release_id)
        release = Release(
            release_id,
            datetime.now(UTC).isoformat(),
            "live",
            "official",
            release_id,
            CELLS,
            counts.added,
            counts.changed,
            counts.dropped,
        )
        warehouse.record_and_point(home, release)
        warehouse.apply_retention(home, keep=5)


def publish_forever(home: str, first: int, begun: Event) -> None:
    """Publish without a pause until killed."""
    begun.set()
    for number in itertools.count(first):
        publish_once(Path(home), number)
