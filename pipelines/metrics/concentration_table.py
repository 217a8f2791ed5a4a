"""Concentration of every industry of a table: names in, a row per industry out.

Belongs here: from long tables of cells and plants to the arrays of the formulas. Does not belong
here: the formulas (`concentration`), files (`pipelines.commands`).
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.errors import MetricInput
from pipelines.metrics.concentration import (
    ellison_glaeser,
    gamma_bounds,
    gamma_under_chance,
    herfindahl,
    locational_gini,
    plants_from_bins,
)

Floats = NDArray[np.float64]
SCHEMA = {
    "industry": pl.String,
    "regions_count": pl.Int64,
    "plants_count": pl.Int64,
    "employment": pl.Float64,
    "herfindahl_plants": pl.Float64,
    "herfindahl_regions": pl.Float64,
    "gini": pl.Float64,
    "raw_concentration": pl.Float64,
    "gamma": pl.Float64,
    "gamma_lower": pl.Float64,
    "gamma_upper": pl.Float64,
    "chance_lower": pl.Float64,
    "chance_upper": pl.Float64,
    "p_value": pl.Float64,
}


def concentrate(
    cells: pl.DataFrame,
    plants: pl.DataFrame,
    *,
    regions: pl.DataFrame | None = None,
    draws: int = 999,
    seed: int = 0,
) -> pl.DataFrame:
    """γ, its bounds and its interval under chance, for each industry.

    A withheld cell (NULL employment) lies between its bounds; the industry then has bounds of γ
    and no point value. A region without a cell has no job of the industry.

    Args:
        cells: region, industry, employment, and where there are any employment_lower and
            employment_upper.
        plants: industry and size (a row per plant), or industry, establishments, size_lower,
            size_upper (NULL = open). Sizes from classes are fitted to the industry's total where it
            is known and the classes allow it.
        regions: region, employment: size of each region; the sum over the cells if left out,
            withheld ones at the middle of their interval (the lower end where not bounded).
        draws, seed: of the interval. An industry's stream depends on the seed and on its name.

    Returns:
        Columns of `SCHEMA`, sorted by industry; NULL where not defined (one plant, no jobs).

    Raises:
        MetricInput: a cell twice, a negative figure, an industry without plants, a region without
            size.
    """
    table = _checked(cells)
    names = table["region"].unique().sort()
    middle = pl.when(pl.col("high").is_infinite()).then(pl.col("low"))
    middle = middle.otherwise((pl.col("low") + pl.col("high")) / 2)
    sizes = regions
    if sizes is None:
        sizes = table.group_by("region").agg(middle.sum().alias("employment"))
    reference, names = _reference(sizes, names)
    place = {name: i for i, name in enumerate(names)}
    known = set(plants["industry"])
    rows: list[dict[str, Any]] = []
    for (industry,), part in sorted(table.group_by(["industry"]), key=lambda item: str(item[0])):
        if industry not in known:
            raise MetricInput(f"industry {industry!r} has no plants in the plants' table")
        at = [place[name] for name in part["region"]]
        low, high = np.zeros(len(names)), np.zeros(len(names))
        low[at], high[at] = part["low"].to_numpy(), part["high"].to_numpy()
        exact = bool(part["employment"].is_not_null().all())
        own = plants.filter(pl.col("industry") == industry)
        total = float(low.sum()) if exact else None
        rows.append(
            {"industry": industry, **_one(low, high, total, own, reference, draws, seed, industry)}
        )
    return pl.DataFrame(rows, schema=SCHEMA).with_columns(pl.selectors.float().fill_nan(None))


def _one(
    low: Floats,
    high: Floats,
    total: float | None,
    plants: pl.DataFrame,
    reference: Floats,
    draws: int,
    seed: int,
    industry: str,
) -> dict[str, Any]:
    sizes = _sizes(plants, total, industry)
    plant_h = herfindahl(sizes)
    row: dict[str, Any] = {
        "regions_count": int((low > 0).sum()),
        "plants_count": sizes.size,
        "employment": total,
        "herfindahl_plants": plant_h,
    }
    if not sizes.sum() > 0 or high.sum() <= 0:
        return row
    gamma = None
    if total is not None:
        shares = low / total
        found = ellison_glaeser(shares, reference, plant_h)
        gamma = found.gamma
        row |= {
            "herfindahl_regions": herfindahl(shares),
            "gini": locational_gini(shares, reference),
            "raw_concentration": found.raw,
            "gamma": gamma,
            "gamma_lower": gamma,
            "gamma_upper": gamma,
        }
    else:
        # a share moves with its own cell and against the rest of the industry
        endless = np.isinf(high)
        finite = np.where(endless, 0.0, high)
        rest_low, rest_high = low.sum() - low, finite.sum() - finite
        rest_high = np.where(endless.sum() - endless > 0, np.inf, rest_high)
        with np.errstate(invalid="ignore", divide="ignore"):
            least = np.where(low > 0, low / (low + rest_high), 0.0)
            most = np.where(endless, 1.0, high / (high + rest_low))
        most = np.where(high > 0, np.nan_to_num(most, nan=1.0), 0.0)
        row["gamma_lower"], row["gamma_upper"] = gamma_bounds(least, most, reference, plant_h)
    chance = gamma_under_chance(
        sizes,
        reference,
        observed=gamma,
        draws=draws,
        seed=int(
            np.random.SeedSequence([seed, zlib.crc32(industry.encode())]).generate_state(1)[0]
        ),
    )
    return row | {
        "chance_lower": chance.lower,
        "chance_upper": chance.upper,
        "p_value": chance.p_value,
    }


def _sizes(plants: pl.DataFrame, total: float | None, industry: str) -> Floats:
    try:
        if "size" in plants.columns:
            if plants["size"].null_count():
                raise MetricInput("a plant has no size")
            return plants["size"].to_numpy()
        lower = plants["size_lower"].fill_null(np.nan).to_numpy()
        upper = plants["size_upper"].fill_null(np.inf).to_numpy()
        counts = plants["establishments"].fill_null(np.nan).to_numpy()
        return plants_from_bins(counts, lower, upper, total=total).sizes
    except MetricInput as error:
        raise MetricInput(f"plants of industry {industry!r}: {error}") from error


def _reference(sizes: pl.DataFrame, names: pl.Series) -> tuple[Floats, list[str]]:
    """Shares of the regions; those without a cell count as well."""
    if sizes["region"].is_duplicated().any():
        name = sizes["region"].filter(sizes["region"].is_duplicated())[0]
        raise MetricInput(f"region {name!r} has two sizes")
    gap = sizes.filter(pl.col("employment").is_null() | (pl.col("employment") < 0))
    if not gap.is_empty():
        raise MetricInput(f"the size of region {gap['region'][0]!r} is missing or negative")
    lacking = sorted(set(names) - set(sizes["region"]))
    if lacking:
        raise MetricInput(f"region {lacking[0]!r} has cells and no size")
    ordered = sizes.sort("region")
    values = ordered["employment"].to_numpy()
    if values.sum() <= 0:
        raise MetricInput("the regions have no jobs")
    return values / values.sum(), ordered["region"].to_list()


def _checked(cells: pl.DataFrame) -> pl.DataFrame:
    table = cells.with_row_index("_row")
    for name in ("employment_lower", "employment_upper"):
        if name not in table.columns:
            table = table.with_columns(pl.lit(None, dtype=pl.Float64).alias(name))
    keys = pl.struct("region", "industry")
    jobs, low, high = (pl.col(n) for n in ("employment", "employment_lower", "employment_upper"))
    for wrong, why in (
        (keys.is_duplicated() & ~keys.is_first_distinct(), "region and industry a second time"),
        ((jobs < 0) | (low < 0), "a figure is negative"),
        (low > high, "employment_lower is above employment_upper"),
    ):
        bad = table.filter(wrong.fill_null(False))
        if not bad.is_empty():
            row = bad.row(0, named=True)
            raise MetricInput(
                f"row {row['_row'] + 1} (region {row['region']!r}, industry "
                f"{row['industry']!r}): {why}"
            )
    # a figure that is known counts as it is, whatever its interval
    return table.with_columns(
        pl.coalesce(jobs, low, pl.lit(0.0)).alias("low"),
        pl.coalesce(jobs, high, pl.lit(np.inf)).alias("high"),
    )
