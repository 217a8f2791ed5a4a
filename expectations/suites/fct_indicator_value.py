"""Release gate on the published indicator cells: plausible, covered, and how far moved.

A row of each frame is one indicator on one basis; bases are never pooled. The comparison reads
the last published release through the runner's `baseline_*` tables:

- Values are compared on cells whose method version is the same in both releases: a new method is
  a deliberate change, said aloud by its own warning, not an accident of the night.
- An indicator that is no longer in `dim_indicator` was withdrawn on purpose and warns. One that is
  still declared and lost its cells is a fault and is critical.
- A cell counts as moved when it changed its sign, or by more than a factor of two, and by more
  than 5 % of the median size of the indicator: figures next to zero flip signs for nothing.
"""

from __future__ import annotations

from expectations.model import Suite, at_least, between, present, same

_TOTAL = "select 'all' as scope, count(*) as cells_count from marts.fct_indicator_value"

_COVERAGE = """
with declared as (
    select i.indicator_id, b.basis
    from marts.dim_indicator as i left join marts.dim_basis as b on b.indicator_id = i.indicator_id
),
economies as (
    select indicator_id, basis, min(economies_count) as economies_count
    from (
        select f.indicator_id, f.basis, f.period, count(distinct f.geo_id) as economies_count
        from marts.fct_indicator_value as f
        join marts.dim_geo as g on g.geo_id = f.geo_id
        where g.geo_type = 'economy' and g.is_apec
        group by all
    )
    group by all
),
cells as (
    select
        indicator_id, basis,
        count(*) as cells_count,
        count(*) filter (value is null) / count(*) as null_share,
        min(value) as value_min,
        max(value) as value_max
    from marts.fct_indicator_value group by all
)
select
    d.indicator_id, coalesce(d.basis, 'no basis') as basis,
    coalesce(c.cells_count, 0) as cells_count,
    e.economies_count, c.null_share, c.value_min, c.value_max,
    r.minimum as declared_min, r.maximum as declared_max
from declared as d
left join cells as c on c.indicator_id = d.indicator_id and c.basis = d.basis
left join economies as e on e.indicator_id = d.indicator_id and e.basis = d.basis
left join plausible_range as r
    on r.subject = 'marts.fct_indicator_value' and r.series = d.indicator_id || '/' || d.basis
order by 1, 2
"""

_COMPARISON = """
with cell_now as (
    select indicator_id, basis, geo_id, cluster_id, period, value, method_version
    from marts.fct_indicator_value
),
now_total as (
    select indicator_id, basis, count(*) as cells_count, count(value) as values_count,
        max(period) filter (value is not null) as newest
    from cell_now group by all
),
before_total as (
    select indicator_id, basis, count(*) as cells_count, count(value) as values_count,
        max(period) filter (value is not null) as newest
    from baseline_cell group by all
),
lost as (
    select b.indicator_id, b.basis, count(*) as economies_lost_count,
        string_agg(b.geo_id, ' ' order by b.geo_id) as economies_lost
    from (
        select distinct c.indicator_id, c.basis, c.geo_id
        from baseline_cell as c join baseline_geo as g on g.geo_id = c.geo_id
        where g.geo_type = 'economy' and c.value is not null
    ) as b
    anti join (select * from cell_now where value is not null) as n
        on n.indicator_id = b.indicator_id and n.basis = b.basis and n.geo_id = b.geo_id
    group by all
),
common as (
    select n.indicator_id, n.basis, n.value as value_now, b.value as value_before
    from cell_now as n
    join baseline_cell as b
        on b.indicator_id = n.indicator_id and b.basis = n.basis and b.geo_id = n.geo_id
        and b.cluster_id = n.cluster_id and b.period = n.period
        and b.method_version = n.method_version
    where n.value is not null and b.value is not null
),
scaled as (
    select *,
        -- nullif: the logarithm of zero raises
        abs(ln(nullif(abs(value_now), 0) / nullif(abs(value_before), 0))) as log_ratio,
        sign(value_now) = sign(value_before) as is_same_sign,
        median(abs(value_before)) over (partition by indicator_id, basis) as usual_size
    from common
),
moves as (
    select indicator_id, basis,
        count(*) as common_cells,
        median(log_ratio) filter (is_same_sign) as median_log_ratio,
        count(*) filter (
            abs(value_now - value_before) > 0.05 * usual_size
            and (not is_same_sign or log_ratio > ln(2))
        ) as moved_cells
    from scaled group by all
),
basis_now as (select distinct indicator_id, basis, unit from marts.dim_basis),
pair as (
    select indicator_id, basis from now_total
    union select indicator_id, basis from before_total
),
described as (
    select
        p.indicator_id, p.basis,
        i.method_version as method_now, bi.method_version as method_before,
        coalesce(bn.unit, i.unit) as unit_now, coalesce(bb.unit, bi.unit) as unit_before,
        b.cells_count is not null and (
            i.indicator_id is null
            or (bn.basis is null and i.method_version is distinct from bi.method_version)
        ) as is_withdrawn,
        n.cells_count as cells_now, b.cells_count as cells_before,
        n.values_count as values_now, b.values_count as values_before,
        n.newest as newest_now, b.newest as newest_before
    from pair as p
    left join now_total as n on n.indicator_id = p.indicator_id and n.basis = p.basis
    left join before_total as b on b.indicator_id = p.indicator_id and b.basis = p.basis
    left join marts.dim_indicator as i on i.indicator_id = p.indicator_id
    left join baseline_indicator as bi on bi.indicator_id = p.indicator_id
    left join basis_now as bn on bn.indicator_id = p.indicator_id and bn.basis = p.basis
    left join baseline_basis as bb on bb.indicator_id = p.indicator_id and bb.basis = p.basis
)
select
    d.indicator_id, d.basis,
    d.is_withdrawn::integer as withdrawn,
    d.method_now, d.method_before,
    -- a basis that is new has no unit before, whatever the indicator's was
    case when d.method_now = d.method_before and d.cells_before is not null
        then d.unit_now end as unit_now,
    case when d.method_now = d.method_before and d.cells_before is not null
        then d.unit_before end as unit_before,
    coalesce(d.cells_now, 0) as cells_now, d.cells_before,
    coalesce(d.values_now, 0) as values_now, d.values_before,
    case when not d.is_withdrawn
        then coalesce(d.cells_now, 0) / nullif(d.cells_before, 0) end as cells_ratio,
    case when not d.is_withdrawn
        then coalesce(d.values_now, 0) / nullif(d.values_before, 0) end as values_ratio,
    case when not d.is_withdrawn then coalesce(l.economies_lost_count, 0) end
        as economies_lost_count,
    l.economies_lost,
    d.newest_now, d.newest_before,
    m.common_cells, m.moved_cells, m.median_log_ratio,
    m.moved_cells / nullif(m.common_cells, 0) as moved_share
from described as d
left join lost as l on l.indicator_id = d.indicator_id and l.basis = d.basis
left join moves as m on m.indicator_id = d.indicator_id and m.basis = d.basis
order by 1, 2
"""

