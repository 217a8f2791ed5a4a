"""Ellison–Glaeser γ of clusters over counties and states, and of sectors over counties."""


def model(dbt, session):
    from pipelines.metrics.region_tests import concentrations

    dbt.config(materialized="table")
    totals = dbt.ref("int_regions__region_totals").filter("geo_type in ('county', 'state')")
    totals = totals.project("period_year, geo_type, geo_id, emp_count as employment")
    return concentrations(
        dbt.ref("int_regions__concentration_cells").pl(),
        dbt.ref("int_regions__plant_sizes").pl(),
        totals.pl(),
    ).to_arrow()
