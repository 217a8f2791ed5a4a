"""The Data API of the Australian Bureau of Statistics around synthetic counts of businesses.

Belongs here: SDMX-CSV with the interface's columns, cells that are perturbed so that classes do not
add up and none is 1 or 2, islands without any figure. Does not belong here: what is made of them.
"""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2 as httpx
import numpy as np
import polars as pl

from pipelines.demo.hosts import Demo, Route
from pipelines.demo.noise import Noise, ids

_FLOW = "ABS:CABEE_SA2(1.0.0)"
_YEARS = 2
_AREAS_OF_STATE = {"1": 8, "2": 7, "3": 6, "4": 3, "5": 4, "6": 2, "7": 1, "8": 2}
_ISLANDS = ("901011001", "901041004")  # Christmas Island, Norfolk Island: nothing is published
_UNKNOWN = "999999499"
_DIVISIONS = "ABCDEFGHIJKLMNOPQRS"
# Code and share of all businesses.
_SIZES = (
    ("NONEMP: Non employing", 0.62), ("1-4: 1-4 Employees", 0.27), ("5-19: 5-19 Employees", 0.08),
    ("20-199: 20-199 Employees", 0.025), ("200: 200+ Employees", 0.002),
)  # fmt: skip
_TOTAL = "TOT: Total"
_SMALLEST = 3  # no cell is 1 or 2


def areas() -> list[str]:
    """Codes of areas: state, larger area, then running numbers."""
    places = [
        f"{state}{1 + n // 3:02d}{21 + n // 5:02d}{1008 + n:04d}"
        for state, count in _AREAS_OF_STATE.items()
        for n in range(count)
    ]
    return [*places, *_ISLANDS, _UNKNOWN]


def csv_body(demo: Demo, first: int) -> bytes:
    """All areas, divisions and classes of size from a first year on."""
    places = areas()
    years = range(max(first, demo.today.year - 2 - _YEARS), demo.today.year - 2)
    who, what = ids(places)[:, None, None], ids(_DIVISIONS)[None, :, None]
    kind = ids(name for name, _ in _SIZES)[None, None, :]
    share = np.array([share for _, share in _SIZES])[None, None, :]
    frames = []
    for year in years:
        size = 30 * np.exp(1.1 * Noise(demo.seed, "abs").normal(who, what))
        wave = Noise(demo.seed, "abs", str(year)).normal(who, what, kind)
        counts = np.rint(size * share * np.exp(0.2 * wave))
        cells = _perturbed(demo, counts, str(year))
        total = _perturbed(demo, counts.sum(axis=2, keepdims=True), f"{year} total")
        cells = np.concatenate([cells, total], axis=2)
        names = [*(name for name, _ in _SIZES), _TOTAL]
        grid = [(p, d, s) for p in places for d in _DIVISIONS for s in names]
        frames.append(
            pl.DataFrame(grid, schema=["REGION", "INDUSTRY", "size"], orient="row").with_columns(
                pl.lit(str(year)).alias("TIME_PERIOD"),
                pl.Series("OBS_VALUE", cells.reshape(-1).astype(int)).cast(pl.String),
            )
        )
    nothing = pl.col("REGION").is_in(_ISLANDS)
    rows = pl.concat(frames).select(
        pl.lit(_FLOW).alias("DATAFLOW"),
        "REGION",
        "INDUSTRY",
        pl.col("size").alias("EMPLOYMENT_SIZE"),
        pl.lit("A").alias("FREQ"),
        "TIME_PERIOD",
        pl.when(~nothing).then("OBS_VALUE").alias("OBS_VALUE"),
        pl.lit("NUM").alias("UNIT_MEASURE"),
        pl.when(nothing).then(pl.lit("M")).otherwise(pl.lit("")).alias("OBS_STATUS"),
    )
    return rows.write_csv().encode()


def _perturbed(demo: Demo, counts: np.ndarray, what: str) -> np.ndarray:
    draw = Noise(demo.seed, "abs perturbed", what).uniform(np.arange(counts.size, dtype=np.uint64))
    shifted = np.maximum(0, counts + np.rint(4 * draw.reshape(counts.shape) - 2))
    small = np.where(draw.reshape(counts.shape) < 0.5, 0, _SMALLEST)
    return np.where((shifted > 0) & (shifted < _SMALLEST), small, shifted)


def _answer(demo: Demo, request: httpx.Request) -> httpx.Response | None:
    asked = request.url.params
    if asked.get("format") != "csvfile":
        return None
    first = int(asked.get("startPeriod", "0"))
    made = datetime(demo.today.year - 1, 8, 26, 1, 30, tzinfo=UTC)
    return demo.file(request, lambda: csv_body(demo, first), made, "text/csv")


ROUTES = (Route(r"https://data\.api\.abs\.gov\.au/rest/data/ABS,CABEE_SA2,1\.0\.0/all", _answer),)
