with series_cells as (
    select * from {{ ref('int_economies__series_completed') }}
    where series_id = 'oecd/tiva/PROD_VASH'
),

-- A negative value added, or one beyond the output, is no share of it.
shares as (
    select
        *,
        case when value between 0 and 100 then value / 100.0 end as value_added_share
    from series_cells
),

disintegration as (
    select
        *,
        1 - value_added_share as purchased_share
    from shares
),

cluster_cells as (
    select * from {{ ref('int_supply__cluster_disintegration') }}
)

select
    'vertical_disintegration' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'oecd_tiva_share' as basis,
    purchased_share as value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case
        when purchased_share is null and obs_status in ('L', 'C', 'Q') then obs_status
        when purchased_share is null then 'M'
        when obs_status in ('E', 'P', 'B', 'U') then obs_status
        when purchased_share = 0 then 'Z'
        else 'A'
    end as obs_status,
    cast(case when value_added_share is null then 0 else 1 end as bigint) as n_obs,
    {{ terms({'value_added_share': 'value_added_share'}) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from disintegration
union all
select
    'vertical_disintegration' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    obs_status,
    n_obs,
    {{ terms({
        'output_musd': 'output_musd',
        'value_added_musd': 'value_added_musd',
        'imported_inputs_musd': 'imported_inputs_musd',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from cluster_cells
