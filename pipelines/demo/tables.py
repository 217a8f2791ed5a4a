"""The data files of this package, read once.

Belongs here: reading. Does not belong here: what the columns are used for (the figures).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

_FOLDER = Path(__file__).with_name("data")


@cache
def table(name: str) -> pl.DataFrame:
    """A data file as text, empty cells as empty text; codes keep their leading zeros."""
    return pl.read_csv(_FOLDER / f"{name}.csv", infer_schema=False).fill_null("")


def numbers(frame: pl.DataFrame, column: str) -> pl.Series:
    """A column as numbers, null where the cell is empty."""
    return frame[column].replace("", None).cast(pl.Float64)
