"""Rank correlation of γ and entry over sectors, year by year."""

import os


def model(dbt, session):
    from pipelines.metrics.region_tests import entry_gradients

    dbt.config(materialized="table")
    sectors = dbt.ref("int_regions__concentrations").filter(
        "kind = 'sector' and geo_type = 'county'"
    )
    rates = dbt.ref("int_entry__sector_rates").project("period_year, industry, entry_rate")
    return entry_gradients(
        sectors.pl(), rates.pl(), draws=int(os.environ.get("CLUSTERKPI_BOOTSTRAP_DRAWS", "99"))
    ).to_arrow()
