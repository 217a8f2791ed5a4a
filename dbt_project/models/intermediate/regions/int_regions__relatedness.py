"""Related strengths of states and economic areas, from employment."""


def model(dbt, session):
    from pipelines.metrics.region_relatedness import region_densities

    dbt.config(materialized="table")
    return region_densities(dbt.ref("int_regions__relatedness_cells").pl()).to_arrow()
