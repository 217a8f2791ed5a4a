"""BACI: one release, whole years, positive flows of a believable size."""

from __future__ import annotations

from expectations.model import Suite, between

_YEARS = """
select
    period_year,
    count(*) as rows_count,
    count(distinct exporter_code) as exporters_count,
    count(distinct importer_code) as importers_count,
    count(distinct product_code) as products_count,
    count(distinct baci_version) as versions_count,
    count(distinct hs_revision) as revisions_count,
    count(*) filter (exporter_code = importer_code) as self_trade_count,
    count(*) filter (value_kusd is null or value_kusd <= 0) as not_positive_count,
    count(*) filter (quantity_tonnes is null) / count(*) as quantity_null_share,
    sum(value_kusd)::double / 1e6 as value_busd,
    max(value_kusd)::double / nullif(sum(value_kusd)::double, 0) as largest_flow_share,
    count(*) filter (exporter_code = '490') as chinese_taipei_count
from raw.baci__flows group by 1 order by 1
"""

SUITES = (
    Suite(
        name="raw.baci__flows",
        subject="raw.baci__flows",
        sql=_YEARS,
        key=("period_year",),
        checks=(
            between(
                "one_version", "One BACI release, never two", "versions_count", 1, 1, "critical"
            ),
            between("one_revision", "One HS revision", "revisions_count", 1, 1, "critical"),
            between(
                "positive",
                "Flows are positive: BACI leaves out zeros",
                "not_positive_count",
                0,
                0,
                "critical",
            ),
            between(
                "self_trade",
                "No economy trades with itself",
                "self_trade_count",
                0,
                0,
                "warning",
            ),
            between(
                "exporters",
                "A year has at least 21 exporters",
                "exporters_count",
                21,
                None,
                "warning",
            ),
            between(
                "importers",
                "A year has at least 21 importers",
                "importers_count",
                21,
                None,
                "warning",
            ),
            between(
                "chinese_taipei",
                "Chinese Taipei exports under code 490 in every year",
                "chinese_taipei_count",
                1,
                None,
                "warning",
            ),
            between(
                "total",
                "A year's trade has a believable size (billion USD)",
                "value_busd",
                1,
                200_000,
                "critical",
            ),
            between(
                "largest",
                "No single flow is a large part of a year's trade",
                "largest_flow_share",
                None,
                0.25,
                "warning",
            ),
            between(
                "quantity_nulls",
                "Most flows have a quantity",
                "quantity_null_share",
                None,
                0.5,
                "warning",
            ),
        ),
    ),
)
