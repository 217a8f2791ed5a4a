"""Years behind by economy: `pipelines.metrics.time_distance` over the adoption by size."""

import polars as pl

from pipelines.metrics.time_distance import followership


def model(dbt, session):
    adoption = dbt.ref("int_ecommerce__size_adoption").pl().sort("basis", "geo_id", "period_year")
    found = []
    for (basis, geo_id), rows in adoption.group_by("basis", "geo_id", maintain_order=True):
        series = rows.select("period_year", "large_pct", "sme_pct").rows()
        for (year, _, _), lag in zip(series, followership(series), strict=True):
            if lag is not None:
                found.append((basis, geo_id, year, lag.years, lag.lower, lag.upper))
    return pl.DataFrame(
        found,
        schema={
            "basis": pl.String,
            "geo_id": pl.String,
            "period_year": pl.Int32,
            "lag_years": pl.Float64,
            "lag_lower_years": pl.Float64,
            "lag_upper_years": pl.Float64,
        },
        orient="row",
    ).to_arrow()
