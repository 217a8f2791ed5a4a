"""Synthetic county business patterns: counties by industries, which add up over industry levels.

A county's employment is spread over the industries it has: national weights times what its state
is strong in (data), what the county is strong in (drawn) and noise that is larger for industries
that cluster. Small counties have few industries. All levels are sums of six-digit cells. Codes
are of NAICS 2017 in all years; Connecticut has counties to 2021 and planning regions from 2022.

Belongs here: figures. Does not belong here: what is withheld or left out (`cbp_wire`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import polars as pl

from pipelines.demo.calendar import BASE_YEAR
from pipelines.demo.noise import Floats, Noise, ids
from pipelines.demo.tables import numbers, table

STATEWIDE = "999"  # what could not be placed in a county of its state
# Sectors of more than one two-digit code are published under the first.
_SECTORS = {"32": "31", "33": "31", "45": "44", "49": "48"}
# Industries of a county at scale 1: these plus so many for (employment / 1,000) ** power.
_FEWEST_INDUSTRIES, _MORE_INDUSTRIES, _POWER = 1.7, 0.37, 0.7
_FEWEST_CELLS = 3  # so that the total of every county can be published
_BREADTH = 0.6  # how far small industries are preferred when a county's list is made
_CLUSTERED = 0.9  # spread from which an industry counts as one that clusters
# Upper bounds (employees) of the size classes; the last four split "1,000 and more".
_SIZE_BOUNDS = np.array([4.5, 9.5, 19.5, 49.5, 99.5, 249.5, 499.5, 999.5, 1499.5, 2499.5, 4999.5])
SIZES = ("n<5", "n5_9", "n10_19", "n20_49", "n50_99", "n100_249", "n250_499", "n500_999")
LARGE_SIZES = ("n1000_1", "n1000_2", "n1000_3", "n1000_4")
MEASURES = ("est", "emp", "qp1", "ap", *SIZES, *LARGE_SIZES)


@dataclass(frozen=True)
class Pattern:
    """The lasting part: which cells there are and how large they are in the base year.

    Attributes:
        counties: of `places`.
        industries: of `industries`.
        county, industry: of each six-digit cell, as row numbers of these tables.
        employment: of each six-digit cell in the base year.
        levels: for each industry level, the row that a cell belongs to, counted over all levels.
        rows: `county` (row number), `fips5` and `naics` as published of all rows, in the order of
            the file; `at` is the number by which `levels` refers to a row.
    """

    counties: pl.DataFrame
    industries: pl.DataFrame
    county: np.ndarray
    industry: np.ndarray
    employment: Floats
    levels: tuple[np.ndarray, ...]
    rows: pl.DataFrame


@cache
def places() -> pl.DataFrame:
    """Counties, and one statewide row for each state: code, size class, years of validity."""
    counties = table("us_counties").select(
        pl.col("county_code_fips5").alias("fips5"),
        pl.col("size_class").cast(pl.Float64).alias("size"),
        pl.col("first_year").replace("", "0").cast(pl.Int64),
        pl.col("last_year").replace("", "9999").cast(pl.Int64),
    )
    whole = counties.group_by(pl.col("fips5").str.head(2)).agg(
        (pl.lit(2.0).pow("size").sum() * 0.004).log(2).alias("size")
    )
    statewide = whole.select(
        (pl.col("fips5") + STATEWIDE).alias("fips5"), "size",
        pl.lit(0, pl.Int64).alias("first_year"), pl.lit(9999, pl.Int64).alias("last_year"),
    )  # fmt: skip
    return pl.concat([counties, statewide]).sort("fips5").with_columns(
        pl.col("fips5").str.head(2).alias("state")
    )  # fmt: skip


def industries(scale: int) -> pl.DataFrame:
    """Six-digit industries in use: `scale` of each four-digit one, with pay, size and weight."""
    rows = [
        (naics4 + last, position)
        for naics4, lasts in table("naics_codes").iter_rows()
        for position, last in enumerate(lasts.split())
        if position < scale
    ]
    frame = pl.DataFrame(rows, schema={"naics": pl.String, "position": pl.Int64}, orient="row")
    sectors = table("naics_sectors").select(
        "naics3", *(numbers(table("naics_sectors"), name) for name in
                    ("employment_k", "pay_kusd", "estab_size", "spread"))
    )  # fmt: skip
    frame = frame.with_columns(pl.col("naics").str.head(3).alias("naics3"))
    frame = frame.join(sectors, on="naics3", maintain_order="left")
    share = np.exp(0.8 * Noise(0, "cbp weight").normal(ids(frame["naics"].str.head(4))))
    frame = frame.with_columns(pl.Series("share", share) * pl.lit(0.6).pow("position"))
    return frame.with_columns(
        (pl.col("employment_k") * pl.col("share") / pl.col("share").sum().over("naics3"))
        .alias("weight")
    )  # fmt: skip


@lru_cache(maxsize=1)
def pattern(seed: int, scale: int) -> Pattern:
    """Which industries each county has; kept, because every year needs it."""
    counties, trades = places(), industries(scale)
    size = counties["size"].to_numpy() + 0.35 * Noise(seed, "cbp size").normal(
        ids(counties["fips5"])
    )
    employment = 2.0**size
    score = _scores(seed, counties, trades)
    wanted = _FEWEST_INDUSTRIES + _MORE_INDUSTRIES * (employment / 1000) ** _POWER
    wanted = np.rint(wanted * _cells_factor(scale)).astype(int)
    wanted = np.clip(wanted, _FEWEST_CELLS, trades.height)
    # a draw and not just the largest: otherwise no county would have an unlikely industry
    luck = 0.7 * Noise(seed, "cbp presence").normal(
        ids(counties["fips5"])[:, None], ids(trades["naics"])[None, :]
    )
    listed = score - _BREADTH * np.log(trades["weight"].to_numpy()) + luck
    order = (-listed).argsort(axis=1)
    chosen = np.arange(trades.height)[None, :] < wanted[:, None]
    picked = np.exp(np.take_along_axis(score, order, axis=1)) * chosen
    cells = employment[:, None] * picked / picked.sum(axis=1, keepdims=True)
    county, column = np.nonzero(chosen)
    industry = order[county, column]
    levels, rows = _levels(counties, trades["naics"].to_numpy(), county, industry)
    return Pattern(counties, trades, county, industry, cells[county, column], levels, rows)


def cells(seed: int, lasting: Pattern, year: int) -> pl.DataFrame:
    """One year, all levels, in the order of the file; nothing withheld or left out yet.

    Returns:
        `fips5`, `naics` as published and the columns of `MEASURES`.
    """
    counts = lasting.rows.height
    order = lasting.rows["at"].to_numpy()
    sums = {
        name: sum(np.bincount(row, weights=values, minlength=counts) for row in lasting.levels)
        for name, values in _six_digits(seed, lasting, year).items()
    }
    valid = lasting.counties.select((pl.col("first_year") <= year) & (pl.col("last_year") >= year))
    return (
        lasting.rows.select("county", "fips5", "naics")
        .with_columns(
            pl.Series(name, values[order].astype(np.int64)) for name, values in sums.items()
        )
        .filter(valid.to_series().gather(lasting.rows["county"]))
        .drop("county")
    )


def _cells_factor(scale: int) -> float:
    """Six-digit cells for so many times the rows: more cells share the rows of higher levels."""
    return float(scale) ** 1.38


def _scores(seed: int, counties: pl.DataFrame, trades: pl.DataFrame) -> Floats:
    """Log of how much of its employment a county has in an industry."""
    place, code = ids(counties["fips5"])[:, None], ids(trades["naics"])
    groups, group = np.unique(trades["naics"].str.head(4).to_numpy(), return_inverse=True)
    states, state = np.unique(counties["state"].to_numpy(), return_inverse=True)
    by_county = Noise(seed, "cbp county").normal(place, ids(groups)[None, :])[:, group]
    by_state = Noise(seed, "cbp state").normal(ids(states)[:, None], ids(groups)[None, :])
    single = 0.4 * Noise(seed, "cbp county six").normal(place, code)
    single += 0.8 * by_county + (0.5 * by_state)[state][:, group]
    single *= trades["spread"].to_numpy()
    single += _county_strength(seed, place, groups, group, trades)
    # a large county is a mix of many places: its own colour is weaker
    single *= np.clip(1.5 - 0.055 * counties["size"].to_numpy(), 0.4, 1.1)[:, None]
    single += _state_strength(states, groups)[state][:, group]
    return single + np.log(trades["weight"].to_numpy())


def _state_strength(states: np.ndarray, groups: np.ndarray) -> Floats:
    """State by four-digit industry; earlier in a state's list means stronger."""
    strong = dict(table("us_states").select("state_code_fips", "strong_naics").iter_rows())
    bonus = np.zeros((len(states), len(groups)))
    for row, state in enumerate(states):
        for position, naics4 in enumerate(strong[state].split()):
            bonus[row, groups == naics4] = 1.8 - 0.12 * position
    return bonus


