"""A demo night of any size, taken apart: each stage in a process of its own, with what it costs.

Publishers' answers → fetch and land → parse and promote → candidate → dbt by group → data tests →
gate → publish → ten questions → pages → a second night with nothing new. The same functions as on
any night; only the stages' borders and the clock are added.

Belongs here: the stages of a night. Does not belong here: how costs are compared (`ratios`) and
shown (`__main__`).
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from benchmarks import composite, dashboard_speed, queries, specialisation
from benchmarks.measure import Cost, Meter, cost
from benchmarks.ratios import YARDSTICK
from pipelines import dbt, steps, warehouse
from pipelines.settings import Settings

TIMES_ASKED = 11  # each question; the median counts
# What is built together: a group takes everything that its folders need and no earlier one has.
GROUPS: dict[str, tuple[str, ...]] = {
    "seeds and staging": ("seeds", "models/staging", "models/reference"),
    "trade": ("models/intermediate/trade",),
    "complexity": ("models/intermediate/complexity",),
    "regions": (
        "models/intermediate/regions",
        "models/intermediate/national",
        "models/intermediate/supply",
        "models/intermediate/entry",
        "models/marts/regions",
    ),
    "fact": ("models/intermediate", "models/marts/indicators", "models/marts/core"),
    "guidelines": ("models/marts",),
}


def settings_of(home: Path, size: int) -> Settings:
    """A demo night of `size` times the usual volume."""
    return Settings(home=home, profile="demo", demo_scale=size)


# ---------------------------------------------------------------- the stages


def yardstick() -> float:
    """Work that never changes, to count others' CPU time in: DuckDB, polars, numpy and Python."""
    with duckdb.connect(config={"threads": 2}) as con:
        con.execute(
            "create table flows as select range % 9973 as a, range % 131 as b, "
            "hash(range) % 100000 / 7.0 as v from range(12000000)"
        )
        rows = con.sql("select a, b, sum(v), count(*) from flows group by all").pl()
    rows.columns = ["a", "b", "v", "n"]
    joined = rows.join(rows.group_by("a").agg(pl.col("v").sum().alias("all")), on="a")
    share = (joined["v"] / joined["all"]).to_numpy()
    square = share[: 1000 * 1000].reshape(1000, 1000)
    steps_of_python = sum(number % 7 for number in range(5_000_000))
    return float(np.sort(share)[-1] + (square @ square.T).trace() + steps_of_python)


def ingest(home: Path, size: int) -> dict[str, Cost]:
    """Every source brought up to date; its parts are told apart by where the clock runs.

    The demo's publishers make their answers within the request: what that takes is none of ours.
    """
    from pipelines.demo.transport import DemoTransport
    from pipelines.http.client import Client
    from pipelines.landing import Landing

    answers, fetching, whole = Meter(), Meter(), Meter()
    _clock(DemoTransport, "handle_request", answers)
    _clock(Client, "fetch", fetching)
    _clock(Landing, "land", fetching)
    with (
        whole.on(),
        steps.open_run(settings_of(home, size), say=lambda _line: None) as run,
    ):
        for source in run.sources:
            steps.ingest_source(run, source)
        if run.troubled:
            raise RuntimeError("; ".join(run.troubled))
        steps.prepare_candidate(run, steps.plan_release(run, force=True))
    return {
        "publishers' answers (demo)": answers.cost(),
        "fetch, land": _less(fetching, answers),
        "parse, promote": _less(whole, fetching),
    }


def _clock(owner: type, name: str, meter: Meter) -> None:
    """Let `meter` run in a method; this process ends with the measurement."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def clocked(*words: Any, **more: Any) -> Any:
        with meter.on():
            return method(*words, **more)

    setattr(owner, name, clocked)


def _less(whole: Meter, part: Meter) -> Cost:
    return Cost(
        whole.wall_seconds - part.wall_seconds,
        whole.cpu_seconds - part.cpu_seconds,
        whole.peak_bytes,
        whole.read_bytes - part.read_bytes,
        whole.written_bytes - part.written_bytes,
    )


def read_project(home: Path, size: int, *, anew: bool = False) -> Any:
    """dbt's picture of the project, which every build begins with; `anew`: without its cache."""
    from dbt.cli.main import dbtRunner

    settings = settings_of(home, size)
    os.environ.update(dbt.environment(settings))
    words = ("parse", "--no-partial-parse") if anew else ("parse",)
    found = dbtRunner().invoke(["--quiet", *dbt.arguments(*words)])
    if not found.success:
        raise RuntimeError(f"dbt does not read the project: {found.exception}")
    return found.result


def parse_project(home: Path, size: int) -> int:
    """How many nodes the project has."""
    return len(read_project(home, size, anew=True).nodes)


def plan_groups(home: Path, size: int) -> dict[str, list[str]]:
    """The models and seeds of each group, by name."""
    manifest = read_project(home, size)
    nodes = {
        name: (node.name, node.original_file_path, list(node.depends_on_nodes))
        for name, node in manifest.nodes.items()
        if node.resource_type in ("model", "seed")
    }
    return grouped(nodes)


def grouped(nodes: Mapping[str, tuple[str, str, Sequence[str]]]) -> dict[str, list[str]]:
    """Part models by `GROUPS`: each goes to the first group that holds it or needs it.

    Args:
        nodes: unique id → name, path below the project, ids that it depends on.

    Raises:
        ValueError: a model is in no group and none needs it.
    """
    taken: set[str] = set()
    found: dict[str, list[str]] = {}

    def take(name: str, into: list[str]) -> None:
        if name in taken or name not in nodes:
            return
        taken.add(name)
        for other in nodes[name][2]:
            take(other, into)
        into.append(nodes[name][0])

    for group, folders in GROUPS.items():
        into = found.setdefault(group, [])
        for name, (_, path, _) in nodes.items():
            if path.startswith(tuple(f"{folder}/" for folder in folders)):
                take(name, into)
    if left := sorted(set(nodes) - taken):
        raise ValueError(f"models in no group: {', '.join(left)}")
    return found


