"""Our method of complexity beside the Growth Lab's `ecomplexity`, in one run.

    python benchmarks/complexity.py [--data ../shared/data] [--repeat 3]

Each side gets the same long table (pandas for theirs, polars for ours) and returns a long table of
every location × product, in a process of its own with one thread for BLAS and polars. Time is
user time of the call, the least of the repetitions (theirs at HS6 is called once); memory is the
peak of the process above what it had when the table was read. Figures are compared cell by cell,
once with `ecomplexity`'s conventions and once with ours.

Without the folder of official panels the two synthetic ones are measured.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.measure import cost, peak_bytes

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")
KEYS = ["location", "product"]
OUTPUTS = ["rca", "m", "diversity", "ubiquity", "eci", "pci", "density", "coi", "cog"]
# conventions of ecomplexity 0.5.3 in our words
THEIRS = {"self_proximity": "include", "normalise": "population"}
# what explains a difference from the defaults, by output
WHY = {
    "eci": "standard deviation with n m - 1 (Stata) or n m (Python)",
    "pci": "the same deviation",
    "density": "a product's proximity to itself: left out or kept",
    "coi": "density, and the deviation",
    "cog": "a product's proximity to itself, and the deviation",
}


@dataclass(frozen=True)
class Case:
    """A panel to measure: where it lies, whether the values are presence, how often theirs runs."""

    name: str
    file: Path
    presence: str
    repeat_theirs: int


@dataclass(frozen=True)
class Spent:
    """User seconds of the fastest call, and bytes of peak memory above those before it."""

    user_seconds: float
    peak_bytes: int


def theirs(file: Path, presence: str, repeat: int, answer: Path) -> Spent:
    """`ecomplexity` without its sampled check of log-supermodularity, which we do not have."""
    import pandas as pd
    from ecomplexity import ecomplexity

    rows = pd.read_parquet(file).assign(time=1)
    names = {"time": "time", "loc": "location", "prod": "product", "val": "value"}
    before, seconds = peak_bytes(), []
    for _ in range(repeat):
        started = _user()
        found = ecomplexity(
            rows, names, presence_test="manual" if presence == "given" else "rca",
            check_logsupermodularity=False, verbose=False,
        )  # fmt: skip
        seconds.append(_user() - started)
    peak = peak_bytes() - before
    found[[*KEYS, *OUTPUTS[:1], "mcp", *OUTPUTS[2:]]].rename(columns={"mcp": "m"}).to_parquet(
        answer
    )
    return Spent(min(seconds), peak)


def ours(file: Path, presence: str, repeat: int, answer: Path, options: dict[str, str]) -> Spent:
    """`complexity_table`: the same table in, three tables out."""
    from pipelines.metrics.complexity_table import panels, tables

    rows = pl.read_parquet(file)
    before, seconds = peak_bytes(), []
    for _ in range(repeat):
        started = _user()
        (panel,) = panels(rows, presence=presence)
        found = tables(panel, presence=presence, **options)
        seconds.append(_user() - started)
    peak = peak_bytes() - before
    cells = found.cells.join(found.locations.drop("period"), on="location")
    cells = cells.join(found.products.drop("period"), on="product")
    cells.select(*KEYS, *OUTPUTS).write_parquet(answer)
    return Spent(min(seconds), peak)


def panels_of(data: Path, folder: Path) -> Iterator[Case]:
    """The official panels, if they are there, and two synthetic ones of the same sizes."""
    hs4 = data / "trade" / "panels" / "ots_hs4_exports_1962_1980_2017.csv.gz"
    hs6 = data / "trade" / "panels" / "baci_hs6_rca_222x4726_iops.csv.gz"
    if hs4.exists():
        rows = pl.read_csv(hs4, infer_schema=False).select(
            "year", pl.col("country").alias("location"), "product",
            pl.col("export_value_usd").cast(pl.Float64).fill_null(0.0).alias("value"),
        )  # fmt: skip
        # a location without any export is left out by both, and only in our tables listed
        for year in ("1962", "1980", "2017"):
            part = rows.filter(pl.col("year") == year).drop("year")
            part = part.filter(pl.col("value").sum().over("location") > 0)
            yield _case(f"HS4 {year}", part, folder)
    if hs6.exists():
        rows = pl.read_csv(hs6, infer_schema=False).rename({"i": "location", "k": "product"})
        rows = rows.select(
            *KEYS, (pl.col("rca").cast(pl.Float64) >= 1).cast(pl.Float64).alias("value")
        )
        yield _case("HS6, presence given", rows, folder, "given")
    yield _case("synthetic, HS4 size", _synthetic(224, 1222), folder)
    yield _case("synthetic, HS6 size", _synthetic(222, 4726), folder)


def _synthetic(locations: int, products: int) -> pl.DataFrame:
    """Nested trade: who can do more sells more, and what few can do is sold by few."""
    draw = np.random.default_rng(20050309)
    ability = draw.normal(size=(locations, 1))
    need = draw.normal(size=(1, products))
    size = np.exp(draw.normal(12, 2, size=(locations, 1)) + draw.normal(size=(1, products)))
    chance = 1 / (1 + np.exp(-2 * (ability - need)))
    values = size * chance * np.exp(draw.normal(0, 2, size=(locations, products)))
    values = np.where(draw.random(values.shape) < 0.2 + 0.7 * chance, np.ceil(values), 0)
    row, column = np.nonzero(values)
    return pl.DataFrame(
        {
            "location": pl.Series(row).cast(pl.String).str.zfill(3),
            "product": pl.Series(column).cast(pl.String).str.zfill(6),
            "value": values[row, column],
        }
    )


def _case(name: str, rows: pl.DataFrame, folder: Path, presence: str = "rca") -> Case:
    file = folder / f"{name}.parquet"
    rows.write_parquet(file)
    shape = f"{rows['location'].n_unique():,} × {rows['product'].n_unique():,}"
    repeat = 1 if rows["product"].n_unique() > 2000 else 3
    return Case(f"{name} ({shape})", file, presence, repeat)


def differences(case: Case, folder: Path) -> Iterator[str]:
    """One line for each output: largest difference with their conventions, and with ours."""
    listed = pl.read_parquet(folder / "theirs.parquet")
    for output in OUTPUTS:
        gaps = []
        for name in ("same", "ours"):
            both = pl.read_parquet(folder / f"{name}.parquet").join(
                listed, on=KEYS, suffix="_theirs"
            )
            assert both.height == listed.height, f"{case.name}: {both.height} of {listed.height}"
            one, other = (
                both[c].cast(pl.Float64).fill_nan(None) for c in (output, f"{output}_theirs")
            )
            if output == "rca" and case.presence == "given":
                gaps.append("–")
                continue
            unlike = int((one.is_null() != other.is_null()).sum())
            gaps.append(
                f"{(one - other).abs().max():.1e}" + (f", {unlike:,} NULL" if unlike else "")
            )
        why = WHY.get(output, "") if gaps[0] != gaps[1] else ""
        yield f"| {case.name} | {output} | {gaps[0]} | {gaps[1]} | {why} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--repeat", type=int, default=5, help="calls of ours; the fastest counts")
    options = parser.parse_args()
    os.environ.update(dict.fromkeys(THREADS, "1"))  # for the processes that measure
    print(
        "| panel | theirs, user s | ours, user s | ratio | theirs, peak MB | ours, peak MB "
        "| share |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|")
    compared: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for case in panels_of(options.data, folder):
            slow = cost(
                theirs, case.file, case.presence, case.repeat_theirs, folder / "theirs.parquet"
            )
            quick = cost(
                ours, case.file, case.presence, options.repeat, folder / "ours.parquet", {}
            )
            cost(ours, case.file, case.presence, 1, folder / "same.parquet", THEIRS)
            one, other = slow.result, quick.result
            print(
                f"| {case.name} | {one.user_seconds:.3f} | {other.user_seconds:.3f} "
                f"| {one.user_seconds / other.user_seconds:.0f} | {one.peak_bytes / 1e6:,.0f} "
                f"| {other.peak_bytes / 1e6:,.0f} | {other.peak_bytes / one.peak_bytes:.2f} |",
                flush=True,
            )
            compared += differences(case, folder)
    print("\n| panel | output | largest difference, their conventions | with our defaults | why |")
    print("|---|---|--:|--:|---|")
    print("\n".join(compared))
    return 0


def _user() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


if __name__ == "__main__":
    raise SystemExit(main())
