"""Synthetic observations of tables that are described by their dimensions.

Belongs here: figures of any table of dimensions by areas by years, with flags and missing cells.
Does not belong here: layouts, areas and flags of a publisher (the `*_wire` modules).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.demo.noise import Floats, Noise, ids

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
        row: a line of a `data/*_tables.csv`: code, dimensions, level, spread, decimals; `factors`
            ("size_emp:10-49=0.5 GE250=1.5;…") tie the values of a dimension to one another;
            `total` ("sectperf:TOTAL") is the sum of the other values of its dimension; `growth_pct`
            is added every year.
        areas: codes of places.
        years: periods.
        flags: flag and share of the cells that carry it; `c` takes the figure away.
    """
    dims = [spec.partition("=") for spec in row["dimensions"].split(";")]
    keys = [*itertools.product(*(values.split(" ") for _, _, values in dims), areas)]
    names = [name for name, _, _ in dims]
    factors = _factors(row.get("factors", ""))
    series = ids(f"{row['code']}|{'|'.join(key)}" for key in keys)[:, None]
    tied = ids(f"{row['code']}|{'|'.join(_untied(names, key, factors))}" for key in keys)[:, None]
    at = np.array(years, dtype=np.uint64)[None, :]
    noise = Noise(seed, label, row["code"])
    level = float(row["level"]) * np.exp(float(row["spread"]) * noise.normal(tied))
    level = level * np.array([_factor(names, key, factors) for key in keys])[:, None]
    growth = 1 + float(row.get("growth_pct") or 0) / 100
    values = level * (1 + 0.03 * noise.smooth(series, at)) * growth ** np.arange(len(years))
    if row["is_share"] == "true":
        values = np.clip(values, 0.5, 99.0)
    if row.get("total"):
        values = _with_total(names, keys, np.round(values, int(row["decimals"])), row["total"])
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


def _factors(text: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for part in filter(None, text.split(";")):
        name, _, pairs = part.partition(":")
        cells = (pair.partition("=") for pair in pairs.split(" "))
        found[name] = {value: float(factor) for value, _, factor in cells}
    return found


def _untied(
    names: Sequence[str], key: tuple[str, ...], factors: dict[str, dict[str, float]]
) -> list[str]:
    """The key without the dimensions whose values are tied: what they have in common."""
    return [
        "" if place < len(names) and value in factors.get(names[place], {}) else value
        for place, value in enumerate(key)
    ]


def _factor(
    names: Sequence[str], key: tuple[str, ...], factors: dict[str, dict[str, float]]
) -> float:
    product = 1.0
    for name, value in zip(names, key, strict=False):
        product *= factors.get(name, {}).get(value, 1.0)
    return product


def _with_total(
    names: Sequence[str], keys: Sequence[tuple[str, ...]], values: Floats, total: str
) -> Floats:
    """Values in which one value of a dimension is the sum of the others."""
    name, _, whole = total.partition(":")
    place = names.index(name)
    sums: dict[tuple[str, ...], Floats] = {}
    for key, line in zip(keys, values, strict=True):
        if key[place] != whole:
            rest = key[:place] + key[place + 1 :]
            sums[rest] = sums.get(rest, np.zeros_like(line)) + line
    filled = values.copy()
    for number, key in enumerate(keys):
        if key[place] == whole:
            filled[number] = sums[key[:place] + key[place + 1 :]]
    return filled