def build(manifest: Any, words: Sequence[str]) -> list[dbt.NodeResult]:
    """Some nodes by dbt in this process; the project was read before the clock started."""
    from dbt.cli.main import dbtRunner

    found = dbtRunner(manifest=manifest).invoke(["--quiet", *dbt.arguments(*words)])
    if not found.success:
        said = found.exception or [r.message for r in found.result if r.status in ("error", "fail")]
        raise RuntimeError(f"dbt: {said}")
    return [
        dbt.NodeResult(r.node.unique_id, str(r.status), r.message or "", r.failures, 0.0)
        for r in found.result
    ]


def gate(home: Path, size: int, nodes: list[dbt.NodeResult]) -> steps.GateReport:
    """The release gate on the candidate."""
    with steps.open_run(settings_of(home, size), say=lambda _line: None) as run:
        return steps.gate(run, nodes)


def publish(home: Path, size: int, report: steps.GateReport) -> int:
    """Compare, log, copy, journal; returns the cells of the release."""
    settings = settings_of(home, size)
    with warehouse.open_candidate(settings) as con:
        name = con.execute("select release_id from meta.release").fetchall()[0][0]
    with steps.open_run(settings, say=lambda _line: None) as run:
        run.release_id = name  # of the candidate, which another process prepared
        release = steps.publish(run, steps.plan_release(run, force=True), report)
    return release.cells


def ask(home: Path) -> dict[str, float]:
    """The ten questions of analysts: milliseconds of each, the median of some."""
    with tempfile.TemporaryDirectory() as scratch:
        con = queries.open_file(warehouse.current_path(home), Path(scratch) / "tuned.duckdb")
        found = {}
        for question in queries.questions(con):
            sql = question.sql.format(fact=queries.FACT)
            times = [queries.timed(con, sql)[0] for _ in range(TIMES_ASKED)]
            found[question.name] = statistics.median(times)
        con.close()
    return found


def pages(home: Path) -> dict[str, float]:
    """Every page opened once, in a server of its own: milliseconds until it is complete."""
    os.environ["CLUSTERKPI_HOME"] = str(home)
    with dashboard_speed.server() as (address, _pid):
        return {
            title: 1000 * asyncio.run(_opened(address, path))
            for title, path in dashboard_speed.pages()
        }


async def _opened(address: str, path: str) -> float:
    reader, seconds = await dashboard_speed.visitor(address, path)
    await reader.socket.close()
    return seconds


def quiet_night(home: Path, size: int) -> None:
    """The whole command again, with nothing new."""
    command = str(Path(sys.executable).with_name("clusterkpi"))
    more = {"CLUSTERKPI_HOME": str(home), "CLUSTERKPI_DEMO_SCALE": str(size)}
    done = subprocess.run(
        [command, "refresh", "--profile", "demo"],
        env={**os.environ, **more}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    if "nothing new" not in done.stdout:
        raise RuntimeError(f"the second night built something: {done.stdout[-500:]}")


# ---------------------------------------------------------------- one night of one size


def measure(home: Path, size: int) -> Iterator[tuple[str, Cost]]:
    """Every stage of a night of `size` times the demo's volume, in order, with its cost."""
    first = cost(yardstick)
    parts: dict[str, Cost] = cost(ingest, home, size).result
    yield from parts.items()
    yield "dbt: read the project", cost(parse_project, home, size)
    groups: dict[str, list[str]] = cost(plan_groups, home, size).result
    project = functools.partial(read_project, home, size)
    nodes: list[dbt.NodeResult] = []
    for group, names in groups.items():
        spent = cost(build, ["build", "--resource-type", "seed", "--resource-type", "model",
                             "--select", *names], prepare=project)  # fmt: skip
        nodes += spent.result
        yield f"dbt: {group}", _with(spent, len(names))
    spent = cost(build, ["test", "--exclude-resource-type", "unit_test"], prepare=project)
    nodes += spent.result
    yield "dbt: data tests", _with(spent, len(spent.result))
    judged = cost(gate, home, size, nodes)
    yield "gate", _with(judged, len(judged.result.results))
    yield "publish", cost(publish, home, size, judged.result)
    yield "ten questions", cost(ask, home)
    yield "all pages", cost(pages, home)
    yield "nothing new", cost(quiet_night, home, size)
    last = cost(yardstick)  # as busy as the machine was at the end
    yield YARDSTICK, first if first.cpu_seconds < last.cpu_seconds else last


def formulas() -> Iterator[tuple[str, Cost]]:
    """Formulas on panels of a fixed size, so that they are measured at one size only."""
    yield "formula: composite, 2,000 draws", cost(composite.run_draws)
    yield "formula: LQ bounds of 93,900 cells", cost(specialisation.bounds)
    yield "formula: 999 draws of 93,900 cells", cost(specialisation.bootstrap)


def _with(spent: Cost, result: Any) -> Cost:
    return Cost(**{**spent.plain(), "result": result})


def night(folder: Path, size: int, say: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Stage → cost, in a home below `folder`; the home is left there."""
    found: dict[str, dict[str, Any]] = {}
    for stage, spent in measure(folder / "home", size):
        found[stage] = spent.plain()
        say(f"×{size} {stage:<28} {spent.wall_seconds:7.2f} s {spent.cpu_seconds:7.2f} s of CPU")
    if size == 1:
        found |= {stage: spent.plain() for stage, spent in formulas()}
    return json.loads(json.dumps(found))
