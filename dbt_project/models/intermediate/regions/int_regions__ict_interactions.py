"""Does broadband go with more growth where a cluster is? By survey and outcome, with a placebo."""


def model(dbt, session):
    from pipelines.metrics.region_tests import ict_interactions

    dbt.config(materialized="table")
    cells = dbt.ref("int_regions__ict_cells").project(
        "period_year, survey, outcome, geo_id, cluster_id, growth, lq, broadband_share"
    )
    return ict_interactions(cells.pl()).to_arrow()
