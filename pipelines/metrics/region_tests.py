"""Concentration, diffusion, entry gradients and the ICT interaction over all regions of a release.

Each function takes the long tables of a release and gives a long table of estimates: one row an
industry or cluster and year, with its interval and what it rests on.

Belongs here: turning long tables into the arrays of `concentration`, `spatial`, `gradients` and
`interaction`, and back. Does not belong here: their formulas.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.metrics.concentration import (
    SizeMoments,
    ellison_glaeser,
    gamma_bounds,
    plants_from_bins,
)
from pipelines.metrics.gradients import entry_concentration_gradient, entry_panel
from pipelines.metrics.interaction import Interaction, ict_cluster_interaction
from pipelines.metrics.relatedness import proximity
from pipelines.metrics.spatial import adjacent_diffusion

Floats = NDArray[np.float64]
# Below this share of establishments in classes that are shown, the others could be of any size.
LEAST_SHOWN = 2 / 3
GAMMA_SCHEMA = {
    "period_year": pl.Int64,
    "geo_type": pl.String,
    "kind": pl.String,
    "industry": pl.String,
    "gamma": pl.Float64,
    "gamma_lower": pl.Float64,
    "gamma_upper": pl.Float64,
    "chance_lower": pl.Float64,
    "chance_upper": pl.Float64,
    "p_value": pl.Float64,
    "raw_concentration": pl.Float64,
    "herfindahl_plants": pl.Float64,
    "size_year": pl.Int64,
    "regions_count": pl.Int64,
    "plants_count": pl.Int64,
    "withheld_count": pl.Int64,
}
GRADIENT_SCHEMA = {
    "period_year": pl.Int64,
    "rho": pl.Float64,
    "rho_lower": pl.Float64,
    "rho_upper": pl.Float64,
    "industries_count": pl.Int64,
    "draws_count": pl.Int64,
}
PANEL_SCHEMA = {
    "period_year": pl.Int64,
    "term": pl.String,
    "beta": pl.Float64,
    "beta_lower": pl.Float64,
    "beta_upper": pl.Float64,
    "p_value": pl.Float64,
    "first_year": pl.Int64,
    "regions_count": pl.Int64,
    "observations_count": pl.Int64,
}
# Errors are clustered by region: with fewer regions their law is not known well enough.
LEAST_REGIONS = 30
DIFFUSION_SCHEMA = {
    "period_year": pl.Int64,
    "years": pl.Int64,
    "cluster_id": pl.String,
    "excess": pl.Float64,
    "chance_lower": pl.Float64,
    "chance_upper": pl.Float64,
    "observed": pl.Float64,
    "expected": pl.Float64,
    "p_value": pl.Float64,
    "new_count": pl.Int64,
    "eligible_count": pl.Int64,
    "adjacent_count": pl.Int64,
    "permutations_count": pl.Int64,
}
ICT_SCHEMA = {
    "period_year": pl.Int64,
    "survey": pl.String,
    "outcome": pl.String,
    "delta": pl.Float64,
    "delta_lower": pl.Float64,
    "delta_upper": pl.Float64,
    "p_value": pl.Float64,
    "cluster_effect": pl.Float64,
    "broadband_effect": pl.Float64,
    "broadband_at_p25": pl.Float64,
    "broadband_at_p75": pl.Float64,
    "regions_count": pl.Int64,
    "observations_count": pl.Int64,
}


def concentrations(cells: pl.DataFrame, sizes: pl.DataFrame, totals: pl.DataFrame) -> pl.DataFrame:
    """γ of every industry and year over its regions, apart for each kind of region.

    A withheld cell stands in γ with the middle of its interval, or with its least where no upper
    end is known; γ has bounds then. H comes from the size classes of the nearest year that has
    them, scaled up to all plants; it is not known where fewer than two thirds of the plants are
    in classes that are shown.

    Args:
        cells: period_year, geo_type, geo_id, kind, industry, employment (NULL = withheld),
            employment_lower, employment_upper (NULL = open); no row = no jobs.
        sizes: period_year, kind, industry, size_lower, size_upper (NULL = open), plants_count
            (shown in the class), plants_all_count (of the industry).
        totals: period_year, geo_type, geo_id, employment of all industries.
    """
    rows = []
    made: dict[tuple[object, ...], SizeMoments | None] = {}  # serve every year near theirs
    plants = sizes.partition_by("kind", "industry", as_dict=True)
    years_of = {key: part["period_year"].unique().sort().to_numpy() for key, part in plants.items()}
    tables = cells.partition_by("geo_type", "period_year", as_dict=True)
    for (geo_type, year), of_year in sorted(tables.items()):
        region = totals.filter(
            (pl.col("geo_type") == geo_type)
            & (pl.col("period_year") == year)
            & (pl.col("employment") > 0)
        )
        region = region.sort("geo_id").with_row_index("place")
        reference = region["employment"].cast(pl.Float64).to_numpy()
        reference = reference / reference.sum()
        figures = of_year.join(region.select("geo_id", "place"), on="geo_id").select(
            "kind",
            "industry",
            "place",
            *(
                pl.col(name).cast(pl.Float64).fill_null(other)
                for name, other in (
                    ("employment", np.nan), ("employment_lower", np.nan),
                    ("employment_upper", np.inf),
                )
            ),
        )  # fmt: skip
        for key, part in sorted(figures.partition_by("kind", "industry", as_dict=True).items()):
            at, jobs, least, most = (part[name].to_numpy() for name in part.columns[2:])
            low, high, point = (np.zeros(reference.size) for _ in range(3))
            low[at], high[at] = least, most
            hidden = np.isnan(jobs)
            middle = np.where(np.isfinite(most), (least + most) / 2, least)
            point[at] = np.where(hidden, middle, jobs)
            if point.sum() <= 0:
                continue
            row = {"period_year": year, "geo_type": geo_type, "kind": key[0], "industry": key[1]}
            row |= {"regions_count": int((point > 0).sum()), "withheld_count": int(hidden.sum())}
            found = None
            if key in plants:
                nearest = _nearest(years_of[key], year)
                if (*key, nearest) not in made:
                    part_of = plants[key].filter(pl.col("period_year") == nearest)
                    made[(*key, nearest)] = _plants(part_of)
                found = made[(*key, nearest)]
                row |= {"size_year": nearest}
            shares = point / point.sum()
            row["raw_concentration"] = float(((shares - reference) ** 2).sum())
            if found is not None and found.plants > 1:
                h = found.second
                row |= {"herfindahl_plants": h, "plants_count": found.plants}
                row["gamma"] = ellison_glaeser(shares, reference, h).gamma
                if hidden.any() and key[0] == "cluster":
                    known = np.isin(np.arange(reference.size), at[~hidden])
                    low = np.where(known, point, low)
                    high = np.where(known, point, np.maximum(low, high))
                    bounds = gamma_bounds(*_share_ends(low, high), reference, h)
                    row |= {"gamma_lower": bounds[0], "gamma_upper": bounds[1]}
                row |= chance(row["gamma"], reference, found)
            rows.append(row)
    frame = pl.DataFrame(rows, schema=GAMMA_SCHEMA)
    return frame.with_columns(pl.selectors.float().fill_nan(None))


def entry_gradients(
    concentration: pl.DataFrame, entry: pl.DataFrame, *, draws: int, seed: int = 0
) -> pl.DataFrame:
    """Spearman's ρ between γ of the year before and entry rates, for each year that has both.

    Args:
        concentration: period_year, industry, gamma.
        entry: period_year, industry, entry_rate (one basis).
    """
    before = concentration.select(
        pl.col("period_year") + 1, "industry", pl.col("gamma").cast(pl.Float64)
    )
    both = entry.join(before, on=["period_year", "industry"], how="inner")
    rows = []
    for (year,), part in sorted(both.partition_by("period_year", as_dict=True).items()):
        found = entry_concentration_gradient(
            part.sort("industry")["gamma"].fill_null(np.nan).to_numpy(),
            part.sort("industry")["entry_rate"].fill_null(np.nan).to_numpy(),
            draws=draws,
            seed=seed + int(year),
        )
        rows.append((year, found.rho, found.lower, found.upper, found.industries, found.draws))
    frame = pl.DataFrame(rows, schema=GRADIENT_SCHEMA, orient="row")
    return frame.with_columns(pl.selectors.float().fill_nan(None))


def entry_panels(rates: pl.DataFrame) -> pl.DataFrame:
    """Entry on the own and the related employment of the year before, over all years at once.

    Related employment is that of the region's other industries, each by its proximity: the smaller
    conditional probability of a quotient of 1 at least, over regions, in the first year.

    Args:
        rates: period_year, geo_id, industry, entry_rate, employment (NULL = not known); one row a
            region, industry and year. No row is no employment.

    Returns:
        Two rows (`term` own and related) for the newest year; betas are points of the entry rate
        for one more in ln(1 + jobs). NULL with fewer than `LEAST_REGIONS` regions.
    """
    rates = rates.sort("period_year", "geo_id", "industry")
    years = rates["period_year"].unique().sort()
    regions, industries = rates["geo_id"].unique().sort(), rates["industry"].unique().sort()
    if len(years) < 2:
        return pl.DataFrame(schema=PANEL_SCHEMA)
    at = [
        known.search_sorted(rates[name]).to_numpy()
        for name, known in (("period_year", years), ("geo_id", regions), ("industry", industries))
    ]
    jobs = np.zeros((len(years), len(regions), len(industries)))
    entry = np.full(jobs.shape, np.nan)
    jobs[tuple(at)] = rates["employment"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    entry[tuple(at)] = rates["entry_rate"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    first = np.nan_to_num(jobs[0])
    specialised = first * first.sum() >= np.outer(first.sum(axis=1), first.sum(axis=0))
    near = np.nan_to_num(proximity(specialised & (first > 0)))
    related = jobs @ near
    own_before, related_before, after = jobs[:-1], related[:-1], entry[1:]
    when, where, what = np.nonzero(np.isfinite(after + own_before + related_before))
    row = {"period_year": int(years[-1]), "first_year": int(years[1])}
    row |= {"regions_count": int(np.unique(where).size), "observations_count": int(where.size)}
    rows = [row | {"term": term} for term in ("own", "related")]
    if row["regions_count"] >= LEAST_REGIONS and len(industries) > 2:
        picked = (when, where, what)
        fit = entry_panel(
            after[picked], own_before[picked], related_before[picked], where, what, when
        ).fit
        for k, one in enumerate(rows):
            one |= {"beta": float(fit.coefficients[k]), "p_value": float(fit.p_values[k])}
            one |= {"beta_lower": float(fit.lower[k]), "beta_upper": float(fit.upper[k])}
    frame = pl.DataFrame(rows, schema=PANEL_SCHEMA)
    return frame.with_columns(pl.selectors.float().fill_nan(None))


def diffusions(
    cells: pl.DataFrame,
    neighbours: pl.DataFrame,
    *,
    spans: tuple[int, ...] = (3, 5),
    level: float = 0.05,
    permutations: int = 999,
    seed: int = 0,
) -> pl.DataFrame:
    """Excess share of newly specialised regions beside old ones, by cluster, year and span.

    A region is specialised where its standardised quotient is significant. One without a row of the
    cluster is not; one whose quotient is withheld is not known.

    Args:
        cells: period_year, geo_id, cluster_id, p_value, is_known.
        neighbours: geo_id, neighbour_geo_id.
        spans: years between the two looks.
        level: of significance.
    """
    years = cells["period_year"].unique().sort().to_list()
    regions = cells["geo_id"].unique().sort()
    clusters = cells["cluster_id"].unique().sort()
    pairs = neighbours.filter(
        pl.col("geo_id").is_in(regions.implode())
        & pl.col("neighbour_geo_id").is_in(regions.implode())
    )
    couple = np.column_stack(
        [
            regions.search_sorted(pairs[name]).to_numpy().astype(np.int64)
            for name in ("geo_id", "neighbour_geo_id")
        ]
    )
    flags: dict[int, Floats] = {}
    present: dict[int, NDArray[np.bool_]] = {}
    for year in years:
        part = cells.filter(pl.col("period_year") == year)
        flag = np.zeros((len(regions), len(clusters)))
        at = (
            regions.search_sorted(part["geo_id"]).to_numpy(),
            clusters.search_sorted(part["cluster_id"]).to_numpy(),
        )
        significant = (part["p_value"].fill_null(1.0) <= level).to_numpy().astype(float)
        flag[at] = np.where(part["is_known"].to_numpy(), significant, np.nan)
        flags[year] = flag
        present[year] = np.isin(np.arange(len(regions)), at[0])
    rows = []
    for span in spans:
        for year in years:
            if year - span not in flags:
                continue
            both = present[year] & present[year - span]
            first = np.where(both[:, None], flags[year - span], np.nan)
            last = np.where(both[:, None], flags[year], np.nan)
            for column, cluster in enumerate(clusters):
                found = adjacent_diffusion(
                    first[:, column], last[:, column], couple,
                    permutations=permutations,
                    seed=zlib.crc32(f"{seed}/{span}/{year}/{cluster}".encode()),
                )  # fmt: skip
                rows.append(
                    (
                        year, span, cluster, found.excess, found.lower, found.upper,
                        found.observed, found.expected, found.p_value, found.new,
                        found.eligible, found.adjacent, permutations,
                    )
                )  # fmt: skip
    frame = pl.DataFrame(rows, schema=DIFFUSION_SCHEMA, orient="row")
    return frame.with_columns(pl.selectors.float().fill_nan(None))


def ict_interactions(cells: pl.DataFrame, *, seed: int = 0) -> pl.DataFrame:
    """δ of ln(1 + LQ) × broadband, for each year, survey of broadband and outcome.

    Args:
        cells: period_year, survey, outcome, geo_id, cluster_id, growth, lq, broadband_share; a row
            each region, cluster, survey and outcome. Each year, survey and outcome is estimated
            apart.
    """
    rows = []
    groups = cells.partition_by("period_year", "survey", "outcome", as_dict=True)
    for (year, survey, outcome), part in sorted(groups.items()):
        full = part.drop_nulls(["growth", "lq", "broadband_share"]).sort("geo_id", "cluster_id")
        if full["geo_id"].n_unique() < 3 or full["cluster_id"].n_unique() < 2:
            continue
        found = ict_cluster_interaction(
            full["growth"].to_numpy(),
            full["lq"].to_numpy(),
            full["broadband_share"].to_numpy(),
            full["geo_id"].to_numpy(),
            full["cluster_id"].to_numpy(),
            seed=seed,
        )
        rows.append((year, survey, outcome, *_terms(found)))
    frame = pl.DataFrame(rows, schema=ICT_SCHEMA, orient="row")
    return frame.with_columns(pl.selectors.float().fill_nan(None))


def chance(gamma: float, reference: Floats, plants: SizeMoments) -> dict[str, float]:
    """Where γ lies by chance: 95 percent interval and one-sided p-value of an observed γ.

    G has a mean of (1 − Σx²)H and a variance of
    2{H²[Σx² − 2Σx³ + (Σx²)²] − Σz⁴[Σx² − 4Σx³ + 3(Σx²)²]} if plants choose regions at random;
    both are exact, the normal law is an approximation for many plants. A simulation gives the
    same without it, at some seconds a cluster (`concentration.gamma_under_chance`).

    Source:
        Ellison, G. and Glaeser, E. (1997), appendix (variance of G under the null).
    """
    h, fourth = plants.second, plants.fourth
    x2, x3 = float((reference**2).sum()), float((reference**3).sum())
    variance = 2 * (h**2 * (x2 - 2 * x3 + x2**2) - fourth * (x2 - 4 * x3 + 3 * x2**2))
    below = (1 - x2) * (1 - h)
    if below <= 0 or variance <= 0:
        return {}
    error = math.sqrt(variance) / below
    return {
        "chance_lower": -1.959964 * error,
        "chance_upper": 1.959964 * error,
        "p_value": math.erfc(gamma / error / math.sqrt(2)) / 2,
    }


def _terms(found: Interaction) -> Iterator[float]:
    delta = found.delta
    yield from (delta.value, delta.lower, delta.upper, delta.p_value)
    yield from (found.cluster.value, found.broadband.value)
    yield from (found.at_p25.value, found.at_p75.value, found.regions, found.observations)


def _nearest(years: NDArray[np.int64], year: int) -> int:
    return int(years[np.argmin(np.abs(years - year))])


def _plants(part: pl.DataFrame) -> SizeMoments | None:
    """Moments of all plants of an industry, or None where too few classes are shown."""
    shown, all_ = int(part["plants_count"].sum()), int(part["plants_all_count"].max() or 0)
    if shown == 0 or shown < LEAST_SHOWN * all_:
        return None
    counts = np.rint(part["plants_count"].to_numpy() * (max(all_, shown) / shown))
    high = part["size_upper"].cast(pl.Float64).fill_null(np.inf).to_numpy()
    low = part["size_lower"].cast(pl.Float64).to_numpy()
    return SizeMoments.of(plants_from_bins(counts, low, high).sizes)


def _share_ends(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Ends of shares of regions whose jobs are intervals: the others stand at their other end."""
    open_ends = np.isinf(high)
    finite = np.where(open_ends, 0.0, high)
    others_high = finite.sum() - finite
    others_open = open_ends.sum() - open_ends > 0
    others_low = low.sum() - low
    least = np.divide(
        low, low + others_high, out=np.zeros_like(low), where=(low > 0) & ~others_open
    )
    most = np.divide(finite, finite + others_low, out=np.zeros_like(low), where=finite > 0)
    return least, np.where(open_ends, 1.0, most)
