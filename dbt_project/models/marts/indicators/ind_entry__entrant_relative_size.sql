with firm_cohorts as (
    select * from {{ ref('int_entry__firm_cohorts') }}
),

cells as (
    {{ with_other_members(
        'firm_cohorts',
        ['firms_count', 'emp_count', 'new_firms_count', 'new_firms_emp_count', 'snapshot_id']
    ) }}
),

measured as (
    select
        *,
        cast(new_firms_emp_count as double) * firms_count
        / nullif(cast(new_firms_count as double) * emp_count, 0) as relative_size
    from cells
)

select
    'entrant_relative_size' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'bds_firm_age_0' as basis,
    relative_size as value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case
        when not is_covered then 'L'
        when relative_size is null then 'M'
        when relative_size = 0 then 'Z'
        else 'A'
    end as obs_status,
    cast(case when relative_size is null then 0 else 2 end as bigint) as n_obs,
    {{ terms({
        'employees_of_new_firms': 'new_firms_emp_count',
        'new_firms': 'new_firms_count',
        'employees': 'emp_count',
        'firms': 'firms_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from measured
