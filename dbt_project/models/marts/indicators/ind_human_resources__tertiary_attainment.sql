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
    'wdi_cells', "indicator_code = 'SE.TER.CUAT.BA.ZS'",
    'tertiary_attainment', 'wdi_bachelor_25plus_pct', 'bachelor_or_more_pct'
) }}
union all
{{ published_cells(
    'series_cells', "series_id = 'eurostat/edat_lfse_04/ED5-8'",
    'tertiary_attainment', 'eurostat_tertiary_25_64_pct', 'tertiary_25_64_pct'
) }}
union all
{{ acs_cells('shares', 'members', 'tertiary', 'tertiary_attainment', 'acs_bachelor_25plus_pct') }}
