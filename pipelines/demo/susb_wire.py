"""The state file of Statistics of U.S. Businesses around synthetic enterprises.

Sums of the synthetic cells of County Business Patterns, spread over sizes of enterprise.

Belongs here: header, sizes that overlap, flags with withheld zeros. Does not belong here: the
cells (`cbp_figures`).
"""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2 as httpx
import numpy as np
import polars as pl

from pipelines.demo.calendar import cbp_years
from pipelines.demo.cbp_figures import LARGE_SIZES, SIZES, cells, pattern
from pipelines.demo.hosts import Demo, Route, not_found
from pipelines.demo.noise import Noise, ids

HEADER = (
    "STATE", "NAICS", "ENTRSIZE", "FIRM", "ESTB", "EMPL", "EMPLFL_N", "PAYR", "PAYRFL_N",
    "STATEDSCR", "NAICSDSCR", "ENTRSIZEDSCR",
)  # fmt: skip
# Code, name, and the size classes of establishments that stand for it.
_CLASSES = (
    ("01", "01: Total", (*SIZES, *LARGE_SIZES)),
    ("02", "02: <5 employees", SIZES[:1]),
    ("03", "03: 5-9 employees", SIZES[1:2]),
    ("04", "04: 10-19 employees", SIZES[2:3]),
    ("05", "05: <20 employees", SIZES[:3]),
    ("06", "06: 20-99 employees", SIZES[3:5]),
    ("07", "07: 100-499 employees", SIZES[5:7]),
    ("08", "08: <500 employees", SIZES[:7]),
    ("09", "09: 500+ employees", (*SIZES[7:], *LARGE_SIZES)),
)
_CLASS_OF = {code: classes for code, _, classes in _CLASSES}
_FEWEST_FIRMS = 3  # of a cell that is published
_LEAVES = ("02", "03", "04", "06", "07", "09")
# Employees of a typical establishment of each class.
_TYPICAL = dict(
    zip(
        (*SIZES, *LARGE_SIZES),
        (2, 6.6, 13.5, 30, 69, 150, 345, 690, 1220, 1900, 3400, 7500),
        strict=True,
    )
)
_FIRMS_PER_ESTABLISHMENT = 0.86


def year_body(demo: Demo, year: int) -> bytes:
    """All states and the nation, industries of two, three and four digits and their total."""
    frame = cells(demo.seed, pattern(demo.seed, demo.scale), year).with_columns(
        pl.col("fips5").str.head(2).alias("STATE"),
        pl.col("naics").str.strip_chars_end("/-").alias("NAICS"),
    )
    frame = frame.filter(pl.col("NAICS").str.len_chars() <= 4)
    frame = frame.with_columns(pl.col("NAICS").replace({"": "--", **_SECTORS}))
    nation = frame.with_columns(pl.lit("00").alias("STATE"))
    sums = [pl.col(name).sum() for name in ("est", "emp", "ap", *_TYPICAL)]
    frame = pl.concat([nation, frame]).group_by("STATE", "NAICS").agg(sums).sort("STATE", "NAICS")
    weights = {name: pl.col(name) * typical for name, typical in _TYPICAL.items()}
    leaves = {  # firms of the classes that do not overlap; others are sums of them
        code: (pl.sum_horizontal(classes) * _FIRMS_PER_ESTABLISHMENT).ceil().cast(pl.Int64)
        for code, _, classes in _CLASSES
        if code in _LEAVES
    }
    everybody = pl.sum_horizontal(weights.values()).clip(lower_bound=1)
    parts = []
    for code, title, classes in _CLASSES:
        share = pl.sum_horizontal(weights[name] for name in classes) / everybody
        parts.append(
            frame.select(
                "STATE",
                "NAICS",
                pl.lit(code).alias("ENTRSIZE"),
                pl.sum_horizontal(
                    firms for leaf, firms in leaves.items() if set(_CLASS_OF[leaf]) <= set(classes)
                ).alias("FIRM"),
                pl.sum_horizontal(classes).cast(pl.Int64).alias("ESTB"),
                (pl.col("emp") * share).round().cast(pl.Int64).alias("EMPL"),
                (pl.col("ap") * share).round().cast(pl.Int64).alias("PAYR"),
                pl.lit(title).alias("ENTRSIZEDSCR"),
            )
        )
    rows = (
        pl.concat(parts).sort("STATE", "NAICS", "ENTRSIZE").filter(pl.col("FIRM") >= _FEWEST_FIRMS)
    )
    return _printed(demo.seed, rows, year).write_csv().encode("latin-1")


_SECTORS = {"31": "31-33", "44": "44-45", "48": "48-49"}


def _printed(seed: int, rows: pl.DataFrame, year: int) -> pl.DataFrame:
    where = rows.select(pl.concat_str("STATE", "NAICS", "ENTRSIZE", separator="/")).to_series()
    draw = Noise(seed, "susb", str(year)).uniform(ids(where)) * (1 + 4 / rows["ESTB"].to_numpy())
    flag = np.select([rows["ESTB"].to_numpy() < 3, draw < 0.9, draw < 1.4], ["D", "G", "H"], "J")
    rows = rows.with_columns(pl.Series("flag", flag))
    withheld = pl.col("flag") == "D"
    return rows.with_columns(
        pl.when(withheld).then(0).otherwise("EMPL").alias("EMPL"),
        pl.when(withheld).then(0).otherwise("PAYR").alias("PAYR"),
        pl.col("flag").alias("EMPLFL_N"),
        pl.col("flag").alias("PAYRFL_N"),
        pl.lit("Synthetic, State").alias("STATEDSCR"),
        pl.lit("Synthetic, Industry").alias("NAICSDSCR"),
    ).select(HEADER)


def _answer(demo: Demo, request: httpx.Request, year: str) -> httpx.Response:
    if int(year) not in list(cbp_years(demo.today)):
        return not_found(request)
    made = datetime(int(year) + 2, 5, 15, 14, tzinfo=UTC)
    return demo.file(request, lambda: year_body(demo, int(year)), made, "text/plain")


ROUTES = (
    Route(
        r"https://www2\.census\.gov/programs-surveys/susb/datasets/"
        r"(\d{4})/us_state_6digitnaics_\1\.txt",
        _answer,
    ),
)