_TABLE = "marts.fct_indicator_value"
_KEY = ("indicator_id", "basis")
_MOVED = ("moved_cells", "common_cells")

SUITES = (
    Suite(
        name="release.total",
        subject=_TABLE,
        sql=_TOTAL,
        key=("scope",),
        checks=(between("cells", "There is any cell", "cells_count", 1, None, "critical"),),
        empty=None,
    ),
    Suite(
        name="release.coverage",
        subject=_TABLE,
        sql=_COVERAGE,
        key=_KEY,
        checks=(
            between("cells", "Every indicator has cells", "cells_count", 1, None, "warning"),
            between(
                "economies",
                "All 21 APEC economies are listed in every period",
                "economies_count",
                21,
                21,
                "critical",
            ),
            present(
                "range_declared",
                "Every indicator has a declared plausible range",
                "declared_max",
                "warning",
            ),
            at_least(
                "minimum",
                "No value below the plausible range of its indicator",
                "value_min",
                "declared_min",
                "critical",
            ),
            at_least(
                "maximum",
                "No value above the plausible range of its indicator",
                "declared_max",
                "value_max",
                "critical",
            ),
            between(
                "nulls",
                "Most cells of an indicator have a value",
                "null_share",
                None,
                0.8,
                "warning",
            ),
        ),
        empty="critical",
    ),
    Suite(
        name="release.comparison",
        subject=_TABLE,
        sql=_COMPARISON,
        key=_KEY,
        compares=True,
        empty="critical",
        checks=(
            between(
                "cells",
                "At least 80 % of the last release's cells are there",
                "cells_ratio",
                0.8,
                None,
                "critical",
                show=("cells_now", "cells_before"),
            ),
            between(
                "values",
                "At least 80 % of the last release's cells with a value have one",
                "values_ratio",
                0.8,
                None,
                "critical",
                show=("values_now", "values_before"),
            ),
            between(
                "economies",
                "No economy that had values has lost them all",
                "economies_lost_count",
                0,
                0,
                "critical",
                show=("economies_lost",),
            ),
            at_least(
                "newest",
                "The newest period is not older than in the last release",
                "newest_now",
                "newest_before",
                "critical",
            ),
            same("unit", "The unit is unchanged", "unit_now", "unit_before", "critical"),
            between(
                "median_move",
                "Common cells moved little (median of |log ratio|; 0.1 is about 10 %)",
                "median_log_ratio",
                None,
                0.1,
                "warning",
                show=_MOVED,
            ),
            between(
                "median_jump",
                "Common cells did not jump (median of |log ratio|; 0.69 is a factor of two)",
                "median_log_ratio",
                None,
                0.69,
                "critical",
                show=_MOVED,
            ),
            between(
                "moved",
                "Few cells moved by more than a factor of two or changed sign",
                "moved_share",
                None,
                0.01,
                "warning",
                show=_MOVED,
            ),
            between(
                "moved_many",
                "No fifth of the cells moved by more than a factor of two or changed sign",
                "moved_share",
                None,
                0.2,
                "critical",
                show=_MOVED,
            ),
            between("withdrawn", "No indicator was withdrawn", "withdrawn", 0, 0, "warning"),
            same(
                "method",
                "No indicator has a new method",
                "method_now",
                "method_before",
                "warning",
            ),
        ),
    ),
)
