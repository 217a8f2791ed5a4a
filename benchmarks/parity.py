"""The heavy models on DuckDB and on a Spark cluster, compared row by row.

    python benchmarks/parity.py [--scale 1] [--workers 2] [--kill-one] [--json FILE]

Demo figures are landed at the scale and built on DuckDB. Then a standalone cluster is started on
loopback (a master and workers, from the pyspark package), the heavy models are built on it from the
same Parquet files, and every column of every row of every model is compared: integers, decimals,
texts, dates and lists have to be equal, doubles to 1e-9 of the larger one. `--kill-one` ends one
worker and its executor, by force, once ten models are done. Several numbers after `--workers` are
as many runs. The result is two tables; the exit code is 1 if anything differs, and 2 if the run did
not come about.

Needs Java 17 and `make setup-spark`. Everything listens on 127.0.0.1 and ends with the run.

Belongs here: generating, the cluster, comparing, measuring. Does not belong here: how a build on
Spark goes (`pipelines.spark`).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines import dbt, spark, steps, warehouse
from pipelines.errors import ClusterkpiError
from pipelines.settings import Settings
from pipelines.spark import Relation

TOLERANCE = 1e-9
# what a demo night reads that a heavy model stands on
SOURCES = ("baci", "wdi", "ustrade")
HOST = "127.0.0.1"
DAEMON_MEMORY = "256m"
KILL_AFTER = 10  # models
_DONE = " OK created sql table model "


# ---------------------------------------------------------------- comparing


@dataclass(frozen=True)
class Difference:
    """One model on both engines.

    Attributes:
        rows: on DuckDB and on Spark.
        columns: compared; each term of a map is a column.
        unequal: column → rows in which it differs by more than it may.
        worst: largest relative difference of a double, in its column.
    """

    relation: Relation
    rows: tuple[int, int]
    columns: int
    unequal: dict[str, int]
    worst: float
    worst_column: str

    @property
    def agrees(self) -> bool:
        return self.rows[0] == self.rows[1] and not self.unequal


def compare(
    con: duckdb.DuckDBPyConnection, relation: Relation, ours: str, theirs: str
) -> Difference:
    """Compare two relations row by row, in the order of their columns that are no doubles.

    Args:
        con: connection that can read both.
        relation: what they are called.
        ours: SQL of the first relation, whose columns and types are the ones that count.
        theirs: SQL of the second one.

    Raises:
        ValueError: the second one lacks a column, or has one more.
    """
    described = con.execute(f"describe from {ours}").fetchall()
    types = {name: kind for name, kind, *_ in described}
    other = {name for name, *_ in con.execute(f"describe from {theirs}").fetchall()}
    if set(types) != other:
        raise ValueError(f"{relation}: columns differ: {sorted(set(types) ^ other)}")
    plain, doubles = {}, {}
    for name, kind in types.items():
        if kind.startswith("MAP("):
            keys = con.execute(
                f'select distinct unnest(map_keys("{name}")) as key from {ours} union '
                f'select distinct unnest(map_keys("{name}")) from {theirs} order by key'
            ).fetchall()
            for (key,) in keys:
                doubles[f"{name}.{key}"] = f"\"{name}\"['{key}']"
        elif kind in ("DOUBLE", "FLOAT"):
            doubles[name] = f'"{name}"'
        else:
            plain[name] = f'cast("{name}" as {kind})'
    expressions = [f'{sql} as "{name}"' for name, sql in {**plain, **doubles}.items()]
    order = ", ".join(f'"{name}" nulls first' for name in (*plain, *doubles))
    for table, source in (("ours", ours), ("theirs", theirs)):
        con.execute(
            f"create or replace temp table {table} as select {', '.join(expressions)} "
            f"from {source} order by {order}"
        )
    rows = [con.execute(f"select count(*) from {t}").fetchall()[0][0] for t in ("ours", "theirs")]
    unequal, worst, worst_column = {}, 0.0, ""
    terms = [f'count(*) filter (o."{n}" is distinct from t."{n}")' for n in plain]
    for name in doubles:
        o, t = f'o."{name}"', f't."{name}"'
        relative = (
            f"case when {o} = {t} then 0 else abs({o} - {t}) / greatest(abs({o}), abs({t})) end"
        )
        terms.append(
            f"count(*) filter (({o} is null) <> ({t} is null) or {relative} > {TOLERANCE})"
        )
        terms.append(f"coalesce(max({relative}), 0)")
    found = list(
        con.execute(
            f"select {', '.join(terms)} from ours as o positional join theirs as t"
        ).fetchall()[0]
    )
    for name in plain:
        if count := found.pop(0):
            unequal[name] = count
    for name in doubles:
        count, relative = found.pop(0), found.pop(0)
        if count:
            unequal[name] = count
        if relative > worst:
            worst, worst_column = relative, name
    return Difference(
        relation, (rows[0], rows[1]), len(plain) + len(doubles), unequal, worst, worst_column
    )


# ---------------------------------------------------------------- the cluster


@dataclass
class Cluster:
    """A standalone master and its workers, each in a process group of its own."""

    address: str
    master: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    folder: Path = Path()

    def kill_a_worker(self) -> None:
        """End the first worker and its executors as a power cut would."""
        os.killpg(self.workers[0].pid, signal.SIGKILL)


@contextlib.contextmanager
def cluster(settings: Settings, folder: Path, workers: int, memory: str) -> Iterator[Cluster]:
    """Start a cluster on loopback and end it with the block.

    Raises:
        RuntimeError: a process ended, or a worker did not register within a minute.
    """
    home = spark.spark_home(settings)
    folder.mkdir(parents=True)
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(folder),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_LOCAL_DIRS": str(folder / "scratch"),
        "SPARK_DAEMON_MEMORY": DAEMON_MEMORY,
        "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",
    }
    port = _free_port()
    (folder / "log4j2.properties").write_text(
        (home.parent / "pyspark" / "conf" / "log4j2.properties").read_text()
        if (home / "conf" / "log4j2.properties").exists()
        else "rootLogger.level = info\nrootLogger.appenderRef.c.ref = c\n"
        "appender.c.type = Console\nappender.c.name = c\nappender.c.target = SYSTEM_ERR\n"
        "appender.c.layout.type = PatternLayout\nappender.c.layout.pattern = %d %p %c{1}: %m%n\n"
    )

    def start(name: str, *words: str) -> subprocess.Popen[bytes]:
        with (folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [str(home / "bin" / "spark-class"), *words],
                env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    started: list[subprocess.Popen[bytes]] = []
    try:
        master = start(
            "master", "org.apache.spark.deploy.master.Master",
            "--host", HOST, "--port", str(port), "--webui-port", "0",
        )  # fmt: skip
        started.append(master)
        found = Cluster(f"spark://{HOST}:{port}", master, folder=folder)
        for number in range(workers):
            found.workers.append(
                start(
                    f"worker{number}",
                    "org.apache.spark.deploy.worker.Worker",
                    "--host",
                    HOST,
                    "--webui-port",
                    "0",
                    "--cores",
                    "1",
                    "--memory",
                    memory,
                    "--work-dir",
                    str(folder / f"work{number}"),
                    found.address,
                )
            )
            started.append(found.workers[-1])
        _wait_for_workers(found, workers)
        yield found
    finally:
        for process in started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def _wait_for_workers(found: Cluster, count: int) -> None:
    log = found.folder / "master.log"
    for _ in range(600):
        said = log.read_text(errors="replace")
        if len(re.findall("Registering worker", said)) >= count:
            return
        for process in (found.master, *found.workers):
            if process.poll() is not None:
                raise RuntimeError(f"a process of the cluster ended: see {found.folder}")
        time.sleep(0.1)
    raise RuntimeError(f"no {count} workers after a minute: see {log}")


# ---------------------------------------------------------------- measuring


class Meter:
    """CPU seconds and peak memory of process groups and their children, sampled.

    What a process has spent is kept when it ends, so that a killed one counts; memory is the
    largest sum of resident sets of any sample (pages that processes share count in each).
    """

    def __init__(self, roots: Sequence[int]) -> None:
        self.roots = set(roots)
        self.cpu: dict[int, float] = {}
        self.peak_bytes = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Meter:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        self._thread.join()

    @property
    def cpu_seconds(self) -> float:
        return sum(self.cpu.values())

    def _sample(self) -> None:
        tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        while not self._end.wait(0.2):
            found = {}
            for stat in Path("/proc").glob("[0-9]*/stat"):
                with contextlib.suppress(OSError):
                    words = stat.read_text().rpartition(")")[2].split()
                    # ppid, utime, stime, resident pages
                    found[int(stat.parent.name)] = (
                        int(words[1]),
                        (int(words[11]) + int(words[12])) / tick,
                        int(words[21]) * page,
                    )
            ours = set(self.roots)
            grown = True
            while grown:
                more = {pid for pid, (parent, *_) in found.items() if parent in ours} - ours
                grown = bool(more)
                ours |= more
            ours -= {os.getpid()}
            resident = 0
            for pid in ours & set(found):
                _, cpu, memory = found[pid]
                self.cpu[pid] = cpu
                resident += memory
            self.peak_bytes = max(self.peak_bytes, resident)


# ---------------------------------------------------------------- the run


@dataclass(frozen=True)
class Run:
    """What one engine took for the heavy models."""

    engine: str
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    seconds: dict[str, float]


def duckdb_run(settings: Settings) -> Run:
    """Land the demo's figures, and build what the heavy models read, and them."""
    with steps.open_run(settings, say=lambda _: None) as run:
        for source_id in run.sources:
            steps.ingest_source(run, source_id)
        steps.prepare_candidate(run, steps.plan_release(run, force=True))
    kinds = ("--resource-type", "seed", "--resource-type", "model")
    heavy = f"tag:{spark.TAG}"
    dbt.run(settings, "build", *kinds, "--select", f"+{heavy}", "--exclude", heavy)
    return _measured("DuckDB", lambda: dbt.run(settings, "run", "--select", heavy), [os.getpid()])


