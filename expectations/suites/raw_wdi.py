"""World Bank: are the series whole, and do the figures have the size they are known to have?

A row of the first frame is a series that is declared in `plausible_ranges.csv` or was received,
so that a series that did not arrive is seen.
"""

from __future__ import annotations

from expectations.model import Suite, at_least, between, present

_SERIES = """
with declared as (
    select series as indicator_code, minimum, maximum
    from plausible_range where subject = 'raw.wdi__observations'
),
received as (
    select
        indicator_code,
        count(*) as rows_count,
        count(*) filter (value is null) / count(*) as null_share,
        count(distinct economy_code_wdi) filter (value is not null) as economies_count,
        count(distinct indicator_name) as names_count,
        count(distinct coalesce(source_updated_on::varchar, '')) as updates_count,
        min(value) as value_min,
        max(value) as value_max
    from raw.wdi__observations group by 1
)
select
    coalesce(d.indicator_code, r.indicator_code) as indicator_code,
    coalesce(r.rows_count, 0) as rows_count,
    r.null_share, r.economies_count, r.names_count, r.updates_count, r.value_min, r.value_max,
    d.minimum as declared_min, d.maximum as declared_max
from declared as d full join received as r on r.indicator_code = d.indicator_code
order by 1
"""

# NULL where the table is empty, which `raw_tables` reports: then there is nothing to judge here.
_ECONOMIES = """
select
    count(*) as economies_count,
    count(*) filter (region_code = 'NA') as aggregates_count,
    count(*) filter (region_code is distinct from 'NA') as real_economies_count
from raw.wdi__economies having count(*) > 0
"""

SUITES = (
    Suite(
        name="raw.wdi__observations",
        subject="raw.wdi__observations",
        sql=_SERIES,
        key=("indicator_code",),
        checks=(
            between("rows", "Every declared series has rows", "rows_count", 1, None, "warning"),
            present(
                "range_declared",
                "Every series has a declared plausible range",
                "declared_max",
                "warning",
            ),
            at_least(
                "minimum",
                "No value below the plausible range of its series",
                "value_min",
                "declared_min",
                "critical",
            ),
            at_least(
                "maximum",
                "No value above the plausible range of its series",
                "declared_max",
                "value_max",
                "critical",
            ),
            between(
                "nulls",
                "Not almost all values of a series are missing",
                "null_share",
                None,
                0.95,
                "warning",
            ),
            between(
                "economies",
                "A series has values for at least 15 economies",
                "economies_count",
                15,
                None,
                "warning",
            ),
            between(
                "one_name",
                "A series has one name: the name carries the unit",
                "names_count",
                1,
                1,
                "critical",
            ),
            between(
                "one_update",
                "All pages of a series are of one update",
                "updates_count",
                1,
                1,
                "critical",
            ),
        ),
        # declared series are rows, received or not
        empty=None,
    ),
    Suite(
        name="raw.wdi__economies",
        subject="raw.wdi__economies",
        sql=_ECONOMIES,
        key=("economies_count",),
        checks=(
            between(
                "aggregates",
                "Aggregates are marked: they are removed by this mark",
                "aggregates_count",
                1,
                None,
                "critical",
            ),
            between(
                "real",
                "The list has at least the 20 APEC economies that the World Bank covers",
                "real_economies_count",
                20,
                None,
                "critical",
            ),
        ),
    ),
)
