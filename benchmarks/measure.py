"""What a piece of work costs: wall time, CPU time and peak memory, each in a process of its own.

Belongs here: measuring. Does not belong here: what is measured.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cost:
    """Cost of one run. Memory is the peak of the whole process, less what it began with."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    result: Any


def cost(work: Callable[..., Any], *arguments: Any) -> Cost:
    """Run `work(*arguments)` once in a fresh process; its result must be picklable.

    Raises:
        RuntimeError: the work raised or its process died.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(sender, work, arguments))
    process.start()
    sender.close()
    try:
        answer = receiver.recv()
    except EOFError:
        answer = RuntimeError("the process died (out of memory?)")
    process.join()
    if isinstance(answer, Cost):
        return answer
    raise RuntimeError(f"{getattr(work, '__name__', work)}: {answer}")


def _run(sender: Any, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    try:
        result = work(*arguments)
    except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
        sender.send(repr(error))
        return
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sender.send(Cost(wall, cpu, (after.ru_maxrss - before.ru_maxrss) * 1024, result))
