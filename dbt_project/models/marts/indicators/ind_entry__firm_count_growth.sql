with measures as (
    select * from {{ ref('int_regions__cluster_measures') }} where has_year_before
),

cells as (
    select
        *,
        estabs_growth is null
        or estabs_growth_lower is distinct from estabs_growth_upper as is_interval
    from measures
)

select
    'firm_count_growth' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    'cbp_establishments' as basis,
    estabs_growth as value,
    case when is_interval then estabs_growth_lower end as value_lower,
    case when is_interval then estabs_growth_upper end as value_upper,
    case
        when estabs_growth is null then 'C'
        when is_small then 'U'
        when is_interval then 'E'
        when estabs_growth = 0 then 'Z'
        else 'A'
    end as obs_status,
    rows_count as n_obs,
    {{ terms({
        'establishments': 'estabs_count',
        'establishments_upper': 'estabs_upper_count',
        'establishments_before': 'estabs_before_count',
        'establishments_before_upper': 'estabs_before_upper_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from cells
