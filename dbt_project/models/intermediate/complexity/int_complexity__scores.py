"""ECI and PCI of each year: the eigenvector, which SQL cannot say."""

from pipelines.metrics.complexity_table import scores


def model(dbt, session):
    dbt.config(materialized="table")
    pairs = dbt.ref("int_complexity__advantages").pl()
    found = scores(
        pairs.rename({"period_year": "period", "geo_id": "location", "product_code_hs4": "product"})
    )
    return found.rename({"period": "period_year"}).to_arrow()
