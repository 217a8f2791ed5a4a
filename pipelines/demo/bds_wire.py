"""The files of Business Dynamics Statistics (CSV) around the synthetic figures.

Belongs here: header, FIPS codes without padding, withheld cells as `(D)` and `(S)`, the row that
the contract refuses. Does not belong here: figures.
"""

from __future__ import annotations

import httpx2 as httpx
import numpy as np
import polars as pl

from pipelines.demo.bds_figures import REMAINDER, dynamics, states
from pipelines.demo.calendar import bds_published, bds_release, bds_years
from pipelines.demo.hosts import Demo, Route, not_found
from pipelines.demo.noise import ids
from pipelines.demo.tables import numbers, table

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


# Sectors and their share of establishments; firm ages and theirs.
_SECTORS = {
    "11": 0.004, "21": 0.004, "22": 0.003, "23": 0.1, "31-33": 0.035, "42": 0.055, "44-45": 0.14,
    "48-49": 0.035, "51": 0.02, "52": 0.06, "53": 0.05, "54": 0.12, "55": 0.008, "56": 0.055,
    "61": 0.015, "62": 0.115, "71": 0.018, "72": 0.09, "81": 0.073,
}  # fmt: skip
_FIRM_AGES = {
    "a) 0": 0.08, "b) 1": 0.06, "c) 2": 0.05, "d) 3": 0.045, "e) 4": 0.04, "f) 5": 0.037,
    "g) 6 to 10": 0.14, "h) 11 to 15": 0.1, "i) 16 to 20": 0.08, "j) 21 to 25": 0.07,
    "k) 26+": 0.2, "l) Left Censored": 0.098,
}  # fmt: skip


def cut_body(seed: int, release: int, cut: str) -> bytes:
    """The file of one other cut of a release; small units lose cells."""
    units, base, growth = _UNITS[cut]()
    names = units.columns
    label = units.select(pl.concat_str(pl.all(), separator="/")).to_series()
    frame = dynamics(seed, units, ids(label), base, growth, bds_years(release))
    small = pl.col("estabs") < 150
    texts = [
        pl.when(small & pl.lit(name in _DEATHS))
        .then(pl.lit("(D)"))
        .otherwise(pl.col(name).cast(pl.String))
        .alias(name)
        for name in HEADER[2:]
    ]
    rows = frame.sort("year", *names).select(pl.col("year").cast(pl.String), *names, *texts)
    unpadded = [name for name in names if name in ("st", "cty")]
    return rows.with_columns(pl.col(unpadded).str.strip_chars_start("0")).write_csv().encode()


def _states() -> tuple[list[str], np.ndarray, np.ndarray]:
    of = table("us_states")
    growth = numbers(of, "growth_pct").to_numpy() / 100
    return of["state_code_fips"].to_list(), numbers(of, "estabs_k").to_numpy() * 1000, growth


def _state_sectors() -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    states, base, growth = _states()
    units = [(state, sector) for state in states for sector in _SECTORS]
    share = np.array(list(_SECTORS.values()))
    frame = pl.DataFrame(units, schema=["st", "sector"], orient="row")
    return frame, np.outer(base, share).ravel(), np.repeat(growth, len(share))


def _sizes_of_counties() -> tuple[list[str], np.ndarray]:
    counties = table("us_counties").filter(pl.col("last_year") == "")
    workers = 2.0 ** counties["size_class"].cast(pl.Float64).to_numpy()
    return counties["county_code_fips5"].to_list(), workers / 15


def _counties() -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    codes, base = _sizes_of_counties()
    frame = pl.DataFrame({"st": [c[:2] for c in codes], "cty": [c[2:] for c in codes]})
    return frame, base, np.full(len(codes), 0.008)


def _metros() -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    size = dict(zip(*_sizes_of_counties(), strict=True))
    metros = table("us_metros")
    base = [sum(size[c] for c in text.split()) for text in metros["counties_fips5"]]
    frame = metros.select(pl.col("metro_code_cbsa").alias("msa"))
    return frame, np.array(base), np.full(len(base), 0.012)


def _firm_ages() -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    share = np.array(list(_FIRM_AGES.values()))
    frame = pl.DataFrame({"fage": list(_FIRM_AGES)})
    return frame, share * 7_200_000, np.full(len(share), 0.009)


_UNITS = {"st_sec": _state_sectors, "st_cty": _counties, "msa": _metros, "fa": _firm_ages}


def _answer(demo: Demo, request: httpx.Request, release: str, cut: str) -> httpx.Response:
    if int(release) != bds_release(demo.today):
        return not_found(request)

    def body() -> bytes:
        if cut == "st":
            return release_body(demo.seed, int(release))
        return cut_body(demo.seed, int(release), cut)

    return demo.file(request, body, bds_published(int(release)), "text/csv")


ROUTES = (
    Route(
        r"https://www2\.census\.gov/programs-surveys/bds/tables/time-series/"
        r"(\d{4})/bds\1_(st|st_sec|st_cty|msa|fa)\.csv",
        _answer,
    ),
)
