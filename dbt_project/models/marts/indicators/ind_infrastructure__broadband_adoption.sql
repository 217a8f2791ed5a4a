with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
),

series_cells as (
    select * from {{ ref('int_economies__series_completed') }}
),

shares as (
    select * from {{ ref('int_regions__acs_shares') }}
),

members as (
    select geo_id from {{ ref('apec_economies') }}
),

usage as (
    select
        'USA-FIPS-' || county_code_fips5 as geo_id,
        period_year,
        100 * broadband_usage_share as value,
        case when obs_status in ('A', 'Z') then 'E' else obs_status end as obs_status,
        snapshot_id
    from {{ ref('stg_microsoft__counties') }}
    union all
    -- the file has no figure of the nation
    select
        members.geo_id,
        years.period_year,
        null as value,
        'L' as obs_status,
        null as snapshot_id
    from members
    cross join (select distinct period_year from {{ ref('stg_microsoft__counties') }}) as years
)

{{ published_cells(
    'wdi_cells', "indicator_code = 'IT.NET.BBND.P2'",
    'broadband_adoption', 'wdi_per_100', 'subscriptions_per_100_people'
) }}
union all
{{ published_cells(
    'series_cells', "series_id = 'eurostat/isoc_r_broad_h'",
    'broadband_adoption', 'eurostat_households_pct', 'households_with_broadband_pct'
) }}
union all
{{ acs_cells('shares', 'members', 'broadband', 'broadband_adoption', 'acs_households_pct') }}
union all
{{ published_cells('usage', 'true', 'broadband_adoption', 'microsoft_people_pct', 'people_at_25_mbit_pct') }}
