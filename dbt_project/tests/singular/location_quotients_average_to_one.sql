-- Weighted by the regions' totals, the location quotients of a cluster average to 1 over the
-- states, which hold all that the nation holds. Only where no state's value is withheld.
with cells as (
    select * from {{ ref('fct_indicator_value') }} where indicator_id = 'location_quotient'
),

states as (
    select geo_id from {{ ref('dim_geo') }} where geo_type = 'state'
),

averages as (
    select
        cells.cluster_id,
        cells.period,
        cells.basis,
        sum(cells.value * cells.components['all_in_region'])
        / nullif(max(cells.components['all_in_nation']), 0) as average
    from cells
    inner join states
        on cells.geo_id = states.geo_id
    group by cells.cluster_id, cells.period, cells.basis
    having count(*) filter (cells.obs_status in ('C', 'Q', 'M')) = 0
)

select *
from averages
where abs(average - 1) > 1e-9
