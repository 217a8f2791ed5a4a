"""Ellison–Glaeser γ: of US clusters over counties and states and of sectors over counties, from
employment; of Australian divisions over areas, from businesses by class of employment."""

import os

# Not places: "currently unknown" of each state, and territories outside the states.
PLACES = "sa2_code_asgs not like '%9499' and sa2_code_asgs not like '9%'"
# Of the Australian geography: characters of an area's code that name the larger area.
LEVELS = {"au_sa2": 9, "au_sa4": 3, "au_state": 1}


def model(dbt, session):
    import polars as pl

    from pipelines.metrics.band_concentration import band_concentrations
    from pipelines.metrics.region_tests import concentrations

    dbt.config(materialized="table")
    totals = dbt.ref("int_regions__region_totals").filter("geo_type in ('county', 'state')")
    totals = totals.project("period_year, geo_type, geo_id, emp_count as employment")
    american = concentrations(
        dbt.ref("int_regions__concentration_cells").pl(),
        dbt.ref("int_regions__plant_sizes").pl(),
        totals.pl(),
    )
    counted = dbt.ref("stg_abs__businesses").filter(PLACES)
    counted = counted.project(
        "period_year, sa2_code_asgs as area, 'anzsic2006:' || division_code_anzsic as industry, "
        "size_class, businesses_count as businesses"
    )
    australian = band_concentrations(
        counted.pl(), LEVELS, draws=int(os.environ.get("CLUSTERKPI_BOOTSTRAP_DRAWS", "99"))
    )
    # what no division is known of is part of all employment, and no cluster
    australian = australian.filter(pl.col("industry") != "anzsic2006:U")
    both = [
        american.with_columns(economy_geo_id=pl.lit("USA")),
        australian.with_columns(economy_geo_id=pl.lit("AUS")),
    ]
    return pl.concat(both, how="diagonal").to_arrow()
