"""The trade path at 3, 10 and 30 million bilateral rows: landing, models, cells.

    python benchmarks/trade_scale.py [--rows 3e6 10e6 30e6] [--memory 4GB 20GB] [--keep DIR]
        [--json FILE] [--charts DIR]

A release in BACI's layout is generated (synthetic), landed and parsed as on any night, and each
model of trade is made on it from the SQL that dbt compiles; DuckDB's bare scan-and-group of the
same Parquet files stands beside. The demo's own transport is not used: it makes a whole reply in
memory and would be what is measured.

The shape follows BACI at every size: 222 economies, about 2,200 flows for each product and year,
few large traders and many small ones, flows that come and go; volume grows by products, as it does
from one nomenclature to a finer one. Every piece of work is a process of its own.

Belongs here: generating, running, measuring. Does not belong here: what a night does.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.chart import log_log
from benchmarks.measure import cost
from benchmarks.ratios import slope
from pipelines import dbt, steps
from pipelines.demo.baci_figures import _all_codes
from pipelines.ingest import Step
from pipelines.settings import PROJECT_ROOT, Settings

RELEASE = "HS92_V202601"
LAST_YEAR = 2024
ECONOMIES = 222
FLOWS_A_PRODUCT = 2_200
TRADE = "path:models/intermediate/trade"
# Aggregates: sums of the flows over what is not named. The others need two years at once.
AGGREGATES = (
    "int_trade__exporter_products",
    "int_trade__importer_products",
    "int_trade__importer_years",
    "int_trade__product_clusters",
    "int_trade__exporter_clusters",
    "int_trade__importer_clusters",
    "int_trade__bilateral_clusters",
)
# The same sums and nothing else, straight from the Parquet files.
BARE = {
    "exporter, product": "period_year, exporter_code, product_code",
    "importer, product": "period_year, importer_code, product_code",
    "exporter, importer, chapter": (
        "period_year, exporter_code, importer_code, left(product_code, 2)"
    ),
}


# ---------------------------------------------------------------- a release of any size


def members(rows: int, years: int) -> Iterator[tuple[str, bytes]]:
    """The files of a release with about `rows` flows."""
    draw = np.random.default_rng(20050309)
    version = RELEASE[-6:]
    codes, listed = _economies(draw)
    rows_a_year = rows // years
    count = max(20, min(len(_all_codes()), round(rows_a_year / FLOWS_A_PRODUCT)))
    every = _all_codes()
    products = [every[n] for n in np.linspace(0, len(every) - 1, count).astype(int)]
    exporter, importer, product = _pairs(draw, count, round(rows_a_year / 0.62))
    value = np.exp(draw.normal(3, 2.3, len(product)))
    there = draw.random(len(product)) < 0.62
    sold_by, sold_to = pl.Series(codes)[exporter], pl.Series(codes)[importer]
    item = pl.Series(products)[product]
    for year in range(LAST_YEAR - years + 1, LAST_YEAR + 1):
        there = draw.random(len(product)) < np.where(there, 0.87, 0.21)
        value *= np.exp(draw.normal(0.03, 0.25, len(product)))
        thousandths = np.maximum(1, (value * 1000).round()).astype(np.int64)
        frame = pl.DataFrame(
            {"t": np.full(len(product), year), "i": sold_by, "j": sold_to, "k": item}
        ).with_columns(
            v=pl.Series(thousandths).cast(pl.Decimal(18, 0)) / 1000,
            q=pl.lit("           1.000"),
        )
        frame = frame.with_columns(pl.col("v").cast(pl.Decimal(18, 3)))
        yield (
            f"BACI_HS92_Y{year}_V{version}.csv",
            frame.filter(pl.Series(there)).write_csv().encode(),
        )
    yield f"country_codes_V{version}.csv", listed
    names = pl.DataFrame({"code": products, "description": ["synthetic"] * count})
    yield f"product_codes_HS92_V{version}.csv", names.write_csv().encode()


def _economies(draw: np.random.Generator) -> tuple[list[str], bytes]:
    """Codes, the members of APEC among them, in the order of their size; and their file."""
    seed = PROJECT_ROOT / "dbt_project" / "seeds" / "reference" / "apec_economies.csv"
    with seed.open(newline="", encoding="utf-8") as lines:
        apec = {row["economy_code_baci"]: row["geo_id"] for row in csv.DictReader(lines)}
    free = [str(n) for n in range(1, 999) if str(n) not in apec and n not in (158, 840)]
    chosen = [*apec, *draw.choice(free, ECONOMIES - len(apec), replace=False)]
    order = [chosen[n] for n in draw.permutation(ECONOMIES)]
    letters = "ABCDEFGHIJ"
    iso3 = {code: f"Q{letters[n // 26]}{chr(65 + n % 26)}" for n, code in enumerate(order)}
    lines = ["country_code,country_name,country_iso2,country_iso3"]
    lines += [f"{c},Economy {c},N/A,{apec.get(c, iso3[c])}" for c in order]
    return order, ("\n".join(lines) + "\n").encode()


def _pairs(
    draw: np.random.Generator, products: int, lines: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exporter, importer and product of each line, sorted as in BACI's files."""
    weight = 1 / np.arange(1, ECONOMIES + 1) ** 0.9
    weight /= weight.sum()
    each = draw.lognormal(0, 0.6, products)
    each = np.maximum(1, each / each.sum() * lines).astype(int)
    parts = []
    for number, wanted in enumerate(each):
        wanted = min(wanted, ECONOMIES * ECONOMIES // 3)
        key = np.zeros(0, dtype=np.int64)
        while len(key) < wanted:
            pair = draw.choice(ECONOMIES, (2, 2 * wanted), p=weight)
            pair = pair[:, pair[0] != pair[1]]
            key = np.unique(np.concatenate([key, pair[0] * ECONOMIES + pair[1]]))
        parts.append(draw.choice(key, wanted, replace=False) * products + number)
    key = np.sort(np.concatenate(parts))
    return key // products // ECONOMIES, key // products % ECONOMIES, key % products


def make(folder: Path, rows: int, years: int) -> int:
    """Write the release and an index that serves it; returns the bytes of its text."""
    size = 0
    with zipfile.ZipFile(
        folder / f"BACI_{RELEASE}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1
    ) as archive:
        for name, body in members(rows, years):
            archive.writestr(name, body)
            size += len(body)
    (folder / "index.yml").write_text(
        "version: 1\n"
        "description: Synthetic trade in BACI's layout, generated to measure speed.\n"
        f"settings: {{baci_release: {RELEASE}, sources: [baci]}}\n"
        "entries:\n"
        f'  - url: "https://www.cepii.fr/DATA_DOWNLOAD/baci/data/BACI_{RELEASE}.zip"\n'
        "    body: file\n"
        f"    file: BACI_{RELEASE}.zip\n"
        "    content_type: application/zip\n"
        '    last_modified: "2026-01-24"\n'
    )
    return size


# ---------------------------------------------------------------- what is measured


def _settings(folder: Path, memory: str) -> Settings:
    return Settings(
        home=folder / "home",
        profile=f"replay:{folder / 'index.yml'}",
        memory_limit=memory,
        today=datetime(2026, 11, 1, tzinfo=UTC).date(),
    )


def land(folder: Path, memory: str) -> int:
    """Fetch, prove, parse, check and write the vintage; then the candidate around it."""
    with steps.open_run(_settings(folder, memory), say=lambda _line: None) as run:
        report = steps.ingest_source(run, "baci")
        if not any(part.step is Step.PROMOTED for part in report.parts):
            raise RuntimeError(f"nothing was promoted: {report.parts}")
        steps.prepare_candidate(run, steps.plan_release(run, force=True))
    with _open(folder / "home" / "build" / "candidate.duckdb", memory, folder) as con:
        return con.execute("select count(*) from raw.baci__flows").fetchall()[0][0]


@dataclass(frozen=True)
class Model:
    """A model as dbt wrote it down: its name, its relation, table or view, and its SQL."""

    name: str
    relation: str
    kind: str
    sql: str

    @property
    def is_measured(self) -> bool:
        return self.name.startswith("int_trade__")


def compiled(folder: Path, memory: str) -> list[Model]:
    """The models of trade and what they need, in the order in which they can be made.

    dbt loads the seeds and writes the SQL; the statements are run by `made`, so that each model is
    made once and in a process of its own.
    """
    settings = _settings(folder, memory)
    select = ("--select", "+path:models/marts/indicators/ind_linkage*")
    dbt.run(settings, "seed", *select)
    dbt.run(settings, "compile", *select)
    target = settings.build_dir / "dbt_target"
    nodes = json.loads((target / "manifest.json").read_bytes())["nodes"]
    results = json.loads((target / "run_results.json").read_bytes())["results"]
    chosen = [nodes[result["unique_id"]] for result in results]
    return [
        Model(n["name"], n["relation_name"], n["config"]["materialized"], sql["compiled_code"])
        for n, sql in zip(chosen, results, strict=True)
        if n["resource_type"] == "model"
    ]


def made(folder: Path, memory: str, models: Sequence[Model]) -> int:
    """Make some models; the rows of the last one, if it is a table."""
    with _open(folder / "home" / "build" / "candidate.duckdb", memory, folder) as con:
        for model in models:
            con.execute(f"create schema if not exists {model.relation.rsplit('.', 1)[0]}")
            con.execute(f"create or replace {model.kind} {model.relation} as {model.sql}")
        if not models or models[-1].kind != "table":
            return 0
        return con.execute(f"select count(*) from {models[-1].relation}").fetchall()[0][0]


def models_of_trade(folder: Path, memory: str) -> dict[str, dict[str, Any]]:
    """Cost of each model of trade; what they need beside it is made between them, unmeasured."""
    found: dict[str, dict[str, Any]] = {}
    for model in cost(compiled, folder, memory).result:
        spent = cost(made, folder, memory, [model])
        if model.is_measured:
            found[model.name] = spent.plain()
            print(f"  {model.name} {spent.cpu_seconds:.1f} s of CPU", file=sys.stderr, flush=True)
    return found


def cells(folder: Path, memory: str) -> int:
    """All cells of the indicators, as the fact will hold them."""
    with _open(folder / "home" / "build" / "candidate.duckdb", memory, folder) as con:
        names = con.execute(
            "select table_name from information_schema.tables where table_name like 'ind_linkage_%'"
        ).fetchall()
        union = " union all ".join(f"from intermediate.{name}" for (name,) in names)
        con.execute(f"create temp table fact as {union}")
        return con.execute("select count(*) from fact").fetchall()[0][0]


def gate(folder: Path, memory: str) -> float:
    """The queries of the gate on BACI's raw rows, without the engine that judges their results."""
    from expectations.suites.raw_baci import SUITES

    with _open(folder / "home" / "build" / "candidate.duckdb", memory, folder) as con:
        for suite in SUITES:
            con.sql(str(suite.sql)).fetchall()
    return 0.0


def scan(folder: Path, memory: str, keys: str) -> int:
    """One bare scan-and-group of the flows."""
    files = [str(p) for p in (folder / "home" / "raw").rglob("flows/*.parquet")]
    with _open(folder / "bare.duckdb", memory, folder) as con:
        con.execute("drop table if exists bare")
        con.execute(
            f"create table bare as select {keys}, sum(value_kusd)::decimal(18, 3) as value_kusd "
            f"from read_parquet({files}) group by all"
        )
        return con.execute("select count(*) from bare").fetchall()[0][0]


def _open(path: Path, memory: str, folder: Path) -> duckdb.DuckDBPyConnection:
    config = {"memory_limit": memory, "threads": 2, "temp_directory": str(folder / "spill")}
    con = duckdb.connect(str(path), config=config)
    con.execute("set enable_progress_bar = false")
    return con


# ---------------------------------------------------------------- the run


def landed(folder: Path, rows: int, years: int, memory: str) -> dict[str, Any]:
    """Generate, land and scan a release, unless the folder has it from an earlier run."""
    note = folder / "landed.json"
    if not note.exists():
        found: dict[str, Any] = {"asked": rows, "text": make(folder, rows, years)}
        landing = cost(land, folder, memory)
        found |= {"rows": landing.result, "land": landing.plain()}
        files = (folder / "home" / "raw").rglob("flows/*.parquet")
        found["parquet"] = sum(path.stat().st_size for path in files)
        bare = {name: cost(scan, folder, memory, keys).plain() for name, keys in BARE.items()}
        note.write_text(json.dumps(found | {"bare": bare}))
    return json.loads(note.read_text())


def measure(folder: Path, rows: int, years: int, memory: str) -> dict[str, Any]:
    found = landed(folder, rows, years, memory) | {"memory": memory}
    found["models"] = models_of_trade(folder, memory)
    found["cells"] = cost(cells, folder, memory).plain()
    found["gate"] = cost(gate, folder, memory).plain()
    found["candidate"] = (folder / "home/build/candidate.duckdb").stat().st_size
    return found


def summed(costs: Iterable[dict[str, Any]]) -> dict[str, float]:
    """Times and bytes added up, and the largest peak."""
    costs = list(costs)
    return {
        key: (max if key == "peak_bytes" else sum)(one[key] for one in costs)
        for key in ("wall_seconds", "cpu_seconds", "peak_bytes", "read_bytes", "written_bytes")
    }


def report(all_found: list[dict[str, Any]]) -> None:
    """Print the tables: steps, ratios to the bare scans, slopes, and each model."""
    mega, giga = 1e6, 2**30
    size = {id(found): f"{found['rows'] / mega:.1f} M, {found['memory']}" for found in all_found}
    print("\n| rows, limit | step | wall, s | CPU, s | peak, GiB | rows/s |")
    print("|--:|---|--:|--:|--:|--:|")
    for found in all_found:
        steps_of = {
            "landing → Parquet": found["land"],
            "models of trade": summed(found["models"].values()),
            "indicators → cells": found["cells"],
            "queries of the gate": found["gate"],
        }
        steps_of |= {f"bare scan-and-group: {n}": spent for n, spent in found["bare"].items()}
        for name, spent in steps_of.items():
            print(
                f"| {size[id(found)]} | {name} | {spent['wall_seconds']:.1f} | "
                f"{spent['cpu_seconds']:.1f} | {spent['peak_bytes'] / giga:.2f} | "
                f"{found['rows'] / spent['wall_seconds']:,.0f} |"
            )
    print("\n| rows, limit | what | wall, s | × bare | CPU, s | × bare |")
    print("|--:|---|--:|--:|--:|--:|")
    for found in all_found:
        bare = summed(found["bare"].values())
        groups = {
            "the aggregates": summed(found["models"][name] for name in AGGREGATES),
            "all models of trade": summed(found["models"].values()),
        }
        for what, ours in groups.items():
            words = [size[id(found)], what]
            for term in ("wall_seconds", "cpu_seconds"):
                words += [f"{ours[term]:.1f}", f"{ours[term] / bare[term]:.1f}"]
            print("| " + " | ".join(words) + " |")
    print("\n| model: CPU s, GiB, rows | " + " | ".join(size.values()) + " | slope of CPU |")
    print("|---|" + "--:|" * (len(all_found) + 1))
    for name, fitted in slopes(all_found).items():
        spent = [found["models"][name] for found in all_found]
        words = [
            f"{s['cpu_seconds']:.1f}, {s['peak_bytes'] / giga:.2f}, {s['result']:,}" for s in spent
        ]
        print(f"| {name} | " + " | ".join(words) + f" | {fitted} |")


def slopes(all_found: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Model → slope of its CPU time over the rows, for each memory limit with two sizes."""
    found = {}
    for name in all_found[0]["models"]:
        fits = {}
        for memory in dict.fromkeys(one["memory"] for one in all_found):
            some = [one for one in all_found if one["memory"] == memory]
            rows = [one["rows"] for one in some]
            fits[memory] = slope(rows, [one["models"][name]["cpu_seconds"] for one in some])
        found[name] = ", ".join(
            f"{memory} {fit:.2f}" for memory, fit in fits.items() if fit is not None
        )
    return found


def charts(all_found: Sequence[dict[str, Any]]) -> dict[str, str]:
    """File name → SVG: CPU time and memory of the models of trade over the rows."""
    drawn: dict[str, dict[str, list[tuple[float, float]]]] = {"cpu": {}, "memory": {}}
    for found in all_found:
        rows = found["rows"] / 1e6
        parts = {
            "bare scans": summed(found["bare"].values()),
            "landing": found["land"],
            f"aggregates, {found['memory']}": summed(found["models"][n] for n in AGGREGATES),
            f"pull, {found['memory']}": found["models"]["int_trade__market_pull"],
            f"all models, {found['memory']}": summed(found["models"].values()),
        }
        for name, spent in parts.items():
            drawn["cpu"].setdefault(name, []).append((rows, spent["cpu_seconds"]))
            drawn["memory"].setdefault(name, []).append((rows, spent["peak_bytes"] / 2**30))
    return {
        "trade_cpu.svg": log_log("CPU time", drawn["cpu"], "million rows", "seconds"),
        "trade_memory.svg": log_log("Peak memory", drawn["memory"], "million rows", "GiB"),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, nargs="+", default=[3e6, 10e6, 30e6])
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--memory", nargs="+", default=["4GB"], help="memory limits of DuckDB")
    parser.add_argument("--keep", type=Path, help="keep what was landed here, and use it again")
    parser.add_argument("--json", type=Path, help="add what was measured to this file")
    parser.add_argument("--charts", type=Path, help="draw what is in the JSON into this folder")
    options = parser.parse_args()
    before = options.json and options.json.exists() and json.loads(options.json.read_text())
    all_found = {(one["asked"], one["memory"]): one for one in before or []}
    for rows in map(int, options.rows):
        with tempfile.TemporaryDirectory(prefix="trade_scale_") as scratch:
            folder = options.keep / str(rows) if options.keep else Path(scratch)
            folder.mkdir(parents=True, exist_ok=True)
            for memory in options.memory:
                all_found[rows, memory] = measure(folder, rows, options.years, memory)
                if options.json:
                    options.json.write_text(json.dumps(list(all_found.values()), indent=1))
    ordered = [all_found[key] for key in sorted(all_found, key=lambda key: (key[1], key[0]))]
    report(ordered)
    if options.charts:
        for name, text in charts(ordered).items():
            (options.charts / name).write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