def _county_strength(
    seed: int, place: np.ndarray, groups: np.ndarray, group: np.ndarray, trades: pl.DataFrame
) -> Floats:
    """One or two clustering industries in which a county is far above the nation."""
    clustered = np.unique(group[trades["spread"].to_numpy() >= _CLUSTERED])
    bonus = np.zeros((len(place), len(groups)))
    rows = np.arange(len(place))
    for name, height, share in (("first", 3.2, 1.0), ("second", 2.2, 0.6)):
        draw = Noise(seed, "cbp strength", name).uniform(place)[:, 0]
        has = Noise(seed, "cbp has strength", name).uniform(place)[:, 0] < share
        bonus[rows, clustered[np.floor(draw * len(clustered)).astype(int)]] += height * has
    return bonus[:, group]


def _levels(
    counties: pl.DataFrame, codes: np.ndarray, county: np.ndarray, industry: np.ndarray
) -> tuple[tuple[np.ndarray, ...], pl.DataFrame]:
    """Row numbers of the cells at each level, and the rows themselves in the order of the file."""
    levels, frames, count = [], [], 0
    for digits in (0, 2, 3, 4, 6):
        names, name = np.unique([published_code(c, digits) for c in codes], return_inverse=True)
        key, row = np.unique(county * len(names) + name[industry], return_inverse=True)
        place = key // len(names)
        levels.append(row + count)
        frames.append(
            pl.DataFrame(
                {
                    "at": np.arange(count, count + len(key)), "county": place,
                    "fips5": counties["fips5"].gather(place), "naics": names[key % len(names)],
                }
            )
        )  # fmt: skip
        count += len(key)
    return tuple(levels), pl.concat(frames).sort("fips5", "naics")


