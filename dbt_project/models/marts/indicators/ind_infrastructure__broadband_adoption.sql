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
