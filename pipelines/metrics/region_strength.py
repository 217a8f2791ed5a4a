"""Significance and strength of all cells of a release, group by group.

A group is one kind of region in one year and one class of one taxonomy: quantiles and the
bootstrap compare counties with counties and traded clusters with traded ones.

Belongs here: turning long tables into the arrays of `pipelines.metrics.specialisation` and
`pipelines.metrics.strength`, and back. Does not belong here: their formulas.
"""

from __future__ import annotations

import zlib

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.metrics.specialisation import standardised_lq
from pipelines.metrics.strength import LEVELS, StrengthRule, cluster_strength

GROUP = ("geo_type", "period_year", "scheme", "cluster_class")
FIGURES = ("lq", "lq_lower", "lq_upper", "employment", "employment_lower", "employment_upper",
           "establishments")  # fmt: skip
SCHEMA = {
    "period_year": pl.Int64,
    "geo_id": pl.String,
    "cluster_id": pl.String,
    "slq": pl.Float64,
    "p_value": pl.Float64,
    "ln_mean": pl.Float64,
    "ln_sd": pl.Float64,
    "regions_count": pl.Int64,
    "draws_count": pl.Int64,
    **dict.fromkeys(LEVELS, pl.Boolean),
}


def strengths(
    cells: pl.DataFrame, *, draws: int, seed: int = 0, rule: StrengthRule | None = None
) -> pl.DataFrame:
    """SLQ, p-value and verdicts of every cell.

    Args:
        cells: `GROUP`, geo_id, cluster_id and `FIGURES` (jobs and counts; NULL = not known, an
            open upper end included), one row a cell. A cell that is not there takes no part.
        draws: of the bootstrap, a cluster and group.
        seed: of the generator. A group has a stream of its own, made of the seed and its name, so
            that its p-values do not depend on what other groups there are.
        rule: of strength; the default is that of the U.S. Cluster Mapping Project.

    Returns:
        Columns of `SCHEMA`; `ln_mean` and `ln_sd` are the mean and standard deviation of ln LQ
        over the regions that SLQ was made with. NULL where not defined or not known.
    """
    parts = [
        _one_group("/".join(map(str, name)), part, draws, seed, rule)
        for name, part in sorted(cells.partition_by(GROUP, as_dict=True).items())
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=SCHEMA)


def _one_group(
    name: str, part: pl.DataFrame, draws: int, seed: int, rule: StrengthRule | None
) -> pl.DataFrame:
    regions, row = np.unique(part["geo_id"].to_numpy(), return_inverse=True)
    clusters, column = np.unique(part["cluster_id"].to_numpy(), return_inverse=True)

    def dense(figure: str, missing: float = np.nan) -> NDArray[np.float64]:
        values = np.full((len(regions), len(clusters)), np.nan)
        values[row, column] = part[figure].cast(pl.Float64).fill_null(missing).to_numpy()
        return values

    quotient = dense("lq")
    stream = int(np.random.SeedSequence([seed, zlib.crc32(name.encode())]).generate_state(1)[0])
    found = standardised_lq(quotient, draws=draws, seed=stream)
    verdict = cluster_strength(
        quotient,
        dense("employment"),
        dense("establishments"),
        lq_bounds=(dense("lq_lower"), dense("lq_upper", np.inf)),
        employment_bounds=(dense("employment_lower"), dense("employment_upper", np.inf)),
        p_value=found.p_value,
        rule=rule,
    )
    logs = np.log(quotient, out=np.full(quotient.shape, np.nan), where=quotient > 0)
    counted = np.isfinite(logs)
    number = counted.sum(axis=0)
    mean = np.divide(
        np.where(counted, logs, 0).sum(axis=0), number,
        out=np.full(len(clusters), np.nan), where=number > 0,
    )  # fmt: skip
    square = np.where(counted, (logs - mean) ** 2, 0).sum(axis=0)
    spread = np.sqrt(
        np.divide(square, number - 1, out=np.full(len(clusters), np.nan), where=number > 1)
    )

    def cellwise(values: NDArray[np.float64]) -> pl.Series:
        return pl.Series(values[row, column]).fill_nan(None)

    return (
        part.select("period_year", "geo_id", "cluster_id")
        .with_columns(
            slq=cellwise(found.slq),
            p_value=cellwise(found.p_value),
            ln_mean=pl.Series(mean[column]).fill_nan(None),
            ln_sd=pl.Series(spread[column]).fill_nan(None),
            regions_count=pl.Series(found.regions[column]),
            draws_count=pl.Series(found.draws[column]),
            **{level: cellwise(verdict.verdicts[level]).cast(pl.Boolean) for level in LEVELS},
        )
        .cast(SCHEMA)
    )
