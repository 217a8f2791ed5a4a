"""Business Dynamics Statistics: all states each year, entries within the stock, rates in range.

State code 97 is a statistical remainder with rates above 100, dropped in staging: it is left out.
"""

from __future__ import annotations

from expectations.model import Suite, between

_YEARS = """
select
    period_year,
    count(distinct state_code_fips) as states_count,
    count(*) filter (estabs_entry_count > estabs_count) as entry_above_stock_count,
    count(*) filter (firms_count > estabs_count) as firms_above_estabs_count,
    count(*) filter (estabs_count is null or estabs_entry_count is null) / count(*) as null_share,
    min(estabs_entry_rate_pct) as entry_rate_min,
    max(estabs_entry_rate_pct) as entry_rate_max,
    max(estabs_exit_rate_pct) as exit_rate_max,
    sum(emp_count) / nullif(sum(estabs_count), 0) as emp_per_estab
from raw.bds__states where state_code_fips <> '97' group by 1 order by 1
"""

SUITES = (
    Suite(
        name="raw.bds__states",
        subject="raw.bds__states",
        sql=_YEARS,
        key=("period_year",),
        checks=(
            between(
                "states",
                "A year has the 50 states and the District of Columbia",
                "states_count",
                51,
                None,
                "warning",
            ),
            between(
                "entry_within_stock",
                "Entering establishments are part of the establishments",
                "entry_above_stock_count",
                0,
                0,
                "critical",
            ),
            between(
                "firms_within_estabs",
                "A firm has at least one establishment",
                "firms_above_estabs_count",
                0,
                0,
                "critical",
            ),
            between(
                "entry_rate_low",
                "Entry rates are not negative",
                "entry_rate_min",
                0,
                None,
                "critical",
            ),
            between(
                "entry_rate",
                "Entry rates are of a known size (published up to 25)",
                "entry_rate_max",
                None,
                60,
                "critical",
            ),
            between(
                "exit_rate",
                "Exit rates are of a known size",
                "exit_rate_max",
                0,
                60,
                "critical",
            ),
            between(
                "nulls",
                "Few states lack establishments or entries",
                "null_share",
                None,
                0.2,
                "warning",
            ),
            between(
                "size",
                "Employees an establishment (nation: 16 to 19)",
                "emp_per_estab",
                5,
                60,
                "warning",
            ),
        ),
    ),
)
