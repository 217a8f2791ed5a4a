"""How long the server takes to run a page again, for one visitor and for many at once.

    python benchmarks/dashboard_speed.py --home data [--visitors 20] [--runs 10]

Runs each page in Streamlit's own test runner: the time is that of the script, from the click to
the last element, without the network and the browser. Visitors are threads in one process, as in
the server. The first run of a page fills the caches and is shown apart.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from streamlit.testing.v1 import AppTest

from dashboards import app, data


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


def runs(script: str, times: int) -> list[float]:
    """Seconds of the first run and of each run after it, of one visitor."""
    test = AppTest.from_string(script, default_timeout=300)
    seconds = [timed(test.run) for _ in range(times + 1)]
    if test.exception:
        raise SystemExit(f"a page fails: {test.exception[0].value}")
    return seconds


def percentile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[min(len(seconds) - 1, round(share * (len(seconds) - 1)))]


def main() -> None:
    """Print a table: one line a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="state directory to read")
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--runs", type=int, default=10)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    os.environ["CLUSTERKPI_HOME"] = str(given.home.resolve())
    release = data.release_in_service()
    print(f"release {release.release_id}, {release.path.stat().st_size / 1e6:.0f} MB\n")
    crowded = f"{given.visitors} at once p50, ms"
    print(f"| page | first, s | again p50, ms | p95, ms | {crowded} | p95, ms |")
    print("|---|--:|--:|--:|--:|--:|")
    for number, entry in enumerate(app.contents(release)):
        script = page_script(number)
        first, *alone = runs(script, given.runs)
        with ThreadPoolExecutor(given.visitors) as crowd:
            many = crowd.map(lambda s: runs(s, 3)[1:], [script] * given.visitors)
            together = [second for visitor in many for second in visitor]
        figures = [
            statistics.median(alone),
            percentile(alone, 0.95),
            statistics.median(together),
            percentile(together, 0.95),
        ]
        cells = " | ".join(f"{1000 * seconds:.0f}" for seconds in figures)
        print(f"| {entry.title} | {first:.2f} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
