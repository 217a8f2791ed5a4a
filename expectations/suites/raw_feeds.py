"""Feeds whose rows all have one shape: something arrived, and most of it is figures.

Sources that are not part of a run have no rows, which is no fault: only what is there is judged.
"""

from __future__ import annotations

from expectations.model import Suite, between

_BDS_CUTS = ("state_sectors", "metros", "counties", "firm_ages")

# Raw table, group to look at, its value, share of cells without a figure that is still usual.
_FEEDS = (
    ("eurostat__observations", "dataset_code", "value", 0.6),
    ("oecd__observations", "dataset_code", "value", 0.6),
    ("uis__observations", "indicator_code", "value", 0.3),
    ("bfs__monthly", "series_code", "value", 0.6),
    ("qcew__areas", "period_year", "emp_count", 0.75),
    *((f"bds__{cut}", "period_year", "estabs_entry_count", 0.5) for cut in _BDS_CUTS),
    ("cbp__states", "period_year", "emp_count", 0.0),
    ("cbp__metros", "period_year", "emp_count", 0.0),
    ("susb__states", "period_year", "emp_count", 0.0),
    ("acs__estimates", "table_code", "estimate_count", 0.1),
    ("bea__cells", "table_name", "value_musd", 0.95),
    ("statcan__businesses", "measure", "businesses_count", 0.6),
    ("abs__businesses", "period_year", "businesses_count", 0.2),
    ("statsnz__region_industries", "period_year", "value_count", 0.2),
    ("statsnz__region_sizes", "period_year", "value_count", 0.2),
    ("estat__counts", "measure", "value_count", 0.2),
    ("estat__amounts", "measure", "value_amount", 0.2),
    ("estat__io_cells", "period_year", "value_mjpy", 0.2),
    ("kosis__businesses", "period_year", "businesses_count", 0.1),
    ("comtrade__flows", "period_year", "value_usd", 0.0),
    ("itu__observations", "code", "value", 0.3),
)

SUITES = tuple(
    Suite(
        name=f"raw.{table}",
        subject=f"raw.{table}",
        sql=f"""
            select
                coalesce(cast({group} as varchar), 'all') as group_name,
                count(*) filter ({value} is null) / nullif(count(*), 0) as null_share,
                count(*) filter (isnan({value}::double) or isinf({value}::double)) as odd_count
            from raw.{table}
            group by grouping sets (({group}), ()) order by 1
        """,
        key=("group_name",),
        empty=None,
        checks=(
            between(
                "nulls",
                "Most cells of a table hold a figure",
                "null_share",
                None,
                most,
                "warning",
            ),
            between(
                "finite",
                "No figure is infinite or not a number",
                "odd_count",
                0,
                0,
                "critical",
            ),
        ),
    )
    for table, group, value, most in _FEEDS
)
