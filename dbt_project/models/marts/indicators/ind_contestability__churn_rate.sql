with bds_rates as (
    select * from {{ ref('int_entry__bds_rates') }} where cut in ('state', 'cbsa', 'county')
)

select
    'churn_rate' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'bds_establishment_pct' as basis,
    churn_rate_pct as value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case
        when churn_rate_pct = 0 then 'Z'
        when churn_rate_pct is not null then 'A'
        else status_without_rate
    end as obs_status,
    cast(case when churn_rate_pct is null then 0 else 1 end as bigint) as n_obs,
    {{ terms({
        'entrant_establishments': 'estabs_entry_count',
        'exited_establishments': 'estabs_exit_count',
        'mean_establishments': 'mean_estabs_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from bds_rates
