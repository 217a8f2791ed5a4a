"""Several writers and many readers on one DuckLake: does any reader see half a release?

    python deploy/ducklake/rehearse.py RELEASE_FILE --catalogue … --data … [--extensions DIR]

Two publishers put two versions of a small release (20,000 and 10,000 cells of it) into the
lake in turn, at the same time, while readers ask in one transaction each. A reader counts as torn
when the tables of a publisher are not of one version. Use an empty lake.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
from publish import connect, prepare, publish

CELLS = (20_000, 10_000)
ROUNDS, READERS = 6, 4


def small(release: Path, target: Path, cells: int) -> None:
    """A release with fewer cells; each row of meta.release says how many."""
    con = duckdb.connect(str(target))
    con.execute(f"attach '{release}' as whole (read_only)")
    con.execute("create schema marts; create schema meta")
    con.execute(
        "create table marts.fct_indicator_value as select * from whole.marts.fct_indicator_value "
        f"limit {cells}"
    )
    con.execute("create table marts.dim_geo as from whole.marts.dim_geo")
    con.execute(
        "create table meta.release as select release_id, built_at, "
        f"{cells} as cells from whole.meta.release"
    )
    con.close()


def write(lake: dict[str, Any], releases: list[Path], publisher: str, answers: Any) -> None:
    con = connect(**lake)
    for number in range(ROUNDS):
        publish(con, releases[number % 2], publisher)
    answers.put(("written", ROUNDS, 0))


def read(lake: dict[str, Any], stop: Any, answers: Any) -> None:
    con, seen, torn = connect(**lake), 0, 0
    while not stop.is_set():
        con.execute("begin")
        stated = con.execute("select publisher_id, cells from lake.meta.release").fetchall()
        counted = con.execute(
            "select publisher_id, count(*) from lake.marts.fct_indicator_value group by all"
        ).fetchall()
        con.execute("commit")
        seen += 1
        torn += sorted(stated) != sorted(counted)
    answers.put(("read", seen, torn))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path)
    parser.add_argument("--catalogue", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--extensions", type=Path)
    given = parser.parse_args()
    lake = {"catalogue": given.catalogue, "data": given.data, "extensions": given.extensions}
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        releases = [Path(folder) / f"{cells}.duckdb" for cells in CELLS]
        for path, cells in zip(releases, CELLS, strict=True):
            small(given.release, path, cells)
        con = connect(**lake)
        prepare(con, releases[0])
        con.close()
        stop, answers = spawn.Event(), spawn.Queue()
        readers = [spawn.Process(target=read, args=(lake, stop, answers)) for _ in range(READERS)]
        writers = [
            spawn.Process(target=write, args=(lake, releases, name, answers)) for name in "ab"
        ]
        started = time.perf_counter()
        for process in (*readers, *writers):
            process.start()
        for process in writers:
            process.join()
        stop.set()
        found = [answers.get(timeout=120) for _ in range(READERS + len(writers))]
        for process in readers:
            process.join()
    written = sum(count for kind, count, _ in found if kind == "written")
    reads = sum(count for kind, count, _ in found if kind == "read")
    torn = sum(bad for *_, bad in found)
    sys.stdout.write(
        f"{written} publishes of {len(writers)} publishers, {reads} reads of {READERS} readers in "
        f"{time.perf_counter() - started:.0f} s: {torn} torn\n"
    )
    return 1 if torn or any(process.exitcode for process in (*readers, *writers)) else 0


if __name__ == "__main__":
    sys.exit(main())
