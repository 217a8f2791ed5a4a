"""A stranger's SQL on the published file: asked in a process of its own, limited and killable.

Whatever a query does ends with its own process, not with the server: `dashboards.sandbox_child`
locks DuckDB and sets the operating system's limits; this side writes the request, waits, and kills.

Belongs here: the pipe between the server and the child. Does not belong here: the locks (the
child), the page (`dashboards.views.workbench`), the dashboards' own queries (`dashboards.data`).
"""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

CHILD = Path(__file__).with_name("sandbox_child.py")
MAX_SQL = 20_000  # letters
ENDED = "The query used more memory or processor time than it may, and was ended."

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What one query may use.

    Attributes:
        seconds: wall time, then the process is killed.
        memory_mb: of DuckDB; the process may have 1 GB of address space more than that.
        rows: of the result; what is beyond is cut off and said so.
        result_mb: of the result as it is handed over.
    """

    seconds: float = 10.0
    memory_mb: int = 512
    rows: int = 10_000
    result_mb: int = 64


@dataclass(frozen=True)
class Answer:
    """What came of a query: a frame, or a reason in words.

    Attributes:
        frame: the result, at most `Limits.rows` rows; None where the query was refused or failed.
        problem: why there is no frame; '' otherwise.
        is_cut: there were more rows than are shown.
        seconds: wall time, with the start of the process.
    """

    frame: pl.DataFrame | None
    problem: str
    is_cut: bool
    seconds: float


def ask(path: Path, sql: str, limits: Limits | None = None) -> Answer:
    """Run one SELECT on a release file and bring back what it says.

    Never raises on account of the query: what is refused, fails, takes too long or dies comes
    back as `Answer.problem`.

    Args:
        path: release file.
        sql: one statement.
        limits: what it may use.
    """
    limits = limits or Limits()
    started = time.monotonic()

    def refused(problem: str) -> Answer:
        return Answer(None, problem, False, time.monotonic() - started)

    if not sql.strip():
        return refused("Write a query first.")
    if len(sql) > MAX_SQL:
        return refused(f"The query has more than {MAX_SQL:,} letters.")
    request = json.dumps({"path": str(path), "sql": sql, **asdict(limits)})
    with subprocess.Popen(
        [sys.executable, "-I", str(CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # nothing of the server's environment is there to be read
        env={"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        cwd=os.sep,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(request.encode(), timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return refused(f"Stopped after {limits.seconds:g} seconds.")
    head, _, body = output.partition(b"\n")
    try:
        said: dict[str, Any] = json.loads(head)
    except ValueError:
        _log.warning("a query ended its process (%s): %s", process.returncode, errors[-500:])
        return refused(ENDED)
    if said["problem"]:
        return refused(said["problem"])
    frame = pl.read_ipc_stream(io.BytesIO(body))
    return Answer(frame, "", said["is_cut"], time.monotonic() - started)
