with rates as (
    select * from {{ ref('int_entry__bds_rates') }}
)

select
    geo_id,
    cut,
    nullif(sector_code_naics, '') as sector_code_naics,
    nullif(firm_age_class, '') as firm_age_class,
    cast(period_year as varchar) as period,
    firms_count,
    emp_count,
    estabs_count,
    estabs_entry_count,
    estabs_exit_count,
    entry_rate_pct,
    exit_rate_pct,
    churn_rate_pct,
    case
        when entry_rate_pct is null then status_without_rate
        when entry_rate_pct = 0 then 'Z'
        else 'A'
    end as obs_status,
    snapshot_id
from rates
