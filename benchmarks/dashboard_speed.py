"""What the dashboards cost: time of a click, for one visitor and for many; first paint; memory.

    python benchmarks/dashboard_speed.py --home data [--visitors 20] [--clicks 20] [--page PATH]
    python benchmarks/dashboard_speed.py --home data --browser

A server is started, and visitors talk to it as browsers do, over a websocket: the time is that
from a click to the message that the page is complete, so it holds the script, the messages, and
their way over the loopback. Every click takes the last box of the page that has a choice to its
next option, so that most clicks ask the file something new. Three columns: one visitor; visitors
who click every three seconds on average; and visitors who click again as soon as they have their
answer, which is more than people can do: it says when one process is full.

With `--browser` Chromium visits the server: the time from the address to the title on the screen
and to the whole page, and what the server's memory grows by for each open page.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
PAGES_OPEN = 10  # beside the first one, for the memory of a session
PAUSE_SECONDS = 3.0  # between two clicks of a reader, on average
SEED = 20050309


@dataclass
class Visitor:
    """One session: what it sees of the boxes of its page, and what it has chosen in them."""

    socket: Any
    page: str
    boxes: dict[str, list[str]] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    script_hash: str = ""
    clicks: int = 0

    async def run(self) -> float:
        """Ask for the page as it is chosen now; seconds until it is complete."""
        message = BackMsg()
        state = message.rerun_script
        state.page_script_hash = self.script_hash
        state.page_name = "" if self.script_hash else self.page
        for box, option in self.chosen.items():
            widget = state.widget_states.widgets.add()
            widget.id, widget.string_value = box, option
        self.boxes = {}
        started = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(await self.socket.recv())
            kind = answer.WhichOneof("type")
            if kind == "ref_hash":
                answer = self.seen[answer.ref_hash]
                kind = answer.WhichOneof("type")
            elif answer.metadata.cacheable:
                self.seen[answer.hash] = answer
            if kind == "navigation":
                self.script_hash = answer.navigation.page_script_hash
            elif kind == "delta":
                self._look(answer.delta.new_element)
            elif kind == "script_finished":
                return time.perf_counter() - started

    def _look(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise SystemExit(f"{self.page or 'overview'} fails: {element.exception.message}")
        if kind == "selectbox" and len(element.selectbox.options) > 1:
            self.boxes[element.selectbox.id] = list(element.selectbox.options)

    def click(self) -> None:
        """The last box goes to its next option; without a box the page is asked for again."""
        self.clicks += 1
        if self.boxes:
            box, options = list(self.boxes.items())[-1]
            self.chosen = {name: text for name, text in self.chosen.items() if name in self.boxes}
            self.chosen[box] = options[self.clicks % len(options)]


async def visitor(address: str, page: str, start: int = 0) -> tuple[Visitor, float]:
    """A new session that has loaded its page, and how long that took."""
    talk = await websockets.connect(
        f"ws://{address}/_stcore/stream", subprotocols=["streamlit"], max_size=None
    )
    new = Visitor(talk, page, clicks=start)
    return new, await new.run()


async def one(address: str, pid: int, page: str, clicks: int) -> tuple[float, list[float], float]:
    """Seconds of the first load and of each click, and of the server's processor for a click."""
    alone, first = await visitor(address, page)
    seconds = []
    before = cpu_seconds(pid)
    for _ in range(clicks):
        alone.click()
        seconds.append(await alone.run())
    cpu = (cpu_seconds(pid) - before) / clicks
    await alone.socket.close()
    return first, seconds, cpu


async def many(
    address: str, page: str, visitors: int, clicks: int, pause_seconds: float
) -> list[float]:
    """Seconds of all clicks of visitors who come together and pause at random between clicks."""
    crowd = [(await visitor(address, page, 7 * n))[0] for n in range(visitors)]
    dice = random.Random(SEED)

    async def read(reader: Visitor) -> list[float]:
        seconds = []
        for _ in range(clicks):
            await asyncio.sleep(dice.uniform(0, 2 * pause_seconds))
            reader.click()
            seconds.append(await reader.run())
        await reader.socket.close()
        return seconds

    return [s for part in await asyncio.gather(*map(read, crowd)) for s in part]


