"""The state file of Business Dynamics Statistics (CSV) around the synthetic figures.

Belongs here: header, FIPS codes without padding, withheld cells as `(D)` and `(S)`, the row that
the contract refuses. Does not belong here: figures.
"""

from __future__ import annotations

import httpx2 as httpx
import polars as pl

from pipelines.demo.bds_figures import REMAINDER, states
from pipelines.demo.calendar import bds_published, bds_release, bds_years
from pipelines.demo.hosts import Demo, Route, not_found

HEADER = (
    "year", "st", "firms", "estabs", "emp", "denom", "estabs_entry", "estabs_entry_rate",
    "estabs_exit", "estabs_exit_rate", "job_creation", "job_creation_births",
    "job_creation_continuers", "job_creation_rate_births", "job_creation_rate",
    "job_destruction", "job_destruction_deaths", "job_destruction_continuers",
    "job_destruction_rate_deaths", "job_destruction_rate", "net_job_creation",
    "net_job_creation_rate", "reallocation_rate", "firmdeath_firms", "firmdeath_estabs",
    "firmdeath_emp",
)  # fmt: skip
_DEATHS = ("firmdeath_firms", "firmdeath_estabs", "firmdeath_emp")
_EXITS = (
    "estabs_exit", "estabs_exit_rate", "job_destruction_deaths", "job_destruction_rate_deaths",
    *_DEATHS,
)  # fmt: skip
_ENTRIES = ("estabs_entry", "estabs_entry_rate", "job_creation_births", "job_creation_rate_births")
# Withheld cells: state, years before the release, columns, code.
_WITHHELD = (
    ("56", 4, _ENTRIES, "(D)"),
    ("50", 2, _ENTRIES, "(S)"),
    ("10", 6, _DEATHS, "(D)"),
    ("46", 1, _EXITS, "(S)"),
    (REMAINDER, 0, _EXITS, "(D)"),
    (REMAINDER, 5, _DEATHS, "(D)"),
)
_NO_CODE = "(r)"  # no code that the publisher documents


def release_body(seed: int, release: int) -> bytes:
    """The file of one release, all its years."""
    years = bds_years(release)
    rows = states(seed, years).select(pl.col(name).cast(pl.String) for name in HEADER)
    for state, before, columns, code in _WITHHELD:
        rows = _with_cells(rows, state, release - before, columns, code)
    rows = _with_cells(rows, REMAINDER, years[1], ("firms",), _NO_CODE)
    return rows.with_columns(pl.col("st").str.strip_chars_start("0")).write_csv().encode()


def _with_cells(
    rows: pl.DataFrame, state: str, year: int, columns: tuple[str, ...], text: str
) -> pl.DataFrame:
    here = (pl.col("st") == state) & (pl.col("year") == str(year))
    return rows.with_columns(
        pl.when(here).then(pl.lit(text)).otherwise(name).alias(name) for name in columns
    )


def _answer(demo: Demo, request: httpx.Request, release: str) -> httpx.Response:
    if int(release) != bds_release(demo.today):
        return not_found(request)
    made = bds_published(int(release))
    return demo.file(request, lambda: release_body(demo.seed, int(release)), made, "text/csv")


ROUTES = (
    Route(
        r"https://www2\.census\.gov/programs-surveys/bds/tables/time-series/"
        r"(\d{4})/bds\1_st\.csv",
        _answer,
    ),
)
