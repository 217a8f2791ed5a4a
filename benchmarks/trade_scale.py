"""The trade path at 3, 10 and 30 million bilateral rows: landing, models, cells.

    python benchmarks/trade_scale.py [--rows 3e6 10e6 30e6] [--years 10] [--memory 4GB] [--keep DIR]

A release in BACI's layout is generated (synthetic), landed and parsed as on any night, and dbt
builds the models of trade on it; DuckDB's bare scan-and-group of the same Parquet files stands
beside. The demo's own transport is not used: it makes a whole reply in memory and would be what is
measured.

The shape follows BACI at every size: 222 economies, about 2,200 flows for each product and year,
few large traders and many small ones, flows that come and go; volume grows by products, as it does
from one nomenclature to a finer one. Every piece of work is a process of its own.

Belongs here: generating, running, measuring. Does not belong here: what a night does.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measure import Cost, cost
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


def build(folder: Path, memory: str) -> dict[str, object]:
    """The models of trade and what they need, by dbt, which is a process of its own."""
    os.environ.update(CLUSTERKPI_HOME=str(folder / "home"))
    started = time.perf_counter()
    nodes = dbt.run(
        _settings(folder, memory), "build", "--resource-type", "seed", "--resource-type", "model",
        "--select", "+path:models/marts/indicators/ind_linkage*",
    )  # fmt: skip
    wall = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * 1024,
        "nodes": len(nodes),
    }


def compiled(folder: Path) -> dict[str, str]:
    """The SQL of each model of trade as dbt wrote it, in the order in which dbt ran it."""
    target = folder / "home" / "build" / "dbt_target"
    results = json.loads((target / "run_results.json").read_bytes())["results"]
    names = [result["unique_id"].split(".")[-1] for result in results]
    found = {path.stem: path.read_text() for path in (target / "compiled").rglob("*.sql")}
    return {name: found[name] for name in names if name.startswith("int_trade__")}


def alone(folder: Path, memory: str, name: str, sql: str) -> int:
    """One model again, by itself, into a table beside the one that dbt made."""
    with _open(folder / "home" / "build" / "candidate.duckdb", memory, folder) as con:
        con.execute(f"create table intermediate.again as {sql}")
        rows = con.execute("select count(*) from intermediate.again").fetchall()[0][0]
        con.execute("drop table intermediate.again")
    return rows


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
    return duckdb.connect(
        str(path),
        config={"memory_limit": memory, "threads": 2, "temp_directory": str(folder / "spill")},
    )


# ---------------------------------------------------------------- the run


def measure(folder: Path, rows: int, years: int, memory: str) -> dict[str, object]:
    text = make(folder, rows, years)
    landing = cost(land, folder, memory)
    found: dict[str, object] = {"rows": landing.result, "text": text, "land": _plain(landing)}
    files = (folder / "home" / "raw").rglob("flows/*.parquet")
    found["parquet"] = sum(path.stat().st_size for path in files)
    found["bare"] = {name: _plain(cost(scan, folder, memory, keys)) for name, keys in BARE.items()}
    found["build"] = cost(build, folder, memory).result
    found["models"] = {
        name: _plain(cost(alone, folder, memory, name, sql))
        for name, sql in compiled(folder).items()
    }
    found["cells"] = _plain(cost(cells, folder, memory))
    found["gate"] = _plain(cost(gate, folder, memory))
    found["candidate"] = (folder / "home/build/candidate.duckdb").stat().st_size
    return found


def _plain(spent: Cost) -> dict[str, object]:
    return {
        "wall": spent.wall_seconds,
        "cpu": spent.cpu_seconds,
        "peak": spent.peak_bytes,
        "result": spent.result,
    }


def report(all_found: list[dict]) -> None:
    mega, giga = 1e6, 2**30
    print("\n| rows | step | wall, s | CPU, s | peak, GiB | rows/s |")
    print("|--:|---|--:|--:|--:|--:|")
    for found in all_found:
        steps_of = {
            "landing → Parquet": found["land"],
            "dbt: models of trade": found["build"],
            "indicators → cells": found["cells"],
            "queries of the gate": found["gate"],
        }
        steps_of |= {f"bare scan-and-group: {n}": spent for n, spent in found["bare"].items()}
        for name, spent in steps_of.items():
            print(
                f"| {found['rows'] / mega:.1f} M | {name} | {spent['wall']:.1f} | "
                f"{spent['cpu']:.1f} | {spent['peak'] / giga:.2f} | "
                f"{found['rows'] / spent['wall']:,.0f} |"
            )
    print("\n| rows | what | wall, s | × bare | CPU, s | × bare |")
    print("|--:|---|--:|--:|--:|--:|")
    for found in all_found:
        bare = found["bare"].values()
        groups = {
            "the aggregates": [found["models"][name] for name in AGGREGATES],
            "all models of trade": list(found["models"].values()),
        }
        for what, spent in groups.items():
            words = [f"{found['rows'] / mega:.1f} M", what]
            for term in ("wall", "cpu"):
                ours = sum(one[term] for one in spent)
                words += [f"{ours:.1f}", f"{ours / sum(one[term] for one in bare):.1f}"]
            print("| " + " | ".join(words) + " |")
    print("\n| model, alone | " + " | ".join(
        f"{f['rows'] / mega:.1f} M: s, CPU s, GiB, rows" for f in all_found) + " |")  # fmt: skip
    print("|---|" + "--:|" * len(all_found))
    for name in all_found[0]["models"]:
        spent = [found["models"][name] for found in all_found]
        words = [
            f"{s['wall']:.1f}, {s['cpu']:.1f}, {s['peak'] / giga:.2f}, {s['result']:,}"
            for s in spent
        ]
        print(f"| {name} | " + " | ".join(words) + " |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, nargs="+", default=[3e6, 10e6, 30e6])
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--memory", default="4GB", help="memory limit of DuckDB")
    parser.add_argument("--keep", type=Path, help="keep the state of the last size here")
    parser.add_argument("--json", type=Path, help="write what was measured")
    options = parser.parse_args()
    all_found = []
    for rows in options.rows:
        with tempfile.TemporaryDirectory(prefix="trade_scale_") as scratch:
            folder = Path(scratch)
            found = measure(folder, int(rows), options.years, options.memory)
            all_found.append(found)
            print(json.dumps(found), file=sys.stderr, flush=True)
            if options.keep:
                shutil.copytree(folder, options.keep, dirs_exist_ok=True)
    report(all_found)
    if options.json:
        options.json.write_text(json.dumps(all_found, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
