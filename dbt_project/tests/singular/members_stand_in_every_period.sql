-- Indicators of economies: all 21 members in every period and cluster of the indicator's basis.
with cells as (
    select * from {{ ref('fct_indicator_value') }}
),

members as (
    select geo_id from {{ ref('dim_geo') }} where is_apec
),

economies as (
    select geo_id from {{ ref('dim_geo') }} where geo_type = 'economy'
)

select
    indicator_id,
    basis,
    cluster_id,
    period,
    count(*) filter (geo_id in (select geo_id from members)) as members_count
from cells
where geo_id in (select geo_id from economies)
group by indicator_id, basis, cluster_id, period
having members_count <> 21
