"""Every stage of a demo night at several sizes: `python -m benchmarks [--sizes 1 2 4 8]`.

    python -m benchmarks                    measure ×1, ×2 and ×4; write JSON, table and charts
    python -m benchmarks --sizes 8 --add    measure one more size beside those that are there
    python -m benchmarks --check            measure ×1 and ×2; fail where a ratio is too high
    python -m benchmarks --breakdown        where the time of one night goes, from the JSON
    python -m benchmarks --accept           what is in the JSON becomes the baseline

A stage is a process of its own: wall time, CPU time, peak memory, bytes read and written. Slopes
are fits of the logarithms over all sizes. `--check` compares ratios, never seconds.

Belongs here: the command, the table, the files. Does not belong here: stages (`night_stages`),
ratios (`ratios`), trade beyond the demo's (`trade_scale`).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import night_stages, ratios
from benchmarks.chart import log_log
from benchmarks.ratios import YARDSTICK, Measured
from pipelines.settings import PROJECT_ROOT

DOCS = PROJECT_ROOT / "docs" / "benchmarks"
BASELINE = PROJECT_ROOT / "benchmarks" / "baseline.json"
PAGE, MARK = "suite.md", "<!-- measured by python -m benchmarks: below is generated -->"
CHECKED = (1, 2)  # sizes of --check
LINES_OF_A_CHART = 8


def read(file: Path) -> dict[int, dict[str, Any]]:
    """What was measured before; {} where there is nothing."""
    if not file.exists():
        return {}
    return {int(size): costs for size, costs in json.loads(file.read_text())["sizes"].items()}


def write(file: Path, measured: Measured) -> None:
    """Sizes, and the slopes over them, as JSON that two runs can be compared by."""
    record = {
        "unit": "size: multiple of the demo's volume; seconds, bytes",
        "slopes_of_cpu": {k: v and round(v, 3) for k, v in ratios.slopes(measured).items()},
        "sizes": {size: _rounded(costs) for size, costs in sorted(measured.items())},
    }
    file.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def _rounded(costs: Any) -> Any:
    if isinstance(costs, dict):
        return {key: _rounded(value) for key, value in costs.items()}
    return round(costs, 3) if isinstance(costs, float) else costs


def table(measured: Measured) -> Iterable[str]:
    """One line a stage: CPU at every size, slope, and the rest at the largest."""
    sizes = sorted(measured)
    largest = sizes[-1]
    slopes = ratios.slopes(measured)
    memory = ratios.slopes(measured, "peak_bytes")
    heads = [f"CPU ×{size}, s" for size in sizes]
    last = [f"wall ×{largest}, s", "peak, MiB", "read, MB", "written, MB", "slope of peak"]
    yield "| " + " | ".join(["stage", *heads, "slope", *last]) + " |"
    yield "|---|" + "--:|" * (len(heads) + 6)
    for stage in ratios.stages(measured):
        spent = measured[max(size for size in sizes if stage in measured[size])][stage]
        cpu = [
            f"{measured[size][stage]['cpu_seconds']:.2f}" if stage in measured[size] else ""
            for size in sizes
        ]
        words = [
            stage,
            *cpu,
            _number(slopes[stage]),
            f"{spent['wall_seconds']:.2f}",
            f"{spent['peak_bytes'] / 2**20:,.0f}",
            f"{spent['read_bytes'] / 1e6:,.0f}",
            f"{spent['written_bytes'] / 1e6:,.0f}",
            _number(memory[stage]),
        ]
        yield "| " + " | ".join(words) + " |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def breakdown(measured: Measured) -> Iterable[str]:
    """Where the time of the smallest night goes, and what it is to its own core.

    The core is fetching, parsing and dbt alone: a night cannot be had for less.
    """
    costs = measured[min(measured)]
    outside = ("publishers", "ten questions", "all pages", "nothing new", "formula", YARDSTICK)
    night = {stage: spent for stage, spent in costs.items() if not stage.startswith(outside)}
    core = [stage for stage in night if stage.startswith(("fetch", "parse", "dbt"))]
    terms = ("wall_seconds", "cpu_seconds")
    whole = {term: sum(spent[term] for spent in night.values()) for term in terms}
    least = {term: sum(night[stage][term] for stage in core) for term in terms}
    yield "| stage of a night | wall, s | CPU, s | share of CPU |"
    yield "|---|--:|--:|--:|"
    for stage, spent in night.items():
        share = spent["cpu_seconds"] / whole["cpu_seconds"]
        yield (
            f"| {stage} | {spent['wall_seconds']:.1f} | {spent['cpu_seconds']:.1f} | {share:.0%} |"
        )
    yield ""
    times = {term: f"{whole[term] / least[term]:.2f}" for term in terms}
    yield (
        f"The whole night is {times['wall_seconds']} times fetching, parsing and dbt alone by wall "
        f"time ({whole['wall_seconds']:.1f} s and {least['wall_seconds']:.1f} s) and "
        f"{times['cpu_seconds']} times by CPU ({whole['cpu_seconds']:.1f} s and "
        f"{least['cpu_seconds']:.1f} s)."
    )


def charts(measured: Measured) -> dict[str, str]:
    """File name → SVG: CPU time and peak memory of the stages that take most."""
    if len(measured) < 2:
        return {}
    largest = measured[max(measured)]
    names = [name for name in ratios.stages(measured) if name in largest and name != YARDSTICK]
    found = {}
    for file, title, field, unit in (
        ("suite_cpu.svg", "CPU time by stage", "cpu_seconds", 1.0),
        ("suite_memory.svg", "Peak memory by stage", "peak_bytes", 2.0**20),
    ):
        most = sorted(names, key=lambda name: -largest[name][field])[:LINES_OF_A_CHART]
        lines = {
            name: [
                (size, costs[name][field] / unit)
                for size, costs in sorted(measured.items())
                if name in costs and costs[name][field] > 0
            ]
            for name in most
        }
        what = "CPU seconds" if unit == 1 else "MiB"
        found[file] = log_log(title, lines, "multiple of the demo's volume", what)
    return found


def document(measured: Measured) -> None:
    """Write the table below the mark of the page, and the charts beside it."""
    page = DOCS / PAGE
    prose = page.read_text().split(MARK)[0] if page.exists() else "# The suite\n\n"
    drawn = charts(measured)
    for name, text in drawn.items():
        (DOCS / name).write_text(text)
    pictures = "\n\n".join(f"![{name}]({name})" for name in drawn)
    parts = ["\n".join(table(measured)), "\n".join(breakdown(measured)), pictures]
    page.write_text(prose + MARK + "\n\n" + "\n\n".join(part for part in parts if part) + "\n")


def run(sizes: Iterable[int], measured: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Measure some sizes; those of `measured` that are not measured now stay."""
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="clusterkpi-suite-") as scratch:
            measured[size] = night_stages.night(
                Path(scratch), size, lambda line: print(line, file=sys.stderr, flush=True)
            )
    return measured


