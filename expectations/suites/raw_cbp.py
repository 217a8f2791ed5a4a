"""County Business Patterns: whole years, withheld cells told apart from zero, believable pay.

Sums are taken over four-digit industries: the file holds every level at once.
"""

from __future__ import annotations

from expectations.model import Suite, between

_YEARS = """
with cells as (
    select *, length(regexp_replace(naics_code, '[^0-9]', '', 'g')) = 4 as is_four_digit
    from raw.cbp__counties
)
select
    period_year,
    count(distinct state_code_fips) as states_count,
    count(distinct state_code_fips || county_code_fips) as counties_count,
    count(*) filter (is_four_digit) as four_digit_count,
    count(*) filter (emp_noise_flag = 'D' and emp_count <> 0) as withheld_with_figure_count,
    count(*) filter (emp_noise_flag = 'D') / count(*) as withheld_share,
    count(*) filter (emp_count is null) / count(*) as emp_null_share,
    min(estabs_count) as estabs_min,
    sum(payroll_kusd) filter (is_four_digit and emp_count > 0)
        / nullif(sum(emp_count) filter (is_four_digit), 0) as payroll_kusd_per_employee,
    sum(emp_count) filter (is_four_digit and emp_count > 0)
        / nullif(sum(estabs_count) filter (is_four_digit and emp_count > 0), 0) as emp_per_estab
from cells group by 1 order by 1
"""

SUITES = (
    Suite(
        name="raw.cbp__counties",
        subject="raw.cbp__counties",
        sql=_YEARS,
        key=("period_year",),
        checks=(
            between("states", "A year has at least 50 states", "states_count", 50, None, "warning"),
            between(
                "counties",
                "A year has at least as many counties as states",
                "counties_count",
                50,
                None,
                "warning",
            ),
            between(
                "four_digit",
                "A year has four-digit industries: clusters are made of them",
                "four_digit_count",
                1,
                None,
                "critical",
            ),
            between(
                "withheld",
                "A withheld cell carries no figure",
                "withheld_with_figure_count",
                0,
                0,
                "critical",
            ),
            between(
                "withheld_share",
                "Not most cells are withheld",
                "withheld_share",
                None,
                0.5,
                "warning",
            ),
            between(
                "nulls",
                "Few cells lack employment",
                "emp_null_share",
                None,
                0.1,
                "warning",
            ),
            between(
                "small_cells",
                "Cells of fewer than three establishments are left out since 2017",
                "estabs_min",
                3,
                None,
                "warning",
            ),
            between(
                "payroll",
                "Annual pay of an employee (thousand USD; a unit slip would show)",
                "payroll_kusd_per_employee",
                10,
                300,
                "critical",
            ),
            between(
                "size",
                "Employees an establishment",
                "emp_per_estab",
                3,
                100,
                "warning",
            ),
        ),
    ),
)