def published_code(naics: str, digits: int) -> str:
    """A six-digit code as the file writes the level above it: `------`, `11----`, `113///`."""
    if digits == 2:
        return _SECTORS.get(naics[:2], naics[:2]) + "----"
    return naics[:digits].ljust(6, "/" if digits else "-")


def _six_digits(seed: int, lasting: Pattern, year: int) -> dict[str, Floats]:
    counties, trades = lasting.counties, lasting.industries
    place = ids(counties["fips5"])[lasting.county]
    code = ids(trades["naics"])[lasting.industry]
    passed = year - BASE_YEAR
    states = table("us_states")
    growth = dict(zip(states["state_code_fips"], numbers(states, "growth_pct"), strict=True))
    pay = dict(zip(states["state_code_fips"], numbers(states, "pay_factor"), strict=True))
    growth_of = np.array([growth[state] / 100 for state in counties["state"]])[lasting.county]
    pay_of = np.array([pay[state] for state in counties["state"]])[lasting.county]
    trend = growth_of + 0.018 * Noise(seed, "cbp trend").normal(place, code)
    wobble = 0.03 * Noise(seed, "cbp year").smooth(_joint(place, code), year)
    employment = lasting.employment * np.exp(trend * passed + wobble)
    size = trades["estab_size"].to_numpy()[lasting.industry]
    typical = size * np.exp(0.3 * Noise(seed, "cbp estab").normal(place, code))
    typical = np.minimum(typical, np.sqrt(typical * employment / 4))  # few jobs, small firms
    est = np.maximum(1, np.rint(employment / typical))
    emp = np.maximum(est, np.rint(employment))
    wage = trades["pay_kusd"].to_numpy()[lasting.industry] * pay_of * 1.03**passed
    wage = wage * np.exp(0.12 * Noise(seed, "cbp pay").normal(place, code))
    ap = np.rint(emp * wage)
    return {"est": est, "emp": emp, "qp1": np.rint(ap * 0.243), "ap": ap, **_sizes(est, emp)}


def _sizes(est: Floats, emp: Floats) -> dict[str, Floats]:
    """Establishments by size class: a skewed distribution around the mean, in whole numbers."""
    sigma = 1.1
    middle = np.log(emp / est) - sigma**2 / 2
    below = 1 / (1 + np.exp(-(np.log(_SIZE_BOUNDS) - middle[:, None]) * 1.7 / sigma))
    up_to = np.rint(est[:, None] * below)
    bounds = np.hstack([np.zeros((len(est), 1)), up_to, est[:, None]])
    counts = np.diff(bounds, axis=1)
    return {name: counts[:, n] for n, name in enumerate((*SIZES, *LARGE_SIZES))}


def _joint(place: np.ndarray, code: np.ndarray) -> np.ndarray:
    return place * np.uint64(0x100000001B3) + code
