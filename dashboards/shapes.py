"""Long cells → wide tables for pictures of two measures and tables of many. Pure functions.

Belongs here: reshaping of frames that `dashboards.data` returned. Does not belong here: queries,
arithmetic on values, charts.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl


def widened(
    cells: pl.DataFrame, rows: pl.DataFrame, key: str, picks: Mapping[str, tuple[str, str]]
) -> pl.DataFrame:
    """One row a thing, and for each pick its figure, bounds, status and period.

    Args:
        cells: indicator_id, basis, `key`, period, value, value_lower, value_upper, obs_status; one
            row for each indicator, basis and key.
        rows: the things, with a column `key`; all of them stay, in their order.
        key: what identifies a thing.
        picks: name of the measure → its indicator and basis.

    Returns:
        rows, and `<name>`, `<name>_lower`, `<name>_upper`, `<name>_status`, `<name>_period`; all
        empty for a measure that has no cells.
    """
    wide = rows
    for name, (indicator_id, basis) in picks.items():
        own = cells.filter((pl.col("indicator_id") == indicator_id) & (pl.col("basis") == basis))
        wide = wide.join(
            own.select(
                key,
                pl.col("value").alias(name),
                pl.col("value_lower").alias(f"{name}_lower"),
                pl.col("value_upper").alias(f"{name}_upper"),
                pl.col("obs_status").alias(f"{name}_status"),
                pl.col("period").alias(f"{name}_period"),
            ),
            on=key,
            how="left",
            maintain_order="left",
        )
    return wide
