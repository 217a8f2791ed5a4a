"""Synthetic development indicators: economies by years, and the World Bank's groups of them.

A value is a level (given for an economy, or derived from how rich it is), a growth path that is
steeper for poorer economies, smooth noise, and bounds. Totals are a level per head times people.

Belongs here: figures, and how vintage 2 differs from vintage 1. Does not belong here: JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import polars as pl

from pipelines.demo.calendar import BASE_YEAR, YEARS, wdi_years
from pipelines.demo.noise import Floats, Noise, ids
from pipelines.demo.tables import numbers, table

WORKING_AGE_SHARE = 0.65
_REVISED_SHARE, _WITHDRAWN_SHARE, _REVISED_YEARS = 0.05, 0.012, 6
# Rows that vintage 2 leaves out altogether, where others only lose their value.
# The publisher's known error, as in seeds/corrections: the demo has to have one as well.
_KNOWN_ERRORS = {"TM.TAX.MRCH.WM.AR.ZS": {("USA", 2019): 13.78}}
_DROPPED_ROWS = {"SE.XPD.TOTL.GD.ZS": "UKR", "GB.XPD.RSDV.GD.ZS": "PAK"}
_GROUPS_WITH_ROWS = ("region", "income", "world")


@dataclass(frozen=True)
class Series:
    """One line of `data/wdi_series.csv`.

    Attributes:
        code, name: as published.
        low, high: level of a poor and a rich economy; or a column of `economies.csv`.
        times: what a level is multiplied with to make a total; empty for a ratio.
        like: a code whose noise is shared, for two series on one subject.
        growth_pct: a year, for an economy of middling wealth.
        spread: how far economies of equal wealth are apart (log scale).
        noise: from year to year (log scale).
        minimum, maximum: bounds.
        digits: decimals kept.
        adds_newest: whether vintage 2 brings one more year.
        null_share: share of cells without a figure.
        no_data: economies without any figure.
        levels: levels of single economies in the base year.
        surveyed: `economy/4`: every fourth year, each economy in years of its own; `all/2`: every
            second year, all in the same; empty: every year.
        last_year: a series that its publisher gave up ends there, the same in both vintages.
    """

    code: str
    name: str
    low: str
    high: str
    times: str
    like: str
    growth_pct: float
    spread: float
    noise: float
    minimum: float
    maximum: float
    digits: int
    adds_newest: bool
    null_share: float
    no_data: frozenset[str]
    levels: dict[str, float]
    surveyed: str = ""
    last_year: int | None = None


@cache
def known_series() -> dict[str, Series]:
    """All series that the demo can serve, by code."""
    return {row["code"]: _series(row) for row in table("wdi_series").iter_rows(named=True)}


def _series(row: dict[str, str]) -> Series:
    levels = (item.split("=") for item in row["levels"].split())
    return Series(
        row["code"], row["name"], row["low"], row["high"], row["times"], row["like"],
        float(row["growth_pct"]), float(row["spread"]), float(row["noise"]),
        float(row["minimum"]), float(row["maximum"]), int(row["digits"]),
        row["adds_newest"] == "1", float(row["null_share"]), frozenset(row["no_data"].split()),
        {economy: float(level) for economy, level in levels}, row["surveyed"],
        int(row["last_year"]) if row["last_year"] else None,
    )  # fmt: skip


@cache
def covered() -> pl.DataFrame:
    """The economies that the World Bank covers: Chinese Taipei is not among them."""
    return table("economies").filter(pl.col("wdi_name") != "")


@cache
def groups() -> pl.DataFrame:
    """The groups that have rows of their own among the economies."""
    return table("wdi_groups").filter(pl.col("kind").is_in(_GROUPS_WITH_ROWS))


def observations(series: Series, seed: int, vintage: int, today: date) -> pl.DataFrame:
    """All cells of a series.

    Returns:
        `economy_code`, `year`, `value` (null where there is none); groups and economies.
    """
    years = _years(series, vintage, today)
    at = np.array(years)[None, :]
    values = _levels(series, seed)[:, None] * _path(series, seed, at)
    scale = _multiplier(series.times, at)
    values = np.clip(values * scale, series.minimum, series.maximum)
    values[_missing(series, seed, at, newest=years[-1])] = np.nan
    values[~_surveyed(series, seed, at)] = np.nan
    if vintage == 2 and series.last_year is None:
        values = _revised(values, series, seed, at)
    weights = np.ones_like(values) if series.times else _multiplier("population", at)
    code = covered()["iso3"].to_list()
    frame = _frame([*groups()["code"], *code],
                   np.vstack([_of_groups(values, weights, total=bool(series.times)), values]),
                   years, series.digits)  # fmt: skip
    for (economy, year), wrong in _KNOWN_ERRORS.get(series.code, {}).items():
        at_cell = (pl.col("economy_code") == economy) & (pl.col("year") == year)
        frame = frame.with_columns(
            pl.when(at_cell).then(pl.lit(wrong)).otherwise("value").alias("value")
        )
    if vintage == 2 and (dropped := _DROPPED_ROWS.get(series.code)):
        frame = frame.filter(pl.col("economy_code") != dropped)
    return frame


def _years(series: Series, vintage: int, today: date) -> range:
    if series.last_year is not None:
        return range(series.last_year + 1 - YEARS, series.last_year + 1)
    years = wdi_years(today)
    newer = vintage == 2 and series.adds_newest
    return range(years.start, years.stop + 1) if newer else years


def _wealth() -> Floats:
    """0 for an economy of 800 USD a head, 1 for one of 80,000."""
    per_head = numbers(covered(), "gdp_per_head").to_numpy()
    return np.clip(np.log(per_head / 800) / np.log(100), 0, 1.1)


def _levels(series: Series, seed: int) -> Floats:
    if not _is_number(series.low):
        return numbers(covered(), series.low).to_numpy().copy()
    low, high = float(series.low), float(series.high)
    codes = covered()["iso3"].to_list()
    spread = Noise(seed, "wdi level", series.like or series.code).normal(ids(codes))
    level = (low + (high - low) * _wealth() ** 1.4) * np.exp(series.spread * spread)
    given = [series.levels.get(code, np.nan) for code in codes]
    return np.where(np.isnan(given), level, given)


def _path(series: Series, seed: int, at: np.ndarray) -> Floats:
    """Growth relative to the base year, steeper for poorer economies, with smooth noise."""
    economies = ids(covered()["iso3"])[:, None]
    growth = series.growth_pct / 100 * (1.6 - _wealth())[:, None]
    noise = Noise(seed, "wdi path", series.like or series.code).smooth(economies, at)
    return (1 + growth) ** (at - BASE_YEAR) * np.exp(series.noise * noise)


def _multiplier(times: str, at: np.ndarray) -> Floats:
    """What a level per head is multiplied with."""
    people = numbers(covered(), "population_m").to_numpy()[:, None]
    growth = numbers(covered(), "population_growth").to_numpy()[:, None] / 100
    people = people * (1 + growth) ** (at - BASE_YEAR)
    factors = {
        "": np.ones_like(people),
        "population_million": people,
        "population": people * 1e6,
        "working_age_thousand": people * 1e3 * WORKING_AGE_SHARE,
    }
    return factors[times]


def _missing(series: Series, seed: int, at: np.ndarray, newest: int) -> np.ndarray:
    codes = covered()["iso3"]
    economies = ids(codes)[:, None]
    draw = Noise(seed, "wdi missing", series.code).uniform(economies, at)
    # the newest year is reported later by some
    share = np.where(at == newest, 5 * series.null_share, series.null_share)
    none = np.array([code in series.no_data for code in codes])[:, None]
    return (draw < share) | none


def _surveyed(series: Series, seed: int, at: np.ndarray) -> np.ndarray:
    """Whether an economy was surveyed in a year."""
    codes = covered()["iso3"]
    if not series.surveyed:
        return np.ones((len(codes), at.shape[1]), dtype=bool)
    who, _, every = series.surveyed.partition("/")
    draw = Noise(seed, "wdi survey", "survey").uniform(ids(codes)[:, None], np.zeros_like(at))
    first = np.zeros_like(draw[:, :1]) if who == "all" else draw[:, :1]
    return (at + np.floor(first * int(every)).astype(int)) % int(every) == 0


def _revised(values: Floats, series: Series, seed: int, at: np.ndarray) -> Floats:
    """Vintage 2: some figures of the last years change, a few are withdrawn."""
    economies = ids(covered()["iso3"])[:, None]
    draw = Noise(seed, "wdi revision", series.code).uniform(economies, at)
    change = Noise(seed, "wdi revision size", series.code).normal(economies, at)
    recent = at > at.max() - _REVISED_YEARS
    changed = np.where((draw < _REVISED_SHARE) & recent, values * (1 + 0.02 * change), values)
    changed = np.clip(changed, series.minimum, series.maximum)
    withdrawn = (draw > 1 - _WITHDRAWN_SHARE) & (series.null_share > 0)
    return np.where(withdrawn, np.nan, changed)


def _of_groups(values: Floats, weights: Floats, *, total: bool) -> Floats:
    """Sums (of totals) or means by population (of ratios) over the members with a figure."""
    found = ~np.isnan(values)
    members = np.array(
        [_members(kind, code) for kind, code in groups().select("kind", "code").iter_rows()]
    ).astype(float)
    weighted = np.where(found, np.nan_to_num(values) * weights, 0.0)
    sums, base = members @ weighted, members @ np.where(found, weights, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        result = sums if total else sums / base
    return np.where(base > 0, result, np.nan)


def _members(kind: str, code: str) -> list[bool]:
    if kind == "world":
        return [True] * covered().height
    return (covered()[kind] == code).to_list()


def _frame(codes: list[str], values: Floats, years: range, digits: int) -> pl.DataFrame:
    rounded = np.round(values, digits)
    return pl.DataFrame(
        {
            "economy_code": np.repeat(codes, len(years)),
            "year": np.tile(np.array(years), len(codes)),
            "value": rounded.ravel(),
        }
    ).with_columns(pl.col("value").fill_nan(None))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
