"""The list of places: all 21 APEC economies are in it, whatever the sources cover."""

from __future__ import annotations

from expectations.model import Suite, between

_APEC = """
select 'APEC' as grouping_name, count(distinct geo_id) as economies_count
from marts.dim_geo where is_apec and geo_type = 'economy'
"""

SUITES = (
    Suite(
        name="marts.dim_geo",
        subject="marts.dim_geo",
        sql=_APEC,
        key=("grouping_name",),
        checks=(
            between(
                "apec",
                "The 21 APEC economies are listed, no more and no fewer",
                "economies_count",
                21,
                21,
                "critical",
            ),
        ),
        empty=None,
    ),
)