def spark_run(settings: Settings, folder: Path, workers: int, memory: str, kill: bool) -> Run:
    """Build the heavy models on a cluster that is started for it."""
    with cluster(settings, folder, workers, memory) as found:
        ours = settings.model_copy(update={"spark_master": found.address})
        processes = [os.getpid(), found.master.pid, *(worker.pid for worker in found.workers)]
        done = threading.Event()
        killer = threading.Thread(target=_kill_later, args=(ours, found, done), daemon=True)
        if kill:
            killer.start()
        name = f"Spark, {workers} worker{'s' if workers > 1 else ''}"
        try:
            run = _measured(name, lambda: spark.run_models(ours), processes)
        finally:
            done.set()
        if kill:
            killer.join()
            if found.workers[0].poll() is None:
                raise RuntimeError("the run ended before a worker could be killed")
        return run


def _kill_later(settings: Settings, found: Cluster, done: threading.Event) -> None:
    """Kill a worker when ten models of this build are done."""
    log = settings.build_dir / "dbt.log"
    begun = time.time()
    while not done.wait(0.2):
        is_ours = log.exists() and log.stat().st_mtime > begun
        if is_ours and log.read_text(errors="replace").count(_DONE) >= KILL_AFTER:
            found.kill_a_worker()
            return


def _measured(name: str, build: Callable[[], list[dbt.NodeResult]], roots: Sequence[int]) -> Run:
    begun = time.perf_counter()
    with Meter(roots) as meter:
        nodes = build()
    seconds = {node.unique_id.rpartition(".")[2]: node.seconds for node in nodes}
    return Run(name, time.perf_counter() - begun, meter.cpu_seconds, meter.peak_bytes, seconds)


