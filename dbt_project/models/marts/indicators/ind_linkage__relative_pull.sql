-- The companion that can be compared between years: both pulls are in current dollars, and what
-- prices and the dollar did to all markets is in both of them.
with pulls as (
    select * from {{ ref('ind_linkage__export_market_growth_pull') }}
)

select
    'relative_pull' as indicator_id,
    geo_id,
    cluster_id,
    period,
    basis,
    components['relative_pull'] as value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    obs_status,
    n_obs,
    {{ terms({
        'pull': 'value',
        'world_pull': "components['world_pull']",
        'dropped_weight_share': "components['dropped_weight_share']",
        'window_years': "components['window_years']",
    }) }} as components,
    source_ids,
    '1' as method_version
from pulls
