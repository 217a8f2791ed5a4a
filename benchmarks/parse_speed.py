"""Reading and checking a delivery beside a bare read of the same bytes.

    python benchmarks/parse_speed.py [--data ../shared/data] [--baci-rows 10000000]

"Bare" is polars reading the same columns as text and casting the figures, with no check, no
accounting and no provenance. BACI's year is generated here (synthetic) and lies in a zip archive;
the others are official files and are left out where the folder is absent.
"""

from __future__ import annotations

import argparse
import gzip
import io
import resource
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

from pipelines import contracts
from pipelines.http.classify import Media
from pipelines.landing import Landed
from pipelines.sources.base import discover

WHEN = datetime(2026, 11, 1, tzinfo=UTC)


def best(work: Callable[[], int], times: int = 3) -> tuple[int, float]:
    """Rows, and the fastest of some runs in seconds."""
    seconds, rows = [], 0
    for _ in range(times):
        started = time.perf_counter()
        rows = work()
        seconds.append(time.perf_counter() - started)
    return rows, min(seconds)


def ours(source_id: str, part: str, reply: Landed) -> Callable[[], int]:
    source = discover()[source_id]

    def work() -> int:
        rows = 0
        for chunk in source.parse(part, [reply]):
            gated = contracts.apply(source.table(chunk.table), chunk.rows, "benchmark")
            assert gated.good.height + gated.bad.height == chunk.rows.height
            rows += chunk.rows.height
        return rows

    return work


def landed(folder: Path, name: str, body: bytes, media: Media) -> Landed:
    path = folder / name
    path.write_bytes(body)
    return Landed(name, path, media, f"https://benchmark.example/{name}", WHEN)


def packed(members: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return sink.getvalue()


def text(body: bytes, separator: str = ",") -> pl.DataFrame:
    return pl.read_csv(body, infer_schema=False, separator=separator, quote_char=None)


def cbp(data: Path, folder: Path) -> tuple[str, Callable[[], int], Callable[[], int]]:
    raw = gzip.decompress((data / "us/cbp/cbp21co.txt.gz").read_bytes())
    reply = landed(folder, "cbp21co.zip", packed({"cbp21co.txt": raw}), Media.ZIP)

    def bare() -> int:
        with zipfile.ZipFile(reply.path) as archive:
            rows = text(archive.read("cbp21co.txt"))
        figures = [name for name in rows.columns if name in ("emp", "qp1", "ap", "est")]
        return rows.with_columns(pl.col(figures).cast(pl.Int64, strict=False)).height

    return "CBP 2021, counties", ours("cbp", "2021", reply), bare


def eurostat(data: Path, folder: Path) -> tuple[str, Callable[[], int], Callable[[], int]]:
    raw = gzip.decompress((data / "eurostat/sbs/sbs_r_nuts06_r2.tsv.gz").read_bytes())
    reply = landed(folder, "sbs_r_nuts06_r2", raw, Media.TSV)

    def bare() -> int:
        rows = text(raw, "\t")
        long = rows.unpivot(index=rows.columns[0])
        value = pl.col("value").str.strip_chars().str.split_exact(" ", 1).struct.field("field_0")
        return long.with_columns(value.cast(pl.Float64, strict=False)).height

    return "Eurostat TSV, cells", ours("eurostat", "sbs_r_nuts06_r2", reply), bare


def baci(rows: int, folder: Path) -> tuple[str, Callable[[], int], Callable[[], int]]:
    draw = np.random.default_rng(20050309)
    product = draw.integers(10121, 970600, rows)
    frame = pl.DataFrame(
        {
            "t": np.full(rows, 2023),
            "i": draw.integers(4, 894, rows),
            "j": draw.integers(4, 894, rows),
            "k": product,
            "v": draw.integers(1, 10**9, rows) / 1000,
            "q": draw.integers(1, 10**8, rows) / 1000,
        }
    ).with_columns(pl.col("k").cast(pl.String).str.zfill(6))
    frame = frame.unique(subset=["i", "j", "k"])
    name = "BACI_HS17_Y2023_V202601.csv"
    codes = b"country_code,country_name,country_iso2,country_iso3\n36,Australia,AU,AUS\n"
    body = packed(
        {
            name: frame.write_csv().encode(),
            "country_codes_V202601.csv": codes,
            "product_codes_HS17_V202601.csv": b'code,description\n"010121","Horses"\n',
        }
    )
    reply = landed(folder, "BACI_HS17_V202601.zip", body, Media.ZIP)

    def bare() -> int:
        with zipfile.ZipFile(reply.path) as archive:
            flows = text(archive.read(name))
        return flows.with_columns(pl.col("v", "q").cast(pl.Float64, strict=False)).height

    return "BACI, one synthetic year", ours("baci", "HS17_V202601", reply), bare


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--baci-rows", type=int, default=10_000_000)
    options = parser.parse_args()
    print("| delivery | rows | read and checked, s | rows/s | bare read, s | ratio | peak MB |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        makers = [lambda: cbp(options.data, folder), lambda: eurostat(options.data, folder)]
        makers = makers if options.data.is_dir() else []
        for make in [*makers, lambda: baci(options.baci_rows, folder)]:
            name, checked, bare = make()
            rows, seconds = best(checked)
            _, floor = best(bare)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"| {name} | {rows:,} | {seconds:.2f} | {rows / seconds:,.0f} | {floor:.2f} | "
                f"{seconds / floor:.1f} | {peak:,.0f} |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