def table(runs: Sequence[Run], found: Sequence[Difference]) -> str:
    """Both tables as Markdown."""
    lines = ["| engine | wall, s | CPU, s | peak, GiB |", "|---|--:|--:|--:|"]
    lines += [
        f"| {run.engine} | {run.wall_seconds:.1f} | {run.cpu_seconds:.1f} | "
        f"{run.peak_bytes / 2**30:.2f} |"
        for run in runs
    ]
    names = " | ".join(f"{run.engine}, s" for run in runs)
    lines += ["", f"| model | rows | columns | largest relative difference | {names} |"]
    lines.append("|---|--:|--:|--:|" + "--:|" * len(runs))
    for one in found:
        took = " | ".join(f"{run.seconds.get(one.relation.name, 0):.2f}" for run in runs)
        said = f"{one.worst:.1e} ({one.worst_column})" if one.worst else "0"
        if not one.agrees:
            said = f"DIFFERS: {one.rows[0]:,} and {one.rows[1]:,} rows; {one.unequal}"
        lines.append(f"| {one.relation} | {one.rows[0]:,} | {one.columns} | {said} | {took} |")
    return "\n".join(lines)


def parity(
    scale: int, workers: Sequence[int], kill: bool, memory: str, home: Path
) -> tuple[list[Run], list[Difference]]:
    """Runs and differences; the last Spark run is the one that is compared, the one with a kill."""
    settings = Settings(
        profile="demo", home=home, demo_scale=scale, sources=SOURCES,
        spark_driver_memory=memory, spark_executor_memory=memory,
    )  # fmt: skip
    runs = [duckdb_run(settings)]
    found: list[Difference] = []
    for number, count in enumerate(workers):
        last = number == len(workers) - 1
        # a worker holds one executor and what the executor needs beside its heap
        offered = f"{int(memory.rstrip('g')) * 1024 + 512}m"
        runs.append(spark_run(settings, home / f"cluster{number}", count, offered, kill and last))
        with warehouse.open_candidate(settings) as con:
            heavy = spark.read_part(settings)
            found = [
                compare(con, relation, relation.quoted, spark.read_output(settings, relation))
                for relation in (*heavy.views, *heavy.tables)
            ]
        if not all(one.agrees for one in found):
            break
    return runs, found


