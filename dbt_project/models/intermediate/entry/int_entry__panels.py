"""Entry by state and sector on own and related employment, with region × year and sector × year."""


def model(dbt, session):
    from pipelines.metrics.region_tests import entry_panels

    dbt.config(materialized="table")
    rates = dbt.ref("int_entry__bds_rates").filter("cut = 'state_sector'")
    rates = rates.project(
        "period_year, geo_id, sector_code_naics as industry, entry_rate_pct as entry_rate, "
        "emp_count as employment"
    )
    return entry_panels(rates.pl()).to_arrow()
