"""Bootstrap significance and strength of every region × cluster, within its class."""

import os


def model(dbt, session):
    from pipelines.metrics.region_strength import strengths

    dbt.config(materialized="table")
    cells = dbt.ref("int_regions__strength_cells").pl()
    draws = int(os.environ.get("CLUSTERKPI_BOOTSTRAP_DRAWS", "99"))
    return strengths(cells, draws=draws).to_arrow()
