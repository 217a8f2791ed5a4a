"""Ellison–Glaeser γ from businesses counted by class of employment, where cells are perturbed.

An office that publishes businesses by small area, industry and class of employment says nothing
of jobs. Here every business stands with the mean size of its class, and so it does in H: γ weighs
plants by any fixed size, as long as shares and H rest on the same sizes. With the full spread of
sizes in H and class means in the shares, plants that are thrown at random would have a γ below 0.

Perturbed counts add noise that looks like concentration: it is measured on the cells themselves
(a total is perturbed apart from its classes), taken out of G, and put into the interval.

Belongs here: γ and its intervals from such counts. Does not belong here: the formula of γ and
the sizes within classes (`pipelines.metrics.concentration`), reading the counts.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.errors import MetricInput
from pipelines.metrics.concentration import SizeMoments, ellison_glaeser, plants_from_bins
from pipelines.metrics.region_tests import GAMMA_SCHEMA, chance

Floats = NDArray[np.float64]
TOTAL = "total"
# Class of employees → its limits in jobs; a business without employees has no jobs to share.
ABS_CLASSES: dict[str, tuple[float, float] | None] = {
    "non_employing": None,
    "emp_1_4": (1, 4),
    "emp_5_19": (5, 19),
    "emp_20_199": (20, 199),
    "emp_200_plus": (200, math.inf),
}
# Published counts up to here may have been 1 or 2 and are perturbed more than others.
SMALL = 3
# A tail no heavier than that of all firms: the mean of a Pareto law with exponent 1 does not exist.
LEAST_ALPHA = 1.059
BAND_SCHEMA = {
    **GAMMA_SCHEMA,
    "mean_size_open_class": pl.Float64,
    "perturbation_part": pl.Float64,
    "draws_count": pl.Int64,
}


@dataclass(frozen=True)
class Noise:
    """Variance that perturbation gives to a published count, by whether it is small."""

    small: float
    large: float

    def of(self, counts: Floats) -> Floats:
        """Variance of each count; a published 0 is taken as it is."""
        return np.where(counts <= 0, 0.0, np.where(counts <= SMALL, self.small, self.large))


def perturbation(classes: Floats, totals: Floats) -> Noise:
    """Variance of the noise in counts, from what totals miss of their classes.

    A total and its classes are perturbed independently of each other, so that the square of their
    difference is the sum of their variances in expectation: a regression of the squares on the
    numbers of small and of other cells. A negative estimate is 0.

    Args:
        classes: counts, cells × classes, not negative.
        totals: published total of each cell; NaN where there is none.

    Raises:
        MetricInput: shapes differ.

    Source:
        Derived here; that cells are perturbed independently, and none is 1 or 2, is the office's
        description of its own tables.
    """
    if classes.ndim != 2 or totals.shape != classes.shape[:1]:
        raise MetricInput(f"totals {totals.shape} do not fit classes {classes.shape}")
    known = np.isfinite(totals)
    classes, totals = classes[known], totals[known]
    squares = (totals - classes.sum(axis=1)) ** 2
    cells = np.column_stack((classes, totals))
    small = ((cells > 0) & (cells <= SMALL)).sum(axis=1).astype(float)
    large = (cells > SMALL).sum(axis=1).astype(float)
    used = small + large > 0
    if not used.any():
        return Noise(0.0, 0.0)
    counted = np.column_stack((small, large))[used]
    found = np.linalg.lstsq(counted, squares[used], rcond=None)[0]
    return Noise(*(float(max(0.0, each)) for each in found))


def band_concentrations(
    cells: pl.DataFrame,
    levels: dict[str, int],
    *,
    classes: dict[str, tuple[float, float] | None] | None = None,
    draws: int,
    seed: int = 0,
) -> pl.DataFrame:
    """γ of every industry and year, for each level of areas.

    Args:
        cells: period_year, area, industry, size_class, businesses (NULL = nothing published);
            `TOTAL` is a size class of its own. Areas without a place are to be left out.
        levels: geo_type → leading characters of an area's code that name the larger area.
        classes: size class → limits in jobs, None for businesses without jobs.
        draws: of the simulation of perturbation and of the open class's mean.
        seed: of the generator; each industry, year and level has a stream of its own.

    Returns:
        Columns of `BAND_SCHEMA`. `gamma` has the expected part of perturbation taken out of G;
        gamma_lower and gamma_upper are the central 95 percent of draws that add the perturbation
        again and redraw the mean size of the open class; chance_lower, chance_upper and p_value
        are those of plants that choose areas at random, widened by the perturbation.

    Raises:
        MetricInput: a size class without limits.

    Source:
        Ellison, G. and Glaeser, E. (1997), eq. 5; Cassey, A. and Smith, B. (2014) for intervals
        by simulation.
    """
    classes = classes or ABS_CLASSES
    unknown = set(cells["size_class"].unique()) - {TOTAL, *classes}
    if unknown:
        raise MetricInput(f"no limits are known for size classes {sorted(unknown)}")
    names = list(classes)
    employing = [i for i, name in enumerate(names) if classes[name] is not None]
    low, high = (
        np.array([limits[end] for limits in classes.values() if limits is not None])
        for end in (0, 1)
    )
    rows: list[dict[str, object]] = []
    for (year,), part in sorted(cells.partition_by("period_year", as_dict=True).items()):
        part = part.filter(pl.col("businesses").is_not_null())
        areas, industries = (part[name].unique().sort() for name in ("area", "industry"))
        grid = np.zeros((len(areas), len(industries), len(names) + 1))
        grid[..., -1] = np.nan  # a total that is not published says nothing of noise
        kinds = part["size_class"].replace_strict(
            {name: i for i, name in enumerate([*names, TOTAL])}, return_dtype=pl.Int64
        )
        at = (areas.search_sorted(part["area"]), industries.search_sorted(part["industry"]), kinds)
        grid[tuple(each.to_numpy() for each in at)] = part["businesses"].cast(pl.Float64)
        noise = perturbation(
            grid[..., :-1].reshape(-1, len(names)), grid[..., -1].reshape(-1)
        )  # fmt: skip
        counts = grid[..., employing]
        sizes = [_means(counts[:, i].sum(axis=0), low, high) for i in range(len(industries))]
        jobs = np.column_stack(
            [counts[:, i] @ each.means for i, each in enumerate(sizes)]
        ).reshape(len(areas), len(industries))  # fmt: skip
        for geo_type, characters in levels.items():
            codes = areas.str.slice(0, characters)
            larger = codes.unique().sort()
            of = np.zeros((len(larger), len(areas)))
            of[larger.search_sorted(codes).to_numpy(), np.arange(len(areas))] = 1.0
            reference = of @ jobs.sum(axis=1)
            if reference.sum() <= 0:
                continue
            kept = reference > 0
            reference = reference[kept] / reference.sum()
            for i, industry in enumerate(industries):
                found = _gamma(
                    (of @ counts[:, i])[kept],
                    (of @ noise.of(counts[:, i]))[kept],
                    reference,
                    sizes[i],
                    draws,
                    zlib.crc32(f"{seed}/{geo_type}/{year}/{industry}".encode()),
                )
                if found:
                    rows.append(
                        {"period_year": year, "geo_type": geo_type, "kind": "cluster",
                         "industry": industry, "size_year": year, "withheld_count": 0,
                         "draws_count": draws, **found}
                    )  # fmt: skip
    frame = pl.DataFrame(rows, schema=BAND_SCHEMA)
    return frame.with_columns(pl.selectors.float().fill_nan(None))


@dataclass(frozen=True)
class _Sizes:
    """Mean size of a business in each class; lower limit and exponent of the open one."""

    means: Floats
    open_from: float
    alpha: float


def _means(counts: Floats, low: Floats, high: Floats) -> _Sizes:
    """Class means of an industry's businesses; of an empty class, its lower limit."""
    counts = np.rint(counts)
    made = plants_from_bins(counts, low, high)
    means = low.astype(float)
    start = 0  # sizes come largest first, classes in rising order
    for i in range(len(low) - 1, -1, -1):
        n = int(counts[i])
        if n:
            means[i] = float(made.sizes[start : start + n].mean())
        start += n
    alpha = LEAST_ALPHA if math.isnan(made.alpha) else max(made.alpha, LEAST_ALPHA)
    return _Sizes(means, float(low[-1]), alpha)


