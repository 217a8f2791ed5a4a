"""What the dashboards cost: time of a rerun, for one visitor and for many; first paint; memory.

    python benchmarks/dashboard_speed.py --home data [--visitors 20] [--runs 20] [--browser]

Runs each page in Streamlit's own test runner: the time is that of the script, from the click to
the last element, without the network and the browser. Every rerun is a click: the last box of the
page that has a choice goes to its next option, so that most reruns ask the file something new.
Visitors are threads in one process, as in the server, and click again as soon as they have their
answer. With `--browser` a server is started and Chromium visits it: the time from the address to
the title on the screen, and what the server's memory grows by for each open page.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from streamlit.testing.v1 import AppTest

from dashboards import app, data

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
PAGES_OPEN = 10  # beside the first one, for the memory of a session


def page_script(number: int) -> str:
    """A program that draws the page at this place of the menu."""
    return (
        "from dashboards import app, data\n"
        "release = data.release_in_service()\n"
        f"app.contents(release)[{number}].render(release)\n"
    )


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def runs(script: str, times: int, start: int = 0) -> list[float]:
    """Seconds of the first run and of each click after it, of one visitor.

    Args:
        script: program of the page.
        times: number of clicks.
        start: option at which the clicks begin, so that visitors do not all choose the same.
    """
    test = AppTest.from_string(script, default_timeout=300)
    seconds = [timed(test.run)]
    for number in range(times):
        boxes = [box for box in test.selectbox if len(box.options) > 1 and not box.disabled]
        if boxes:
            boxes[-1].select_index((start + number + 1) % len(boxes[-1].options))
        seconds.append(timed(test.run))
    if test.exception:
        raise SystemExit(f"a page fails: {test.exception[0].value}")
    return seconds


def percentile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[min(len(seconds) - 1, round(share * (len(seconds) - 1)))]


def reruns(visitors: int, times: int, only: str | None) -> None:
    """Print a table: one line a page."""
    print(f"| page | first, s | rerun p50, ms | p95, ms | {visitors} at once p50, ms | p95, ms |")
    print("|---|--:|--:|--:|--:|--:|")
    for number, entry in enumerate(app.contents(data.release_in_service())):
        if only and entry.path != only:
            continue
        script = page_script(number)
        first, *alone = runs(script, times)
        gate = threading.Barrier(visitors)

        def visit(start: int, script: str = script, gate: threading.Barrier = gate) -> list[float]:
            gate.wait()
            return runs(script, 4, start)[1:]

        with ThreadPoolExecutor(visitors) as crowd:
            together = [
                second for visitor in crowd.map(visit, range(visitors)) for second in visitor
            ]
        figures = [
            statistics.median(alone),
            percentile(alone, 0.95),
            statistics.median(together),
            percentile(together, 0.95),
        ]
        cells = " | ".join(f"{1000 * seconds:.0f}" for seconds in figures)
        print(f"| {entry.title} | {first:.2f} | {cells} |", flush=True)


@contextlib.contextmanager
def server() -> Iterator[tuple[str, int]]:
    """A server on a free port of this machine: its address and its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*(sys.executable, "-m", "streamlit", "run", "dashboards/app.py")]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not say what the server has in memory")


def paint() -> None:
    """Print first paint of each page, and the memory of a session."""
    from playwright.sync_api import Page, sync_playwright

    chromium = next((path for path in CHROMIUM if Path(path).exists()), None)
    if chromium is None:
        raise SystemExit("no Chromium on this machine")
    done = (
        "() => document.querySelector('[data-testid=\"stApp\"]')"
        "?.getAttribute('data-test-script-state') === 'notRunning'"
        " && !document.querySelector('[data-stale=\"true\"]')"
    )

    def visit(page: Page, address: str) -> tuple[float, float]:
        started = time.perf_counter()
        page.goto(address)
        page.wait_for_selector("h1", timeout=60_000)
        title = time.perf_counter() - started
        page.wait_for_function(done, timeout=60_000)
        return title, time.perf_counter() - started

    print("| page | title on the screen, s | whole page, s | again: title, s | whole page, s |")
    print("|---|--:|--:|--:|--:|")
    with server() as (address, pid), sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for number, entry in enumerate(app.contents(data.release_in_service())):
            where = f"{address}/{entry.path if number else ''}"
            seconds: list[float] = []
            for _ in range(2):  # a browser without a cache, each time
                context = browser.new_context()
                seconds += visit(context.new_page(), where)
                context.close()
            print(
                f"| {entry.title} | " + " | ".join(f"{s:.2f}" for s in seconds) + " |", flush=True
            )
        context = browser.new_context()
        visit(context.new_page(), address)
        before = resident_bytes(pid)
        for _ in range(PAGES_OPEN):
            visit(context.new_page(), address)
        grown = (resident_bytes(pid) - before) / PAGES_OPEN
        print(f"\nserver {before / 1e6:.0f} MB, and {grown / 1e6:.1f} MB for each open page")
        browser.close()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="state directory to read")
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--page", help="only the page of this address")
    parser.add_argument("--browser", action="store_true", help="first paint and memory instead")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    os.environ["CLUSTERKPI_HOME"] = str(given.home.resolve())
    release = data.release_in_service()
    print(f"release {release.release_id}, {release.path.stat().st_size / 1e6:.0f} MB\n")
    if given.browser:
        paint()
    else:
        reruns(given.visitors, given.runs, given.page)


if __name__ == "__main__":
    main()
