"""New specialisations beside old ones, by cluster, year and span."""


def model(dbt, session):
    from pipelines.metrics.region_tests import diffusions

    dbt.config(materialized="table")
    cells = dbt.ref("int_regions__cluster_strengths").filter(
        "starts_with(geo_id, 'USA-FIPS-') and length(geo_id) = 14"
    )
    # a quotient of 0 has no logarithm and is known; a withheld one is not
    known = dbt.ref("int_regions__strength_cells").filter("geo_type = 'county'")
    known = known.project("period_year, geo_id, cluster_id, lq is not null as is_known")
    cells = cells.project("period_year, geo_id, cluster_id, p_value")
    neighbours = dbt.ref("us_county_neighbours").project(
        "'USA-FIPS-' || county_code_fips5 as geo_id, "
        "'USA-FIPS-' || neighbour_code_fips5 as neighbour_geo_id"
    )
    joined = cells.pl().join(known.pl(), on=["period_year", "geo_id", "cluster_id"], how="left")
    return diffusions(joined, neighbours.pl()).to_arrow()
