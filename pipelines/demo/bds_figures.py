"""Synthetic business dynamics of the states: stocks that follow from entries and exits.

`estabs` of a year is last year's plus entries minus exits, so that the published rates can be
recomputed from a row alone: 100 * entry / ((estabs + (estabs - entry + exit)) / 2).

Belongs here: figures. Does not belong here: suppression codes and the file (`bds_wire`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.demo.calendar import BASE_YEAR
from pipelines.demo.noise import Floats, Ids, Noise
from pipelines.demo.tables import numbers, table

REMAINDER = "97"  # a statistical remainder among the states
_WORKERS_PER_ESTABLISHMENT = 17.5
_FIRMS_PER_ESTABLISHMENT = 0.81
_FIRST_YEAR = 2000  # stocks are accumulated from here, whatever window is asked for


def states(seed: int, years: range) -> pl.DataFrame:
    """All states and the remainder, by year and state, counts as integers.

    Args:
        seed: of the demo.
        years: not before 2001.
    """
    of = table("us_states")
    codes = [*of["state_code_fips"], REMAINDER]
    who = np.array([int(code) for code in codes], dtype=np.uint64)
    growth = np.append(numbers(of, "growth_pct").to_numpy(), 0.0) / 100
    base = np.append(numbers(of, "estabs_k").to_numpy() * 1000, 60.0)
    return dynamics(seed, pl.DataFrame({"st": codes}), who, base, growth, years).sort("year", "st")


def dynamics(
    seed: int, units: pl.DataFrame, who: Ids, base: Floats, growth: Floats, years: range
) -> pl.DataFrame:
    """Stocks and flows of any units.

    Args:
        seed: of the demo.
        units: codes of the units, one row each; they come back beside the figures.
        who: a number that identifies each unit.
        base: establishments in the base year.
        growth: of a year, as a share.
        years: not before 2001.
    """
    at = np.arange(_FIRST_YEAR, years.stop)
    who, base, growth = who[:, None], base[:, None], growth[:, None]
    exits = 0.082 * np.exp(0.12 * Noise(seed, "bds exit").normal(who))
    exit_rate = exits * np.exp(0.05 * Noise(seed, "bds exit year").smooth(who, at))
    entry_rate = (exits + growth) * np.exp(0.06 * Noise(seed, "bds entry").smooth(who, at))
    first = base * (1 + growth) ** (_FIRST_YEAR - BASE_YEAR)
    entry, exit_, estabs = _stocks(first, entry_rate, exit_rate)
    jobs = _jobs(seed, who, at, estabs, entry, exit_)
    firms = np.rint(
        estabs * (_FIRMS_PER_ESTABLISHMENT + 0.03 * Noise(seed, "bds firms").normal(who))
    )
    dead = np.rint(exit_ * 0.76)
    columns = {
        "firms": firms, "estabs": estabs, "estabs_entry": entry, "estabs_exit": exit_, **jobs,
        "firmdeath_firms": np.minimum(dead, firms), "firmdeath_estabs": np.rint(dead * 1.02),
        "firmdeath_emp": np.rint(dead * 4.9),
    }  # fmt: skip
    frame = pl.DataFrame(
        {
            "unit": np.repeat(np.arange(units.height), len(at)),
            "year": np.tile(at, units.height),
            **{name: values.astype(np.int64).ravel() for name, values in columns.items()},
        }
    )
    named = frame.join(units.with_row_index("unit").cast({"unit": pl.Int64}), on="unit")
    return _with_rates(named.drop("unit").filter(pl.col("year").is_in(list(years))))


def _stocks(first: Floats, entry_rate: Floats, exit_rate: Floats) -> tuple[Floats, Floats, Floats]:
    stock, entries, exits, stocks = first[:, 0], [], [], []
    for year in range(entry_rate.shape[1]):
        came, went = np.rint(stock * entry_rate[:, year]), np.rint(stock * exit_rate[:, year])
        stock = np.rint(stock) + came - went
        entries.append(came)
        exits.append(went)
        stocks.append(stock)
    return np.stack(entries, 1), np.stack(exits, 1), np.stack(stocks, 1)


def _jobs(
    seed: int, who: np.ndarray, at: np.ndarray, estabs: Floats, entry: Floats, exit_: Floats
) -> dict[str, Floats]:
    """Employment and its flows: a stock is last year's plus creation minus destruction."""
    size = _WORKERS_PER_ESTABLISHMENT * np.exp(0.1 * Noise(seed, "bds size").normal(who))
    births, deaths = np.rint(entry * size * 0.43), np.rint(exit_ * size * 0.4)
    before = np.rint((estabs - entry + exit_) * size)
    wobble = 0.006 * Noise(seed, "bds continuers").smooth(who, at)
    grown = np.rint(before * (0.082 + wobble))
    shrunk = np.rint(before * (0.078 - wobble))
    emp = before + births + grown - deaths - shrunk
    return {
        "emp": emp, "denom": np.rint((emp + before) / 2),
        "job_creation": births + grown, "job_creation_births": births,
        "job_creation_continuers": grown, "job_destruction": deaths + shrunk,
        "job_destruction_deaths": deaths, "job_destruction_continuers": shrunk,
        "net_job_creation": births + grown - deaths - shrunk,
    }  # fmt: skip


def _with_rates(frame: pl.DataFrame) -> pl.DataFrame:
    """Rates in percent: establishments of their mean stock, jobs of `denom`."""
    mean = (2 * pl.col("estabs") - pl.col("estabs_entry") + pl.col("estabs_exit")) / 2

    def rate(name: str, count: str, base: pl.Expr) -> pl.Expr:
        return (100 * pl.col(count) / base).round(3).alias(name)

    jobs = pl.col("denom")
    flows = pl.col("job_creation") + pl.col("job_destruction") - pl.col("net_job_creation").abs()
    return frame.with_columns(
        rate("estabs_entry_rate", "estabs_entry", mean),
        rate("estabs_exit_rate", "estabs_exit", mean),
        rate("job_creation_rate_births", "job_creation_births", jobs),
        rate("job_creation_rate", "job_creation", jobs),
        rate("job_destruction_rate_deaths", "job_destruction_deaths", jobs),
        rate("job_destruction_rate", "job_destruction", jobs),
        rate("net_job_creation_rate", "net_job_creation", jobs),
        (100 * flows / jobs).round(3).alias("reallocation_rate"),
    )
