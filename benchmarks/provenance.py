"""What history and provenance cost: `python benchmarks/provenance.py [HOME]`.

Two demo nights in a home of their own (or in HOME, where it has them): the share of the night that
goes into comparing, logging and macros, and the share of the file; the time of a passport and of a
past fact; ten nights on the whole fact, each told again.

Belongs here: measuring. Does not belong here: whether it is right (tests).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipelines import steps, timeline, warehouse  # noqa: E402
from pipelines.history import COLUMNS, FACT, KEY  # noqa: E402
from pipelines.settings import Settings  # noqa: E402
from tests import evolving  # noqa: E402

LOGGED: list[tuple[float, float]] = []


def timed_nights(home: Path) -> list[tuple[float, float]]:
    """Two demo nights: wall and CPU (with dbt's process) of each; LOGGED gets those of the log."""
    original = steps.log_release

    def measured(*words: object) -> object:
        wall, cpu = time.monotonic(), time.process_time()
        release = original(*words)  # type: ignore[arg-type]
        LOGGED.append((time.monotonic() - wall, time.process_time() - cpu))
        return release

    steps.log_release = measured  # type: ignore[assignment]
    nights = []
    for vintage in (1, 2):
        before = _cpu()
        wall = time.monotonic()
        settings = Settings(home=home, profile="demo", demo_vintage=vintage)
        report = steps.refresh(settings, say=lambda _line: None)
        assert report.release is not None, report.run.troubled
        nights.append((time.monotonic() - wall, _cpu() - before))
    steps.log_release = original
    return nights


def _cpu() -> float:
    import resource

    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def share_of_file(file: Path) -> tuple[int, int]:
    """Bytes of a release, and of the same without what history and provenance added to it."""
    added = (
        "revision", "release_history", "snapshot_log", "former_snapshot", "revision_quality",
        "lineage", "indicator_code", "mart_history",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        sizes = []
        for name in ("whole", "without"):
            path = Path(folder) / f"{name}.duckdb"
            with duckdb.connect() as con:
                con.execute(f"attach '{file}' as source (read_only)")
                con.execute("attach ':memory:' as work")
                con.execute("copy from database source to work")
                if name == "without":
                    con.execute("use work")
                    for table in added:
                        con.execute(f"drop table if exists meta.{table}")
                    con.execute("drop table marts.dim_term")
                    for schema, table in con.execute(
                        "select schema_name, table_name from duckdb_tables() where "
                        "database_name = 'work' and starts_with(table_name, 'revision_')"
                    ).fetchall():
                        con.execute(f'drop table {schema}."{table}"')
                    con.execute("use memory")
                con.execute(f"attach '{path}' as target (storage_version 'v1.5.0')")
                con.execute("copy from database work to target")
                con.execute("checkpoint target; detach target")
            sizes.append(path.stat().st_size)
    return sizes[0], sizes[1]


def passports(home: Path) -> list[float]:
    """Wall seconds of `clusterkpi explain`, the whole command."""
    with warehouse.open_published(home) as con:
        cells = con.execute(
            f"select indicator_id, geo_id, period, cluster_id, basis from {FACT} "
            "where value is not null "
            "qualify row_number() over (partition by indicator_id, basis order by geo_id) = 1 "
            "limit 12"
        ).fetchall()
    seconds = []
    command = str(Path(sys.executable).with_name("clusterkpi"))
    for indicator, geo, period, cluster, basis in cells:
        words = ["--geo", geo, "--period", period, "--cluster", cluster, "--basis", basis]
        start = time.monotonic()
        subprocess.run(
            [command, "explain", indicator, *words, "--json", "--home", str(home)],
            check=True, capture_output=True, cwd=ROOT,
        )  # fmt: skip
        seconds.append(time.monotonic() - start)
    return sorted(seconds)


def past_fact(file: Path, moment: str) -> float:
    """Wall seconds to make the whole fact as it was."""
    with duckdb.connect(str(file), read_only=True) as con:
        start = time.monotonic()
        con.execute(f"create temp table told as from marts.as_of('{moment}')")
        return time.monotonic() - start


def ten_nights(first: Path, folder: Path) -> None:
    """Ten releases of the whole fact; prints size, history, and whether each is told again."""
    released = [evolving.begin(first, folder)]
    print("night  moved      log s  file MB  history MB")
    for number, changes in enumerate(evolving.NIGHTS, start=2):
        start = time.monotonic()
        released.append(evolving.move_on(folder, number, changes, first))
        newest = released[-1]
        moved = newest.added + newest.changed + newest.status + newest.terms + newest.dropped
        history = sum(p.stat().st_size for p in (folder / "history").rglob("*.parquet"))
        print(
            f"{number:>5}  {moved:>9,}  {time.monotonic() - start:>5.1f}  "
            f"{newest.file_bytes / 1e6:>7.1f}  {history / 1e6:>10.1f}"
        )
    columns = ", ".join((*KEY, *COLUMNS))
    with duckdb.connect(str(warehouse.current_path(folder)), read_only=True) as con:
        told = con.execute(
            "select release_id from meta.release_history where is_told order by seq"
        ).fetchall()
        print(f"the newest file tells {len(told)} of 10 releases within its budget")
        for (name,) in told:
            own = folder / "published" / f"release_{name}.duckdb"
            con.execute(f"attach '{own}' as own (read_only)")
            start = time.monotonic()
            differing = con.execute(
                f"select count(*) from (select {columns} from marts.as_of('{name}') "
                f"except select {columns} from own.{FACT})"
            ).fetchall()[0][0]
            print(f"  {name}: {differing} cells differ ({time.monotonic() - start:.1f} s)")
            con.execute("detach own")
    told_from_history(folder)


def told_from_history(folder: Path) -> None:
    """Every release once more, from the whole log in `history/`, against its own file."""
    columns = ", ".join((*KEY, *COLUMNS))
    start = time.monotonic()
    with timeline.open_log(Settings(home=folder, profile="demo")) as (con, _):
        print(f"the whole log of history/ loaded in {time.monotonic() - start:.1f} s")
        for release in warehouse.releases(folder):
            own = folder / "published" / f"release_{release.release_id}.duckdb"
            con.execute(f"attach '{own}' as own (read_only)")
            start = time.monotonic()
            con.execute(
                f"create or replace temp table told as from marts.as_of('{release.release_id}')"
            )
            seconds = time.monotonic() - start
            ours, theirs = (f"select {columns} from {name}" for name in ("told", f"own.{FACT}"))
            differing = con.execute(
                f"select count(*) from (({ours} except all {theirs}) union all "
                f"({theirs} except all {ours}))"
            ).fetchall()[0][0]
            print(f"  {release.release_id}: {differing} cells differ ({seconds:.1f} s to tell)")
            con.execute("detach own")


def main() -> None:
    scratch = Path(tempfile.mkdtemp(prefix="clusterkpi-provenance-"))
    home = Path(sys.argv[1]) if len(sys.argv) > 1 else scratch / "home"
    if len(sys.argv) < 2:
        nights = timed_nights(home)
        for name, night, logged in zip(("first", "second"), nights, LOGGED, strict=True):
            print(
                f"{name} night {night[0]:.1f} s wall, {night[1]:.1f} s CPU; history and provenance "
                f"{logged[0]:.1f} s wall ({logged[0] / night[0]:.0%}), {logged[1]:.1f} s CPU "
                f"({logged[1] / night[1]:.0%})"
            )
    file = warehouse.current_path(home)
    whole, without = share_of_file(file)
    print(
        f"published {whole / 1e6:.1f} MB, without history and provenance {without / 1e6:.1f} MB: "
        f"{(whole - without) / without:.1%} more"
    )
    with duckdb.connect(str(file), read_only=True) as con:
        moves = con.execute(
            "select change, count(*) from meta.revision where release_id = "
            "(select release_id from meta.release) group by all order by all"
        ).fetchall()
    print("its own moves: " + ", ".join(f"{count:,} {change}" for change, count in moves))
    seconds = passports(home)
    print(
        f"explain, whole command: median {seconds[len(seconds) // 2]:.2f} s, "
        f"worst {seconds[-1]:.2f} s"
    )
    first = warehouse.releases(home)[0].release_id
    print(f"the whole fact as of the first release: {past_fact(file, first):.2f} s")
    ten_nights(file, scratch / "evolving")
    shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
