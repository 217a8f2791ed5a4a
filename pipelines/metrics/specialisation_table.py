"""Specialisation of a table of cells: names in, names out, a row per cell.

Belongs here: from a long table (region, cluster, employment, …) to dense arrays, the choice of
totals (within a class, within all, a benchmark), and back. Does not belong here: the formulas
(`specialisation`, `strength`), files and columns' names of a user (`pipelines.commands`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.errors import MetricInput
from pipelines.metrics.specialisation import location_quotient, lq_bounds, standardised_lq, tighten
from pipelines.metrics.strength import LEVELS, StrengthRule, cluster_strength

Floats = NDArray[np.float64]
CELL_SCHEMA = {
    "region": pl.String,
    "cluster": pl.String,
    "region_share": pl.Float64,
    "lq": pl.Float64,
    "lq_lower": pl.Float64,
    "lq_upper": pl.Float64,
    "slq": pl.Float64,
    "p_value": pl.Float64,
    **dict.fromkeys(LEVELS, pl.Boolean),
}


@dataclass
class Specialisation:
    """What `specialise` found.

    Attributes:
        cells: columns of `CELL_SCHEMA`, a row for each row of the input, in its order.
        thresholds: a row per cluster: regions counted, cut-offs, and which base rule was used.
        notes: what a reader has to know (withheld cells, a benchmark that is too small).
    """

    cells: pl.DataFrame
    thresholds: pl.DataFrame
    notes: list[str] = field(default_factory=list)


def specialise(
    cells: pl.DataFrame,
    *,
    benchmark: pl.DataFrame | None = None,
    region_totals: pl.DataFrame | None = None,
    rule: StrengthRule | None = None,
    draws: int = 999,
    seed: int = 0,
) -> Specialisation:
    """Location quotients with bounds, significance and strength of every cell.

    The region's and the nation's totals are taken within the cell's class (all clusters are one
    class where there is no column `class`). A cell that the table does not have is a zero, and
    gets no row. A cell without employment is withheld: it lies between `employment_lower` (0 if
    not given) and `employment_upper` (not bounded if not given), has bounds and no point value.
    The totals that known cells are compared with take a withheld cell at the middle of its
    interval, or at its lower end where no upper one is known, so that every point lies within its
    bounds.

    Args:
        cells: region, cluster (text), employment (NULL = withheld), and where there are any
            class (text), establishments, employment_lower, employment_upper.
        benchmark: cluster, employment, and where there is one class: national totals for regions
            that do not exhaust the nation. A class's total is the sum over its clusters.
        region_totals: region, employment (within the class; column `class` if there are several):
            published totals that the cells of a region sum to.
        rule: rule of strength.
        draws, seed: of the bootstrap.

    Raises:
        MetricInput: a cell or benchmark row twice, a negative figure, an interval that is
            inverted or does not hold its figure, a cluster in two classes or without benchmark.
    """
    table = _checked(cells)
    notes = _notes(table, rule or StrengthRule())
    classes = table["class"].unique(maintain_order=True).to_list()
    national = None if benchmark is None else _national(benchmark, table)
    parents = None if region_totals is None else _parents(region_totals, table)
    parts, limits = [], []
    for position, kind in enumerate(classes):
        part = table.filter(pl.col("class") == kind)
        found, thresholds, remarks = _one_class(
            part,
            None if national is None else national.filter(pl.col("class") == kind),
            None if parents is None else parents.filter(pl.col("class") == kind),
            rule,
            draws,
            # a class draws from a stream of its own, whatever other classes there are
            int(np.random.SeedSequence([seed, position]).generate_state(1)[0]),
        )
        parts.append(found)
        limits.append(thresholds)
        notes += remarks
    done = pl.concat(parts).sort("_row").select(list(CELL_SCHEMA))
    return Specialisation(done.cast(CELL_SCHEMA), pl.concat(limits).sort("cluster"), notes)


def _one_class(
    part: pl.DataFrame,
    national: pl.DataFrame | None,
    parents: pl.DataFrame | None,
    rule: StrengthRule | None,
    draws: int,
    seed: int,
) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    regions = part["region"].unique().sort()
    clusters = part["cluster"].unique().sort()
    r = part["region"].replace_strict(regions, np.arange(len(regions))).to_numpy()
    c = part["cluster"].replace_strict(clusters, np.arange(len(clusters))).to_numpy()
    shape = (len(regions), len(clusters))

    def dense(name: str) -> Floats:
        values = np.zeros(shape)
        values[r, c] = part[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        return values

    jobs, low, high = dense("employment"), dense("employment_lower"), dense("employment_upper")
    hidden = np.isnan(jobs)
    rows = _dense_totals(parents, regions, part)
    remarks = []
    if rows is not None:
        _refuse_totals(regions, rows, low.sum(axis=1), high.sum(axis=1))
        fitted = tighten(low, high, region_totals=(rows, rows))
        low, high = fitted.lower, fitted.upper
    estimate = np.where(hidden, np.where(np.isfinite(high), (low + high) / 2, low), jobs)
    region_sums = estimate.sum(axis=1)
    if rows is not None:
        estimate = np.where(hidden, _fitted(estimate, low, high, rows), jobs)
        region_sums = rows
    if national is None:
        cluster_sums, total = estimate.sum(axis=0), float(region_sums.sum())
        bounds = lq_bounds(low, high, region_totals=None if rows is None else (rows, rows))
    else:
        lookup = dict(zip(national["cluster"], national["employment"], strict=True))
        cluster_sums = np.array([lookup[name] for name in clusters])
        total = float(national["employment"].sum())
        beyond = low.sum(axis=0) > cluster_sums
        if beyond.any():
            names = ", ".join(clusters.filter(pl.Series(beyond)).to_list()[:5])
            remarks.append(
                f"the benchmark has fewer jobs than the regions together in: {names}; "
                "it is used as it is"
            )
        bounds = lq_bounds(
            low,
            high,
            region_totals=None if rows is None else (rows, rows),
            cluster_totals=(cluster_sums, cluster_sums),
            total=(total, total),
            regions_exhaust=False,
        )
    lq = location_quotient(
        estimate, region_totals=region_sums, cluster_totals=cluster_sums, total=total
    )
    lq = np.where(hidden, np.nan, lq)
    share = np.divide(
        jobs, cluster_sums[None, :], out=np.full(shape, np.nan), where=cluster_sums[None, :] > 0
    )
    bootstrap = standardised_lq(lq, draws=draws, seed=seed)
    firms = dense("establishments") if "establishments" in part.columns else None
    strength = cluster_strength(
        lq,
        jobs,
        firms,
        lq_bounds=(bounds.lower, bounds.upper),
        employment_bounds=(low, high),
        p_value=bootstrap.p_value,
        rule=rule,
    )

    def column(values: Floats) -> pl.Series:
        picked = values[r, c]
        return pl.Series(picked).fill_nan(None).replace(np.inf, None)

    found = part.select("region", "cluster", "_row").with_columns(
        region_share=column(share),
        lq=column(lq),
        lq_lower=column(bounds.lower),
        lq_upper=column(bounds.upper),
        slq=column(bootstrap.slq),
        p_value=column(bootstrap.p_value),
        **{name: column(strength.verdicts[name]).cast(pl.Boolean) for name in LEVELS},
    )
    limits: dict[str, Any] = {
        "cluster": clusters,
        "class": [part["class"][0]] * len(clusters),
        "base_rule": [" and ".join(strength.measures)] * len(clusters),
        "regions_count": ((jobs > 0) & ~hidden).sum(axis=0),
        "withheld_count": hidden.sum(axis=0),
        "national_employment": cluster_sums,
        "slq_cutoff": bootstrap.cutoff,
        "draws_count": bootstrap.draws,
        **strength.thresholds,
    }
    thresholds = pl.DataFrame(limits).with_columns(pl.selectors.float().fill_nan(None))
    return found, thresholds, remarks


def _checked(cells: pl.DataFrame) -> pl.DataFrame:
    """The table with every column there is, or the error that names the first wrong row."""
    table = cells.with_row_index("_row")
    if table.is_empty():
        raise MetricInput("there are no cells")
    if "class" not in table.columns:
        table = table.with_columns(pl.lit("all").alias("class"))
    for name in ("employment_lower", "employment_upper"):
        if name not in table.columns:
            table = table.with_columns(pl.lit(None, dtype=pl.Float64).alias(name))
    figures = [
        name
        for name in ("employment", "employment_lower", "employment_upper", "establishments")
        if name in table.columns
    ]
    for name in figures:
        _refuse(table, pl.col(name) < 0, f"{name} is negative")
    _refuse(
        table,
        pl.struct("region", "cluster").is_duplicated()
        & ~pl.struct("region", "cluster").is_first_distinct(),
        "region and cluster occur a second time",
    )
    twice = (
        table.group_by("cluster")
        .agg(pl.col("class").unique())
        .filter(pl.col("class").list.len() > 1)
    )
    if not twice.is_empty():
        name, classes = twice.sort("cluster").row(0)
        raise MetricInput(f"cluster {name!r} is of several classes: {', '.join(sorted(classes))}")
    jobs, low, high = (pl.col(n) for n in ("employment", "employment_lower", "employment_upper"))
    _refuse(table, (low > jobs) | (high < jobs), "employment lies outside its bounds")
    _refuse(table, low > high, "employment_lower is above employment_upper")
    # a known cell without bounds is exact; a withheld one is at least 0 and not bounded above
    return table.with_columns(
        pl.coalesce(low, jobs, pl.lit(0.0)).alias("employment_lower"),
        pl.coalesce(high, jobs, pl.lit(np.inf)).alias("employment_upper"),
    )


def _refuse(table: pl.DataFrame, wrong: pl.Expr, why: str) -> None:
    bad = table.filter(wrong.fill_null(False))
    if not bad.is_empty():
        row = bad.row(0, named=True)
        raise MetricInput(
            f"row {row['_row'] + 1} (region {row['region']!r}, cluster {row['cluster']!r}): {why}"
        )


def _national(benchmark: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    if benchmark["cluster"].is_duplicated().any():
        name = benchmark["cluster"].filter(benchmark["cluster"].is_duplicated())[0]
        raise MetricInput(f"the benchmark has cluster {name!r} twice")
    known = table.select("cluster", "class").unique()
    classes = known["class"].unique()
    if "class" in benchmark.columns:
        differ = benchmark.join(known, on="cluster", suffix="_cells").filter(
            pl.col("class") != pl.col("class_cells")
        )
        if not differ.is_empty() and classes.to_list() != ["all"]:
            name, _, theirs, ours = differ.select(
                "cluster", "employment", "class", "class_cells"
            ).row(0)
            raise MetricInput(
                f"cluster {name!r} is {theirs!r} in the benchmark, {ours!r} in the cells"
            )
        national = benchmark
    else:
        national = benchmark.join(known, on="cluster", how="left")
    if classes.to_list() == ["all"]:
        national = national.with_columns(pl.lit("all").alias("class"))
    for name in ("employment", "class"):
        gap = national.filter(pl.col(name).is_null())
        if not gap.is_empty():
            why = (
                "has no employment"
                if name == "employment"
                else "has no class, because no cell is of it; give the benchmark a column 'class'"
            )
            raise MetricInput(f"benchmark: cluster {gap['cluster'][0]!r} {why}")
    if (national["employment"] < 0).any():
        raise MetricInput("benchmark: employment is negative")
    lacking = known.join(national, on="cluster", how="anti").sort("cluster")
    if not lacking.is_empty():
        raise MetricInput(f"the benchmark lacks cluster {lacking['cluster'][0]!r}")
    return national.select("cluster", "class", "employment")


def _parents(region_totals: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    classes = table["class"].unique().to_list()
    if "class" not in region_totals.columns:
        if len(classes) > 1:
            raise MetricInput("totals of regions need a column 'class' where there are several")
        region_totals = region_totals.with_columns(pl.lit(classes[0]).alias("class"))
    keys = pl.struct("region", "class")
    if region_totals.select(keys.is_duplicated()).to_series().any():
        raise MetricInput("a region's total is given twice")
    gap = region_totals.filter(pl.col("employment").is_null() | (pl.col("employment") < 0))
    if not gap.is_empty():
        raise MetricInput(f"the total of region {gap['region'][0]!r} is missing or negative")
    return region_totals


def _dense_totals(
    parents: pl.DataFrame | None, regions: pl.Series, part: pl.DataFrame
) -> Floats | None:
    if parents is None:
        return None
    lookup = dict(zip(parents["region"], parents["employment"], strict=True))
    lacking = [name for name in regions if name not in lookup]
    if lacking:
        raise MetricInput(f"no total is given for region {lacking[0]!r} ({part['class'][0]})")
    return np.array([lookup[name] for name in regions], dtype=float)


def _refuse_totals(regions: pl.Series, rows: Floats, least: Floats, most: Floats) -> None:
    slack = 1e-9 * np.maximum(rows, 1.0)
    wrong = np.flatnonzero((least > rows + slack) | (most < rows - slack))
    if wrong.size:
        at = int(wrong[0])
        raise MetricInput(
            f"region {regions[at]!r} has a total of {rows[at]:g}, its cells sum to "
            f"{least[at]:g} at least and {most[at]:g} at most"
        )


def _fitted(estimate: Floats, low: Floats, high: Floats, rows: Floats) -> Floats:
    """Estimates moved within their intervals so that each region sums to its total."""
    finite = np.where(np.isfinite(high), high, np.maximum(rows[:, None], low))
    least, most, now = low.sum(axis=1), finite.sum(axis=1), estimate.sum(axis=1)
    down = np.divide(rows - least, now - least, out=np.ones_like(rows), where=now > least)
    up = np.divide(rows - now, most - now, out=np.zeros_like(rows), where=most > now)
    shrunk = low + np.clip(down, 0, 1)[:, None] * (estimate - low)
    grown = estimate + np.clip(up, 0, 1)[:, None] * (finite - estimate)
    return np.where((rows < now)[:, None], shrunk, grown)


def _notes(table: pl.DataFrame, rule: StrengthRule) -> list[str]:
    notes = []
    if "establishments" in rule.measures and "establishments" not in table.columns:
        notes.append("no establishments given: the base of the strength rule is employment alone")
    withheld = int(table["employment"].is_null().sum())
    if withheld:
        free = table.filter(pl.col("employment").is_null())["employment_upper"].is_infinite().sum()
        notes.append(
            f"{withheld} of {table.height} cells are withheld: they have bounds and no point value"
            + (f"; {free} have no upper bound of their own" if free else "")
        )
    return notes