def check(found: Measured) -> int:
    """Print what is beyond tolerance; 1 if anything is."""
    beyond = ratios.compare(read(BASELINE), found)
    for one in beyond:
        print(one)
    kinds = ", ".join(f"{kind} {allowed:g}" for kind, allowed in ratios.TOLERANCE.items())
    print(f"{len(beyond)} ratios beyond tolerance (allowed above the baseline: {kinds})")
    return 1 if beyond else 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", help="default 1 2 4; with --check 1 2")
    parser.add_argument("--add", action="store_true", help="keep the sizes measured before")
    parser.add_argument("--check", action="store_true", help="compare ratios with the baseline")
    parser.add_argument(
        "--found", type=Path, help="with --check: compare this JSON, measure nothing"
    )
    parser.add_argument("--breakdown", action="store_true", help="print where a night's time goes")
    parser.add_argument("--accept", action="store_true", help="make the JSON the baseline")
    parser.add_argument("--json", type=Path, default=DOCS / "suite.json")
    given = parser.parse_args()
    if given.check:
        sizes = given.sizes or CHECKED
        return check(read(given.found) if given.found else run(sizes, {}))
    if given.breakdown:
        print("\n".join(breakdown(read(given.json))))
        return 0
    if given.accept:
        kept = {size: costs for size, costs in read(given.json).items() if size in CHECKED}
        write(BASELINE, kept)
        return 0
    measured = run(given.sizes or (1, 2, 4), read(given.json) if given.add else {})
    write(given.json, measured)
    document(measured)
    print("\n".join(table(measured)))
    print()
    print("\n".join(breakdown(measured)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
