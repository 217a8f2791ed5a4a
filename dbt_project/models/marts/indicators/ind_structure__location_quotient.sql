with quotients as (
    select * from {{ ref('int_regions__location_quotients') }}
    -- the quotient within a class is a column of region_cluster
    where basis in ('cbp_employment', 'cbp_establishments')
)

select
    'location_quotient' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    basis,
    quotient as value,
    quotient_lower as value_lower,
    quotient_upper as value_upper,
    obs_status,
    rows_used_count as n_obs,
    {{ terms({
        'cluster_in_region': 'cluster_count',
        'cluster_in_region_lower': 'cluster_lower',
        'cluster_in_region_upper': 'cluster_upper',
        'all_in_region': 'region_count',
        'all_in_region_upper': 'region_upper',
        'cluster_in_nation': 'nation_cluster_count',
        'all_in_nation': 'nation_count',
        'industries_withheld': 'withheld_count',
        'industries_maybe_hidden': 'absent_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from quotients