def percentile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[min(len(seconds) - 1, round(share * (len(seconds) - 1)))]


def pages() -> list[tuple[str, str]]:
    """Title and path of every page, in the order of the menu; the first one has no path."""
    from dashboards import app, data

    listed = [(entry.title, entry.path) for entry in app.contents(data.release_in_service())]
    return [(listed[0][0], ""), *listed[1:]]


async def clicks(address: str, pid: int, visitors: int, times: int, only: str | None) -> None:
    """Print a table: one line a page."""
    crowd = f"{visitors} readers"
    print(
        f"| page | first, s | CPU of a click, ms | one p50, ms | p95, ms "
        f"| {crowd} p50, ms | p95, ms | {visitors} without pause p50, ms | p95, ms |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for title, path in pages():
        if only is not None and path != only:
            continue
        first, alone, cpu = await one(address, pid, path, times)
        reading = await many(address, path, visitors, 3, PAUSE_SECONDS)
        pressing = await many(address, path, visitors, 2, 0)
        figures = [
            f"{1000 * value:.0f}"
            for seconds in (alone, reading, pressing)
            for value in (statistics.median(seconds), percentile(seconds, 0.95))
        ]
        print(f"| {title} | {first:.2f} | {1000 * cpu:.0f} | {' | '.join(figures)} |", flush=True)


@contextlib.contextmanager
def server() -> Iterator[tuple[str, int]]:
    """A server on a free port of this machine: its address and its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "dashboards/app.py"]
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
        yield f"127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


def cpu_seconds(pid: int) -> float:
    """What the process has used of all processors; other work on the machine is not in it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not say what the server has in memory")


def paint(address: str, pid: int) -> None:
    """Print first paint of each page, and the memory of a session."""
    from playwright.sync_api import Page, sync_playwright

    chromium = next((path for path in CHROMIUM if Path(path).exists()), None)
    if chromium is None:
        raise SystemExit("no Chromium on this machine")
    complete = (
        "() => document.querySelector('[data-testid=\"stApp\"]')"
        "?.getAttribute('data-test-script-state') === 'notRunning'"
        " && !document.querySelector('[data-stale=\"true\"]')"
    )

    def visit(page: Page, where: str) -> tuple[float, float]:
        started = time.perf_counter()
        page.goto(where)
        page.wait_for_selector("h1", timeout=60_000)
        title = time.perf_counter() - started
        page.wait_for_function(complete, timeout=60_000)
        return title, time.perf_counter() - started

    print("| page | title, s | whole page, s | again: title, s | whole page, s |")
    print("|---|--:|--:|--:|--:|")
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for title, path in pages():
            seconds: list[float] = []
            for _ in range(2):  # a browser without a cache, each time
                context = browser.new_context()
                seconds += visit(context.new_page(), f"http://{address}/{path}")
                context.close()
            cells = " | ".join(f"{value:.2f}" for value in seconds)
            print(f"| {title} | {cells} |", flush=True)
        context = browser.new_context()
        visit(context.new_page(), f"http://{address}")
        before = resident_bytes(pid)
        for _ in range(PAGES_OPEN):
            visit(context.new_page(), f"http://{address}")
        grown = (resident_bytes(pid) - before) / PAGES_OPEN
        print(f"\nserver {before / 1e6:.0f} MB, and {grown / 1e6:.1f} MB for each open page")
        browser.close()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="state directory to read")
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--clicks", type=int, default=20, help="of one visitor")
    parser.add_argument("--page", help="only the page of this address ('' is the overview)")
    parser.add_argument("--browser", action="store_true", help="first paint and memory instead")
    given = parser.parse_args()
    os.environ["CLUSTERKPI_HOME"] = str(given.home.resolve())
    from dashboards import data

    release = data.release_in_service()
    print(f"release {release.release_id}, {release.path.stat().st_size / 1e6:.0f} MB\n")
    with server() as (address, pid):
        if given.browser:
            paint(address, pid)
        else:
            asyncio.run(clicks(address, pid, given.visitors, given.clicks, given.page))


if __name__ == "__main__":
    main()
