"""The archives of County Business Patterns around the synthetic cells.

Belongs here: the layout of 2017 and later, noise flags, withheld cells (`D` with zeros), absent
cells of fewer than three establishments, `N` in size classes, the rows that the contract refuses.
Does not belong here: figures.
"""

from __future__ import annotations

import httpx2 as httpx
import numpy as np
import polars as pl

from pipelines.demo.calendar import cbp_published, cbp_years
from pipelines.demo.cbp_figures import LARGE_SIZES, MEASURES, SIZES, Pattern, cells, pattern
from pipelines.demo.hosts import Demo, Route, not_found
from pipelines.demo.noise import Noise, ids
from pipelines.demo.packing import packed
from pipelines.demo.tables import table

HEADER = (
    "fipstate", "fipscty", "naics", "emp_nf", "emp", "qp1_nf", "qp1", "ap_nf", "ap", "est",
    *SIZES, "n1000", *LARGE_SIZES,
)  # fmt: skip
_FEWEST = 3  # establishments of a published cell, and of a published size class
# Share of cells that is withheld, by establishments of the cell.
_WITHHELD = ((4, 0.3), (9, 0.14), (49, 0.035), (10**9, 0.006))


def year_body(seed: int, lasting: Pattern, year: int) -> bytes:
    """The archive of one year."""
    short = f"{year % 100:02d}"
    rows = published(seed, cells(seed, lasting, year), year)
    rows = pl.concat([rows, _refused(rows)])
    member = (f"cbp{short}co.txt", rows.write_csv().encode())
    return packed([member], cbp_published(year))


def area_body(seed: int, lasting: Pattern, year: int, kind: str) -> bytes:
    """The archive of one year for states or metropolitan areas: sums of their counties."""
    short = f"{year % 100:02d}"
    frame = cells(seed, lasting, year).with_columns(_AREAS[kind](pl.col("fips5")).alias("area"))
    frame = frame.filter(pl.col("area").is_not_null()).group_by("area", "naics")
    frame = frame.agg(pl.col(name).sum() for name in MEASURES).sort("area", "naics")
    rows = published(seed, frame.with_columns((pl.col("area") + "000").alias("fips5")), year)
    area = (pl.col("fipstate") + pl.col("fipscty")).str.head(-3)
    if kind == "msa":
        rows = rows.select(area.alias("msa"), *HEADER[2:])
    else:
        rows = rows.select(area.alias("fipstate"), pl.lit("-").alias("lfo"), *HEADER[2:])
    return packed([(f"cbp{short}{kind}.txt", rows.write_csv().encode())], cbp_published(year))


def _metro_of(county: pl.Expr) -> pl.Expr:
    pairs = [
        (place, metro) for metro, places in table("us_metros").iter_rows()
        for place in places.split()
    ]  # fmt: skip
    return county.replace_strict(dict(pairs), default=None, return_dtype=pl.String)


_AREAS = {"st": lambda county: county.str.head(2), "msa": _metro_of}


def published(seed: int, frame: pl.DataFrame, year: int) -> pl.DataFrame:
    """What of the cells the publisher would print, as text in the columns of `HEADER`."""
    frame = frame.filter(pl.col("est") >= _FEWEST).with_columns(
        pl.sum_horizontal(LARGE_SIZES).alias("n1000")
    )
    flags = [pl.Series(f"{name}_nf", flag) for name, flag in _flags(seed, frame, year).items()]
    withheld = pl.col("emp_nf") == "D"
    figures = [
        pl.when(withheld).then(pl.lit("0")).otherwise(pl.col(name).cast(pl.String)).alias(name)
        for name in ("emp", "qp1", "ap")
    ]
    classes = [
        pl.when(pl.col(name) < _FEWEST)
        .then(pl.lit("N"))
        .otherwise(pl.col(name).cast(pl.String))
        .alias(name)
        for name in (*SIZES, "n1000", *LARGE_SIZES)
    ]
    place = pl.col("fips5")
    return (
        frame.with_columns(flags)
        .with_columns(
            place.str.head(2).alias("fipstate"), place.str.slice(2).alias("fipscty"),
            pl.col("est").cast(pl.String), *figures, *classes,
        )
        .select(HEADER)
    )  # fmt: skip


def _flags(seed: int, frame: pl.DataFrame, year: int) -> dict[str, np.ndarray]:
    """Noise flags: G below 2 percent, H 2 to 5, J more, D withheld; one cell, one D."""
    code = frame["naics"].unique().sort()
    number = frame.select(pl.col("naics").replace_strict(code, ids(code))).to_series().to_numpy()
    county = frame["fips5"].cast(pl.UInt64).to_numpy()
    draw = Noise(seed, "cbp withheld").uniform(county, number, year)
    est = frame["est"].to_numpy()
    share = np.select([est <= most for most, _ in _WITHHELD], [part for _, part in _WITHHELD])
    level = frame["naics"].str.strip_chars_end("-/").str.len_chars().to_numpy()
    share = share * np.select([level == 0, level == 2, level == 3], [0.0, 0.3, 0.7], 1.0)
    flags = {}
    for name in ("emp", "qp1", "ap"):
        noise = Noise(seed, "cbp noise", name).uniform(county, number, year) * (1 + 3 / est)
        flag = np.select([noise < 0.9, noise < 1.4], ["G", "H"], "J")
        flags[name] = np.where(draw < share, "D", flag)
    return flags


def _refused(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of `DEMO_WARTS`, made from the last row of the file."""
    row = rows.tail(1).with_columns(
        pl.lit("56").alias("fipstate"), pl.lit("999").alias("fipscty"),
        pl.lit("G").alias("emp_nf"), pl.lit("25").alias("emp"),
    )  # fmt: skip
    return pl.concat(
        [
            row.with_columns(naics=pl.lit("813990"), est=pl.lit("1x")),
            row.with_columns(naics=pl.lit("31-33"), est=pl.lit("4")),
        ]
    )


def _answer(
    demo: Demo, request: httpx.Request, century: str, short: str, kind: str
) -> httpx.Response:
    year = int(century + short)
    if year not in cbp_years(demo.today):
        return not_found(request)

    def body() -> bytes:
        lasting = pattern(demo.seed, demo.scale)
        if kind == "co":
            return year_body(demo.seed, lasting, year)
        return area_body(demo.seed, lasting, year, kind)

    return demo.file(request, body, cbp_published(year), "application/zip")


ROUTES = (
    Route(
        r"https://www2\.census\.gov/programs-surveys/cbp/datasets/(\d\d)(\d\d)/"
        r"cbp\2(co|st|msa)\.zip",
        _answer,
    ),
)
