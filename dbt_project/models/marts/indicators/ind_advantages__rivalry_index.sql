with measures as (
    select * from {{ ref('int_regions__cluster_measures') }}
),

cells as (
    select
        *,
        is_withheld or rivalry_lower is distinct from rivalry_upper as is_interval
    from measures
    where rivalry is not null or is_withheld
),

national as (
    select
        *,
        is_emp_withheld or is_estabs_withheld or rivalry_lower is distinct from rivalry_upper as is_interval
    from {{ ref('int_national__measures') }}
    -- no employment, no cell; withheld parts of it leave bounds
    where rivalry is not null or is_emp_withheld or is_estabs_withheld
)

select
    'rivalry_index' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    'cbp' as basis,
    rivalry as value,
    case when is_interval then rivalry_lower end as value_lower,
    case when is_interval then rivalry_upper end as value_upper,
    obs_status,
    rows_count as n_obs,
    {{ terms({
        'establishments': 'estabs_count',
        'employment': 'emp_count',
        'employment_lower': 'emp_lower_count',
        'employment_upper': 'emp_upper_count',
        'establishments_in_nation': 'nation_estabs_count',
        'employment_in_nation': 'nation_emp_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from cells
union all
select
    'rivalry_index' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    source_id as basis,
    rivalry as value,
    case when is_interval then least(rivalry_lower, coalesce(rivalry, rivalry_lower)) end as value_lower,
    case
        when is_interval and rivalry_upper is not null
            then greatest(rivalry_upper, coalesce(rivalry, rivalry_upper))
    end as value_upper,
    case
        when rivalry is null then 'C'
        when is_small then 'U'
        when is_interval then 'E'
        when emp_status in ('Z', 'M', 'C') then 'A'
        else emp_status
    end as obs_status,
    rows_count as n_obs,
    {{ terms({
        'establishments': 'estabs_count',
        'employment': 'emp_value',
        'employment_lower': 'emp_lower_count',
        'employment_upper': 'emp_upper_count',
        'establishments_in_nation': 'nation_cluster_estabs',
        'employment_in_nation': 'nation_cluster_emp',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from national
