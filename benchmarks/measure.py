"""What a piece of work costs: wall and CPU time, peak memory and bytes, in a process of its own.

Belongs here: measuring. Does not belong here: what is measured, and what a cost is compared with
(`ratios`).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Cost:
    """Cost of one run, with the processes that it started and waited for.

    Attributes:
        wall_seconds: from beginning to end.
        cpu_seconds: user and system time of all threads.
        peak_bytes: the most memory of the process above what it began with, or that of the largest
            process that it started, if that is more.
        read_bytes, written_bytes: handed over by system calls, from the page cache or not; 0 where
            the kernel does not count them.
        result: what the work returned.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    read_bytes: int
    written_bytes: int
    result: Any = None

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)


@dataclass
class Meter:
    """Adds up what happens in `with meter.on():`; such blocks may follow each other."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    read_bytes: int = 0
    written_bytes: int = 0

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        memory, cpu, (read, written) = peak_bytes(), cpu_seconds(), moved_bytes()
        started = time.perf_counter()
        try:
            yield
        finally:
            self.wall_seconds += time.perf_counter() - started
            self.cpu_seconds += cpu_seconds() - cpu
            children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
            self.peak_bytes = max(self.peak_bytes, peak_bytes() - memory, children)
            self.read_bytes += moved_bytes()[0] - read
            self.written_bytes += moved_bytes()[1] - written

    def cost(self, result: Any = None) -> Cost:
        return Cost(**asdict(self), result=result)


def cost(
    work: Callable[..., Any], *arguments: Any, prepare: Callable[[], Any] | None = None
) -> Cost:
    """Run `work(*arguments)` once in a fresh process; its result must be picklable.

    Args:
        prepare: run before the clock starts; what it returns is the first argument of the work.

    Raises:
        RuntimeError: the work raised or its process died.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(sender, work, arguments, prepare))
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


def cpu_seconds() -> float:
    """User and system time of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def moved_bytes() -> tuple[int, int]:
    """Bytes read and written by this process and those that it has waited for; zeros if unknown."""
    counters = Path("/proc/self/io")
    if not counters.exists():
        return 0, 0
    lines = dict(line.split(": ") for line in counters.read_text().splitlines())
    return int(lines["rchar"]), int(lines["wchar"])


def peak_bytes() -> int:
    """The most memory that this process has had.

    `ru_maxrss` of a new process begins with what its parent had before the exec, so that a large
    parent hides what a small child takes; the kernel's own high-water mark begins anew.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _run(
    sender: Any,
    work: Callable[..., Any],
    arguments: tuple[Any, ...],
    prepare: Callable[[], Any] | None,
) -> None:
    meter = Meter()
    try:
        prepared = () if prepare is None else (prepare(),)
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins anew
        with meter.on():
            result = work(*prepared, *arguments)
    except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
        sender.send(repr(error))
        return
    sender.send(meter.cost(result))
