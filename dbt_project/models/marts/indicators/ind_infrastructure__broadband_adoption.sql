with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
)

select
    'broadband_adoption' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'wdi_per_100' as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    obs_status,
    cast(case when value is null then 0 else 1 end as bigint) as n_obs,
    {{ terms({'subscriptions_per_100_people': 'value'}) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from wdi_cells
where indicator_code = 'IT.NET.BBND.P2'
