with adoption as (
    select * from {{ ref('int_ecommerce__size_adoption') }}
),

followership as (
    select * from {{ ref('int_ecommerce__followership') }}
),

lagged as (
    select
        adoption.*,
        followership.lag_years,
        followership.lag_lower_years,
        followership.lag_upper_years
    from adoption
    left join followership
        on adoption.basis = followership.basis
        and adoption.geo_id = followership.geo_id
        and adoption.period_year = followership.period_year
)

select
    'sme_followership_lag' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    basis,
    lag_years as value,
    -- bounds only where the lag is censored: more than, or less than, so many years
    lag_lower_years as value_lower,
    lag_upper_years as value_upper,
    case
        when lag_years is null and obs_status in ('L', 'C', 'Q') then obs_status
        when lag_years is null then 'M'
        when obs_status in ('E', 'P', 'B', 'U') then obs_status
        when lag_years = 0 then 'Z'
        else 'A'
    end as obs_status,
    cast(case when sme_pct is null then 0 else 1 end as bigint) as n_obs,
    {{ terms({
        'sme_pct': 'sme_pct',
        'large_pct': 'large_pct',
        'is_censored': "case
            when lag_years is not null then 0
            when lag_lower_years is not null or lag_upper_years is not null then 1
        end",
    }) }} as components,
    {{ snapshot_list(['snapshot_id', 'counts_snapshot_id']) }} as source_ids,
    '1' as method_version
from lagged
