"""Readers while releases move, and processes killed in the middle of publishing."""

from __future__ import annotations

import multiprocessing as mp
import os
import random
import signal
import time
from pathlib import Path

import duckdb
import pytest

from pipelines import warehouse
from tests.publishing import build_candidate, publish_forever, publish_once

READERS, PUBLISHES, KILLS = 8, 30, 50


def _read_until(home: str, stop: mp.synchronize.Event, results: mp.Queue) -> None:
    """Open, read, compare, close; count what was seen and what went wrong."""
    seen: set[str] = set()
    errors: list[str] = []
    reads = 0
    while not stop.is_set():
        try:
            with duckdb.connect(f"{home}/published/current.duckdb", read_only=True) as con:
                release = con.sql("select release_id from meta.release").fetchall()[0][0]
                time.sleep(0.05)  # a reader that takes its time within one connection
                marks = con.sql(
                    "select distinct method_version from marts.fct_indicator_value"
                ).fetchall()
            if marks != [(release,)]:
                errors.append(f"release {release} holds cells of {marks}")
            seen.add(release)
            reads += 1
        except duckdb.Error as error:
            errors.append(str(error))
    results.put((reads, len(seen), errors))


def test_eight_readers_during_thirty_publishes_see_whole_releases_only(tmp_path: Path) -> None:
    home = tmp_path / "home"
    publish_once(home, 0)
    context = mp.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    readers = [
        context.Process(target=_read_until, args=(str(home), stop, results)) for _ in range(READERS)
    ]
    for reader in readers:
        reader.start()
    time.sleep(1.0)
    for number in range(1, PUBLISHES + 1):
        publish_once(home, number)
    stop.set()
    outcomes = [results.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join(timeout=60)
    assert [errors for _, _, errors in outcomes if errors] == []
    assert sum(reads for reads, _, _ in outcomes) >= 10 * READERS
    assert max(releases for _, releases, _ in outcomes) >= 3


def test_killed_at_fifty_moments_of_publishing(tmp_path: Path) -> None:
    """The loop publishes without a pause; the kill comes at a random moment of it."""
    home = tmp_path / "home"
    publish_once(home, 0)
    chance = random.Random(20050309)
    context = mp.get_context("forkserver")  # a child is ready in milliseconds
    context.set_forkserver_preload(["tests.publishing"])
    for kill in range(KILLS):
        begun = context.Event()
        child = context.Process(target=publish_forever, args=(str(home), 1000 * (kill + 1), begun))
        child.start()
        assert begun.wait(timeout=30)
        time.sleep(chance.uniform(0.0, 0.8))
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        before = warehouse.current_path(home)
        with duckdb.connect(str(before), read_only=True) as con:
            found = con.execute(
                "select (select release_id from meta.release) = min(method_version), "
                "min(method_version) = max(method_version), count(*) "
                "from marts.fct_indicator_value"
            ).fetchall()[0]
        assert found == (True, True, 2000), f"kill {kill}"
        warehouse.recover(home)
        journal = [r.release_id for r in warehouse.releases(home)]
        assert warehouse.current_path(home).stem.removeprefix("release_") == journal[-1]
        kept = {p.stem.removeprefix("release_") for p in (home / "published").glob("release_*")}
        assert kept <= set(journal)
    assert len(warehouse.releases(home)) > 5  # some publishes did finish


def test_candidate_without_the_fact_is_not_published(tmp_path: Path) -> None:
    from pipelines.errors import PublishFailed

    home = tmp_path / "home"
    publish_once(home, 0)
    settings = build_candidate(home, "20990101T000000Z_x")
    with warehouse.open_candidate(settings) as con:
        con.execute("drop table marts.fct_indicator_value")
    with pytest.raises(PublishFailed, match="a reader cannot open"):
        warehouse.compact_copy(settings, "20990101T000000Z_x")
    assert warehouse.current_path(home).stem.endswith("_n0")