def _gamma(
    counts: Floats, variance: Floats, reference: Floats, sizes: _Sizes, draws: int, seed: int
) -> dict[str, object]:
    """One industry: regions × classes of counts, and the variance of each; empty if no jobs."""
    per_class, means = counts.sum(axis=0), sizes.means
    jobs = counts @ means
    if per_class.sum() < 2 or jobs.sum() <= 0 or reference.size < 2:
        return {}
    plants = _moments(per_class, means)
    raw = float(_squares(jobs[None, :], reference)[0])
    rng = np.random.default_rng(seed)
    shaken = jobs + np.sqrt(variance @ means**2) * rng.standard_normal((draws, jobs.size))
    with_noise = _squares(np.maximum(shaken, 0), reference)
    part = float(with_noise.mean()) - raw
    row: dict[str, object] = {
        "raw_concentration": raw,
        "herfindahl_plants": plants.second,
        "regions_count": int((jobs > 0).sum()),
        "plants_count": plants.plants,
        "mean_size_open_class": float(means[-1]) if per_class[-1] else None,
        "perturbation_part": part,
    }
    room = 1 - float((reference**2).sum())
    if plants.second >= 1 or room <= 0:
        return row
    gamma = ellison_glaeser(jobs / jobs.sum(), reference, plants.second).gamma
    gamma -= part / (room * (1 - plants.second))
    tops = _open_means(rng, int(per_class[-1]), sizes, draws)
    moved = np.maximum(shaken + np.outer(tops - means[-1], counts[:, -1]), 0)
    h = np.array([_moments(per_class, np.append(means[:-1], top)).second for top in tops])
    # draws are perturbed twice, by the office and here: both parts go, as one does from γ
    drawn = (_squares(moved, reference) - 2 * part - room * h) / (room * (1 - h))
    lower, upper = np.quantile(drawn, [0.025, 0.975])
    row |= {"gamma": gamma, "gamma_lower": float(lower), "gamma_upper": float(upper)}
    by_chance = chance(gamma, reference, plants)
    if by_chance:  # a normal law with both variances: of throwing plants, and of perturbation
        spread = math.hypot(
            by_chance["chance_upper"] / 1.959964,
            float(with_noise.std()) / (room * (1 - plants.second)),
        )
        row |= {
            "chance_lower": -1.959964 * spread,
            "chance_upper": 1.959964 * spread,
            "p_value": math.erfc(gamma / spread / math.sqrt(2)) / 2,
        }
    return row


def _moments(per_class: Floats, means: Floats) -> SizeMoments:
    """Moments of all businesses with the mean size of their class each."""
    total = float(per_class @ means)
    return SizeMoments(
        int(per_class.sum()),
        float(per_class @ means**2) / total**2,
        float(per_class @ means**4) / total**4,
    )


def _squares(jobs: Floats, reference: Floats) -> Floats:
    """G of each row of jobs."""
    shares = jobs / jobs.sum(axis=1, keepdims=True)
    return ((shares - reference) ** 2).sum(axis=1)


def _open_means(rng: np.random.Generator, n: int, sizes: _Sizes, draws: int) -> Floats:
    """Means of n businesses of the open class, drawn from its Pareto law."""
    if not n:
        return np.full(draws, sizes.means[-1])
    return np.array(
        [
            float((sizes.open_from * (1 - rng.random(n)) ** (-1 / sizes.alpha)).mean())
            for _ in range(draws)
        ]
    )
