"""Kill whole refreshes at random moments and look at what a reader and the next night find.

    python benchmarks/kill_refresh.py --kills 50

Each refresh runs with --force, so that every kill meets fetching, promoting, building, gating or
publishing. Prints one line a kill and a summary; ends with 1 if anything was ever broken.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from pipelines import warehouse


def refresh(home: Path, log: Path, *more: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "pipelines.cli", "refresh", "--profile", "demo", *more]
    env = {**os.environ, "CLUSTERKPI_HOME": str(home)}
    return subprocess.Popen(
        words, env=env, stdout=log.open("wb"), stderr=subprocess.STDOUT, start_new_session=True
    )


def inspect(home: Path) -> str:
    """'' if the release in service is whole; otherwise what is wrong."""
    path = warehouse.current_path(home)
    name = path.stem.removeprefix("release_")
    with warehouse.open_published(home, path) as con:
        inside, cells = con.execute(
            "select (select release_id from meta.release), count(*) from marts.fct_indicator_value"
        ).fetchall()[0]
    journalled = {r.release_id: r.cells for r in warehouse.releases(home)}
    if inside != name:
        return f"{path.name} says it is {inside}"
    return "" if journalled.get(name) == cells else f"{cells} cells, {journalled.get(name)} noted"


def phase(log: Path) -> str:
    """The last step that a run reported before it was killed."""
    lines = [line.split()[0] for line in log.read_text(errors="replace").splitlines() if line]
    return lines[-1] if lines else "start"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20050309)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    broken = 0
    phases: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        home, log = Path(scratch) / "home", Path(scratch) / "log"
        started = time.monotonic()
        if refresh(home, log).wait() != 0:
            print(log.read_text())
            return 1
        whole = time.monotonic() - started
        for number in range(1, options.kills + 1):
            child = refresh(home, log, "--force")
            wait = chance.uniform(0.0, whole)
            time.sleep(wait)
            ended = child.poll() is not None
            if not ended:
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            trouble = inspect(home)
            broken += bool(trouble)
            where = "finished" if ended else f"after {phase(log)}"
            phases[where] += 1
            print(
                f"kill {number:>3} at {wait:5.1f} s, {where:<16} {trouble or 'whole'}", flush=True
            )
        code = refresh(home, log).wait()
        trouble = inspect(home)
        print(f"next refresh: exit {code}, {trouble or 'whole'}")
        broken += bool(trouble) + (code != 0)
    print(f"{options.kills} kills of a {whole:.0f} s refresh: {broken} broken; {dict(phases)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
