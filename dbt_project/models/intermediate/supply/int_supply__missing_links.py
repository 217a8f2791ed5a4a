"""Missing link index of every region × cluster, and the named links of the newest year."""


def model(dbt, session):
    from pipelines.metrics.missing_links_table import missing_links

    dbt.config(materialized="table")
    clusters = dbt.ref("int_regions__cluster_measures").project(
        "period_year, geo_type, geo_id, cluster_id, emp_count, emp_lower_count, "
        "emp_upper_count, nation_emp_count"
    )
    weights = dbt.ref("int_supply__input_weights").project(
        "period_year, cluster_id, supplier_code_bea, weight"
    )
    neighbours = dbt.ref("us_county_neighbours").project(
        "'USA-FIPS-' || county_code_fips5 as geo_id, "
        "'USA-FIPS-' || neighbour_code_fips5 as neighbour_geo_id, distance_km"
    )
    suppliers = dbt.ref("int_supply__region_suppliers")
    return missing_links(clusters.pl(), suppliers.pl(), weights.pl(), neighbours.pl()).to_arrow()
