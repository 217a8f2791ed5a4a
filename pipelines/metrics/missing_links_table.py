"""Missing links of all regions and clusters of one year, as a long table.

Belongs here: turning long tables into the arrays of `pipelines.metrics.supply_chain`, and back.
Does not belong here: its formulas, input–output tables, who is whose neighbour.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.metrics.supply_chain import cilq, missing_link_index, within_reach

OWN, NEAR = "cbp_bea", "cbp_bea_neighbours"
SCHEMA = {
    "period_year": pl.Int64,
    "basis": pl.String,
    "geo_id": pl.String,
    "cluster_id": pl.String,
    "supplier_code_bea": pl.String,
    "value": pl.Float64,
    "value_lower": pl.Float64,
    "value_upper": pl.Float64,
    "weight": pl.Float64,
    "is_sure": pl.Boolean,
    "suppliers_count": pl.Int64,
}
Floats = NDArray[np.float64]


def missing_links(
    clusters: pl.DataFrame,
    suppliers: pl.DataFrame,
    weights: pl.DataFrame,
    neighbours: pl.DataFrame,
    *,
    links_of: int | None = None,
) -> pl.DataFrame:
    """MLI of every region × cluster, and the named links of one year.

    Args:
        clusters: period_year, geo_type, geo_id, cluster_id, emp_count (NULL = withheld),
            emp_lower_count, emp_upper_count (NULL = open), nation_emp_count.
        suppliers: period_year, geo_type, geo_id, bea_summary_code, emp_lower_count,
            emp_upper_count; a region without a row has no job in the industry.
        weights: period_year, cluster_id, supplier_code_bea, weight.
        neighbours: geo_id, neighbour_geo_id, distance_km; each pair once. Counties also get the
            index with suppliers in reach.
        links_of: year whose links are named; the newest if left out.

    Returns:
        Columns of `SCHEMA`. Rows without a supplier are indices (`value` is made of published
        figures, and NULL where the cluster is withheld); rows with one are named links, `value`
        being the CILQ.
    """
    years = sorted(set(clusters["period_year"]) & set(weights["period_year"]))
    newest = links_of if links_of is not None else (years[-1] if years else 0)
    parts = [
        part
        for year in years
        for part in _one_year(
            year,
            *(t.filter(pl.col("period_year") == year) for t in (clusters, suppliers, weights)),
            neighbours,
            with_links=year == newest,
        )
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=SCHEMA)


def _one_year(
    year: int,
    clusters: pl.DataFrame,
    suppliers: pl.DataFrame,
    weights: pl.DataFrame,
    neighbours: pl.DataFrame,
    *,
    with_links: bool,
) -> list[pl.DataFrame]:
    regions = clusters["geo_id"].unique().sort()
    names = weights["cluster_id"].unique().sort()
    codes = weights["supplier_code_bea"].unique().sort()
    known = clusters.filter(pl.col("cluster_id").is_in(names.implode()))
    r, c = _at(known["geo_id"], regions), _at(known["cluster_id"], names)
    shape = (len(regions), len(names))

    def dense(figure: str, missing: float) -> Floats:
        values = np.zeros(shape)
        values[r, c] = known[figure].cast(pl.Float64).fill_null(missing).to_numpy()
        return values

    point = dense("emp_count", np.nan)
    low, high = dense("emp_lower_count", 0.0), dense("emp_upper_count", np.inf)
    nation = np.zeros(len(names))
    nation[c] = known["nation_emp_count"].cast(pl.Float64).to_numpy()

    national = (
        suppliers.filter(pl.col("geo_type") == "state")
        .group_by("bea_summary_code")
        .agg(pl.col("emp_lower_count").sum())
    )
    totals = dict(national.iter_rows())
    supplied = np.array([float(totals.get(code, 0)) for code in codes])
    there = suppliers.filter(
        pl.col("geo_id").is_in(regions.implode())
        & pl.col("bea_summary_code").is_in(codes.implode())
    )
    at = _at(there["geo_id"], regions), _at(there["bea_summary_code"], codes)
    s_low, s_high = np.zeros((len(regions), len(codes))), np.zeros((len(regions), len(codes)))
    s_low[at] = there["emp_lower_count"].cast(pl.Float64).to_numpy()
    s_high[at] = there["emp_upper_count"].cast(pl.Float64).fill_null(np.inf).to_numpy()

    weight = np.zeros((len(codes), len(names)))
    weight[_at(weights["supplier_code_bea"], codes), _at(weights["cluster_id"], names)] = weights[
        "weight"
    ].to_numpy()
    weight[:, weight.sum(axis=0) == 0] = np.nan

    counties = known.filter(pl.col("geo_type") == "county")["geo_id"].unique()
    pairs = neighbours.filter(
        pl.col("geo_id").is_in(regions.implode())
        & pl.col("neighbour_geo_id").is_in(regions.implode())
    )
    couple = np.column_stack(
        [_at(pairs["geo_id"], regions), _at(pairs["neighbour_geo_id"], regions)]
    )
    distance = pairs["distance_km"].to_numpy()
    is_county = regions.is_in(counties.implode()).to_numpy()
    parts = []
    for basis in (OWN, NEAR):
        least, most = s_low, s_high
        if basis == NEAR:
            if not couple.size:
                continue
            endless = np.isinf(s_high)
            ends = np.hstack((s_low, np.where(endless, 0.0, s_high), endless))
            least, most, open_end = np.hsplit(within_reach(ends, couple, distance), 3)
            most = np.where(open_end > 0, np.inf, most)
        fixed = {"suppliers_national": supplied, "clusters_national": nation}
        named = with_links and basis == OWN
        bounds = missing_link_index((least, most), (low, high), weight, **fixed, named_links=named)
        exact = np.where(np.isnan(point), 0.0, point)
        published = missing_link_index(
            (least, least), (exact, exact), weight, **fixed, named_links=False
        ).index
        taken = (
            np.isfinite(bounds.lower)
            & (np.ones(len(regions), bool) if basis == OWN else is_county)[:, None]
        )
        row, column = np.nonzero(taken)
        # a published figure can lie outside bounds that are themselves only nearly equal
        value = published[row, column]
        value = np.where(
            np.isnan(value), value,
            np.clip(value, bounds.lower[row, column], bounds.upper[row, column]),
        )  # fmt: skip
        parts.append(
            _frame(
                year,
                basis,
                regions.gather(row),
                names.gather(column),
                pl.Series([None] * len(row), dtype=pl.String),
                (value, bounds.lower[row, column], bounds.upper[row, column]),
                np.full(len(row), np.nan),
                pl.Series([None] * len(row), dtype=pl.Boolean),
                (weight[:, column] > 0).sum(axis=0),
            )
        )
        if named:
            i, j, k = bounds.region, bounds.cluster, bounds.supplier
            found = np.full(i.size, np.nan)
            for cluster in np.unique(j):
                here = j == cluster
                quotients = cilq(
                    least, point[:, cluster], suppliers_national=supplied,
                    cluster_national=nation[cluster],
                )  # fmt: skip
                found[here] = quotients[i[here], k[here]]
            parts.append(
                _frame(
                    year,
                    basis,
                    regions.gather(i),
                    names.gather(j),
                    codes.gather(k),
                    (found, bounds.cilq_lower, bounds.cilq_upper),
                    bounds.weight,
                    pl.Series(bounds.sure),
                    np.ones(i.size, dtype=np.int64),
                )
            )
    return parts


def _at(values: pl.Series, known: pl.Series) -> NDArray[np.int64]:
    """Positions of values in a sorted list that has them all."""
    return known.search_sorted(values).to_numpy().astype(np.int64)


def _frame(
    year: int,
    basis: str,
    regions: pl.Series,
    clusters: pl.Series,
    suppliers: pl.Series,
    values: tuple[Floats, Floats, Floats],
    weight: Floats,
    sure: pl.Series,
    count: NDArray[np.int64],
) -> pl.DataFrame:
    value, lower, upper = values
    frame = pl.DataFrame(
        {
            "geo_id": regions.alias("geo_id"),
            "cluster_id": clusters.alias("cluster_id"),
            "supplier_code_bea": suppliers,
            "value": value,
            "value_lower": lower,
            "value_upper": upper,
            "weight": weight,
            "is_sure": sure,
            "suppliers_count": count,
        }
    )
    named = pl.lit(year, pl.Int64).alias("period_year"), pl.lit(basis).alias("basis")
    figures = ("value", "value_lower", "value_upper", "weight")
    return (
        frame.with_columns(*named)
        .with_columns(
            pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in figures
        )
        .select(list(SCHEMA))
        .cast(SCHEMA)
    )
