-- Entry and exit rates of every cut of Business Dynamics Statistics, from their terms: per 100 of the
-- mean of this and last March's establishments. Last March is this March without the entrants and with
-- those that left.

with states as (
    select * from {{ ref('stg_bds__states') }}
),

state_sectors as (
    select * from {{ ref('stg_bds__state_sectors') }}
),

metros as (
    select * from {{ ref('stg_bds__metros') }}
),

counties as (
    select * from {{ ref('stg_bds__counties') }}
),

firm_ages as (
    select * from {{ ref('stg_bds__firm_ages') }}
),

places as (
    select * from {{ ref('us_counties') }}
),

areas as (
    select distinct cbsa_code from {{ ref('us_county_cbsa') }}
),

cuts as (
    select
        'state' as cut,
        'USA-FIPS-' || state_code_fips as geo_id,
        period_year,
        '' as sector_code_naics,
        '' as firm_age_class,
        firms_count,
        cast(null as bigint) as emp_count,
        estabs_count,
        estabs_entry_count,
        estabs_exit_count,
        estabs_entry_rate_pct,
        cast(null as double) as estabs_exit_rate_pct,
        -- the staging of states keeps the mark as words
        case estabs_entry_rate_status
            when 'suppressed' then 'C'
            when 'low_reliability' then 'Q'
            when 'missing' then 'M'
            else 'A'
        end as entry_status,
        bds_release,
        snapshot_id
    from states
    union all
    select
        'state_sector' as cut,
        'USA-FIPS-' || state_code_fips as geo_id,
        period_year,
        sector_code_naics,
        '' as firm_age_class,
        firms_count,
        emp_count,
        estabs_count,
        estabs_entry_count,
        estabs_exit_count,
        estabs_entry_rate_pct,
        estabs_exit_rate_pct,
        estabs_entry_rate_status as entry_status,
        bds_release,
        snapshot_id
    from state_sectors
    union all
    select
        'cbsa' as cut,
        'USA-CBSA-' || metros.metro_code_cbsa as geo_id,
        metros.period_year,
        '' as sector_code_naics,
        '' as firm_age_class,
        metros.firms_count,
        metros.emp_count,
        metros.estabs_count,
        metros.estabs_entry_count,
        metros.estabs_exit_count,
        metros.estabs_entry_rate_pct,
        metros.estabs_exit_rate_pct,
        metros.estabs_entry_rate_status as entry_status,
        metros.bds_release,
        metros.snapshot_id
    from metros
    -- areas of an earlier delineation are other areas under codes of their own
    inner join areas
        on metros.metro_code_cbsa = areas.cbsa_code
    union all
    select
        'county' as cut,
        'USA-FIPS-' || counties.county_code_fips5 as geo_id,
        counties.period_year,
        '' as sector_code_naics,
        '' as firm_age_class,
        counties.firms_count,
        counties.emp_count,
        counties.estabs_count,
        counties.estabs_entry_count,
        counties.estabs_exit_count,
        counties.estabs_entry_rate_pct,
        counties.estabs_exit_rate_pct,
        counties.estabs_entry_rate_status as entry_status,
        counties.bds_release,
        counties.snapshot_id
    from counties
    inner join places
        on counties.county_code_fips5 = places.county_code_fips5
    union all
    select
        'firm_age' as cut,
        'USA' as geo_id,
        period_year,
        '' as sector_code_naics,
        firm_age_class,
        firms_count,
        emp_count,
        estabs_count,
        estabs_entry_count,
        estabs_exit_count,
        estabs_entry_rate_pct,
        estabs_exit_rate_pct,
        estabs_entry_rate_status as entry_status,
        bds_release,
        snapshot_id
    from firm_ages
),

termed as (
    select
        *,
        (estabs_count + (estabs_count - estabs_entry_count + estabs_exit_count)) / 2.0 as mean_estabs
    from cuts
),

rated as (
    select
        *,
        -- from the terms, in full precision; where a term is withheld and the rate is not, as published
        coalesce(
            100.0 * estabs_entry_count / nullif(mean_estabs, 0), estabs_entry_rate_pct
        ) as entry_rate_pct,
        coalesce(
            100.0 * estabs_exit_count / nullif(mean_estabs, 0), estabs_exit_rate_pct
        ) as exit_rate_pct
    from termed
)

select
    cut,
    geo_id,
    period_year,
    sector_code_naics,
    firm_age_class,
    firms_count,
    emp_count,
    estabs_count,
    estabs_entry_count,
    estabs_exit_count,
    mean_estabs as mean_estabs_count,
    entry_rate_pct,
    exit_rate_pct,
    entry_rate_pct + exit_rate_pct as churn_rate_pct,
    estabs_entry_rate_pct as published_entry_rate_pct,
    estabs_exit_rate_pct as published_exit_rate_pct,
    case when entry_status in ('C', 'Q') then entry_status else 'M' end as status_without_rate,
    bds_release,
    snapshot_id
from rated
