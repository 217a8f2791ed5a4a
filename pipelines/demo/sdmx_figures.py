"""Synthetic observations of tables that are described by their dimensions.

Belongs here: figures of any table of dimensions by areas by years, with flags and missing cells.
Does not belong here: layouts, areas and flags of a publisher (the `*_wire` modules).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.demo.noise import Noise, ids

_MISSING = 0.02  # share of cells without a figure and without a flag


def observations(
    seed: int,
    label: str,
    row: dict[str, str],
    areas: Sequence[str],
    years: range,
    flags: Sequence[tuple[str, float]],
) -> pl.DataFrame:
    """dims…, area, year, value, flag as text; a cell without a figure has an empty value.

    Args:
        seed: of the demo.
        label: of the publisher.
        row: a line of a `data/*_tables.csv`: code, dimensions, level, spread, decimals.
        areas: codes of places.
        years: periods.
        flags: flag and share of the cells that carry it; `c` takes the figure away.
    """
    dims = [spec.partition("=") for spec in row["dimensions"].split(";")]
    keys = [*itertools.product(*(values.split(" ") for _, _, values in dims), areas)]
    series = ids(f"{row['code']}|{'|'.join(key)}" for key in keys)[:, None]
    at = np.array(years, dtype=np.uint64)[None, :]
    noise = Noise(seed, label, row["code"])
    level = float(row["level"]) * np.exp(float(row["spread"]) * noise.normal(series))
    values = level * (1 + 0.03 * noise.smooth(series, at))
    if row["is_share"] == "true":
        values = np.clip(values, 0.5, 99.0)
    draw = Noise(seed, f"{label} flags", row["code"]).uniform(series, at)
    ends = np.cumsum([share for _, share in flags])
    marks = np.select([draw < end for end in ends], [flag for flag, _ in flags], "")
    gone = (marks == "c") | ((draw >= ends[-1]) & (draw < ends[-1] + _MISSING))
    texts = np.where(gone, "", np.char.mod(f"%.{int(row['decimals'])}f", values))
    frame = pl.DataFrame(
        [(*key, str(year)) for key in keys for year in years],
        schema=dict.fromkeys((*(name for name, _, _ in dims), "area", "year"), pl.String),
        orient="row",
    )
    return frame.with_columns(value=pl.Series(texts.ravel()), flag=pl.Series(marks.ravel()))
