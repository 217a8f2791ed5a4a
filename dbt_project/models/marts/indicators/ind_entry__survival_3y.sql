with firm_cohorts as (
    select * from {{ ref('int_entry__firm_cohorts') }} where has_cohort
),

cells as (
    {{ with_other_members(
        'firm_cohorts', ['born_3y_before_count', 'survivors_3y_count', 'snapshot_id']
    ) }}
),

measured as (
    select
        *,
        cast(survivors_3y_count as double) / nullif(born_3y_before_count, 0) as survival_share
    from cells
)

select
    'survival_3y' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'bds_firm_cohort' as basis,
    survival_share as value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case
        when not is_covered then 'L'
        when survival_share is null then 'M'
        when survival_share = 0 then 'Z'
        else 'A'
    end as obs_status,
    cast(case when survival_share is null then 0 else 2 end as bigint) as n_obs,
    {{ terms({
        'firms_of_age_3': 'survivors_3y_count',
        'firms_of_age_0_three_years_before': 'born_3y_before_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from measured