def main() -> int:
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    words.add_argument("--scale", type=int, default=1)
    words.add_argument(
        "--workers", type=int, nargs="+", default=[2], help="one run for each number"
    )
    words.add_argument("--kill-one", action="store_true")
    words.add_argument("--memory", default="1g", help="of the driver and of each executor")
    words.add_argument("--json", type=Path)
    given = words.parse_args()
    if given.kill_one and given.workers[-1] < 2:
        words.error("--kill-one needs two workers in the last run")
    with tempfile.TemporaryDirectory(prefix="clusterkpi-parity-") as folder:
        try:
            runs, found = parity(
                given.scale, given.workers, given.kill_one, given.memory, Path(folder)
            )
        except (ClusterkpiError, RuntimeError, ValueError) as error:
            print(error, file=sys.stderr)
            return 2
    print(table(runs, found))
    columns = sum(one.columns for one in found)
    rows = sum(one.rows[0] for one in found)
    agree = sum(one.agrees for one in found)
    killed = "; one worker was killed on the way" if given.kill_one else ""
    print(f"\n{agree} of {len(found)} models agree: {rows:,} rows, {columns} columns{killed}")
    if given.json:
        record = {
            "scale": given.scale,
            "runs": [vars(run) for run in runs],
            "models": [{**vars(one), "relation": str(one.relation)} for one in found],
        }
        given.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0 if agree == len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
