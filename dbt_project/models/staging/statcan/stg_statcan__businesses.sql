with source_rows as (
    select * from {{ source('statcan', 'businesses') }}
),

regions as (
    select * from {{ ref('national_regions') }} where source_id = 'statcan'
)

select
    source_rows.period as period_month,
    source_rows.geo_name,
    -- what is neither the nation nor a province or territory is a metropolitan area
    coalesce(regions.region_level, 'metro') as region_level,
    regions.region_code as region_code_sgc,
    regions.region_code_iso3166_2,
    source_rows.geo_code_dguid,
    source_rows.industry_name,
    nullif(regexp_extract(source_rows.industry_name, '\[([0-9, -]+)\]$', 1), '') as naics_codes,
    source_rows.measure,
    source_rows.businesses_count,
    {{ status_of_statcan('source_rows.status', 'source_rows.symbol', 'source_rows.businesses_count') }} as obs_status,
    source_rows._snapshot_id as snapshot_id
from source_rows
left join regions on source_rows.geo_name = regions.region_name
