"""Reading and checking a delivery beside a bare read of the same bytes.

    python benchmarks/parse_speed.py [--data ../shared/data] [--baci-rows 10000000]

"Bare" is polars reading the same columns as text and casting the figures, with no check, no
accounting and no provenance. Each side runs three times in a process of its own; the fastest run
counts, and memory is the peak of that process less what it began with. BACI's year is generated
(synthetic) and lies in a zip archive; the others are official files and are left out where the
folder is absent.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measure import Cost, cost
from pipelines import contracts
from pipelines.http.classify import Media
from pipelines.landing import Landed
from pipelines.landing_store import kept_file
from pipelines.sources.base import discover

WHEN = datetime(2026, 11, 1, tzinfo=UTC)
_YEAR = "BACI_HS17_Y2023_V202601.csv"
_RUNS = 3


def best(work: Callable[[], int]) -> tuple[int, float, float]:
    """Rows, and the fastest of some runs: wall and CPU seconds."""
    found, rows = [], 0
    for _ in range(_RUNS):
        wall, cpu = time.perf_counter(), time.process_time()
        rows = work()
        found.append((time.perf_counter() - wall, time.process_time() - cpu))
    return rows, min(wall for wall, _ in found), min(cpu for _, cpu in found)


def ours(source_id: str, part: str, path: Path, media: Media) -> tuple[int, float, float]:
    """Parse and gate a delivery, batch by batch, as a night does."""
    source = discover()[source_id]
    reply = Landed(
        path.name, kept_file(path), media, f"https://benchmark.example/{path.name}", WHEN
    )

    def work() -> int:
        rows = 0
        keys: dict[tuple[str, str | None], contracts.Keys] = {}
        for chunk in source.parse(part, [reply]):
            table = source.table(chunk.table)
            gated = contracts.apply(table, chunk.rows, "benchmark")
            assert gated.good.height + gated.bad.height == chunk.rows.height
            keys.setdefault((chunk.table, chunk.member), contracts.Keys()).add(table, gated.good)
            rows += chunk.rows.height
        assert not any(key.repeat() for key in keys.values())
        return rows

    return best(work)


def text(body: bytes, separator: str = ",") -> pl.DataFrame:
    return pl.read_csv(body, infer_schema=False, separator=separator, quote_char=None)


def bare_cbp(path: Path) -> tuple[int, float, float]:
    def work() -> int:
        with zipfile.ZipFile(path) as archive:
            rows = text(archive.read("cbp21co.txt"))
        figures = [name for name in rows.columns if name in ("emp", "qp1", "ap", "est")]
        return rows.with_columns(pl.col(figures).cast(pl.Int64, strict=False)).height

    return best(work)


def bare_tsv(path: Path) -> tuple[int, float, float]:
    def work() -> int:
        rows = text(path.read_bytes(), "\t")
        long = rows.unpivot(index=rows.columns[0])
        value = pl.col("value").str.strip_chars().str.split_exact(" ", 1).struct.field("field_0")
        return long.with_columns(value.cast(pl.Float64, strict=False)).height

    return best(work)


def bare_baci(path: Path) -> tuple[int, float, float]:
    def work() -> int:
        with zipfile.ZipFile(path) as archive:
            flows = text(archive.read(_YEAR))
        return flows.with_columns(pl.col("v", "q").cast(pl.Float64, strict=False)).height

    return best(work)


def packed(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, body in members.items():
            archive.writestr(name, body)


def make_cbp(data: Path, path: Path) -> None:
    raw = gzip.decompress((data / "us/cbp/cbp21co.txt.gz").read_bytes())
    packed(path, {"cbp21co.txt": raw})


def make_tsv(data: Path, path: Path) -> None:
    raw = (data / "eurostat/sbs/sbs_r_nuts06_r2.tsv.gz").read_bytes()
    path.write_bytes(gzip.decompress(raw))


def make_baci(rows: int, path: Path) -> None:
    """A year of trade with no key twice, in the publisher's order."""
    draw = np.random.default_rng(20050309)
    frame = pl.DataFrame(
        {
            "t": np.full(rows, 2023),
            "i": draw.integers(4, 894, rows),
            "j": draw.integers(4, 894, rows),
            "k": draw.integers(10121, 970600, rows),
            "v": draw.integers(1, 10**9, rows) / 1000,
            "q": draw.integers(1, 10**8, rows) / 1000,
        }
    )
    frame = frame.unique(subset=["i", "j", "k"]).sort("i", "j", "k")
    frame = frame.with_columns(pl.col("k").cast(pl.String).str.zfill(6))
    codes = b"country_code,country_name,country_iso2,country_iso3\n36,Australia,AU,AUS\n"
    packed(
        path,
        {
            _YEAR: frame.write_csv().encode(),
            "country_codes_V202601.csv": codes,
            "product_codes_HS17_V202601.csv": b'code,description\n"010121","Horses"\n',
        },
    )


def line(name: str, checked: Cost, bare: Cost) -> str:
    rows, wall, cpu = checked.result
    _, bare_wall, bare_cpu = bare.result
    return (
        f"| {name} | {rows:,} | {wall:.2f} | {rows / wall:,.0f} | {bare_wall:.2f} | "
        f"{wall / bare_wall:.1f} | {cpu / bare_cpu:.1f} | {checked.peak_bytes / 2**20:,.0f} | "
        f"{bare.peak_bytes / 2**20:,.0f} |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--baci-rows", type=int, default=10_000_000)
    options = parser.parse_args()
    print(
        "| delivery | rows | read and checked, s | rows/s | bare read, s | ratio | ratio of CPU | "
        "peak MB | bare peak MB |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if options.data.is_dir():
            path = folder / "cbp21co.zip"
            make_cbp(options.data, path)
            checked = cost(ours, "cbp", "2021", path, Media.ZIP)
            print(line("CBP 2021, counties", checked, cost(bare_cbp, path)), flush=True)
            path = folder / "sbs_r_nuts06_r2"
            make_tsv(options.data, path)
            checked = cost(ours, "eurostat", path.name, path, Media.TSV)
            print(line("Eurostat TSV, cells", checked, cost(bare_tsv, path)), flush=True)
        path = folder / "BACI_HS17_V202601.zip"
        cost(make_baci, options.baci_rows, path)
        checked = cost(ours, "baci", "HS17_V202601", path, Media.ZIP)
        print(line("BACI, one synthetic year", checked, cost(bare_baci, path)), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
