with source_rows as (
    select * from {{ source('statsnz', 'region_sizes') }}
),

regions as (
    select * from {{ ref('national_regions') }} where source_id = 'statsnz'
)

select
    source_rows.period_year,
    source_rows.region_name,
    regions.region_code as region_code_statsnz,
    regions.region_code_iso3166_2,
    source_rows.size_group,
    source_rows.measure,
    source_rows.value_count,
    {{ status_of_perturbed('source_rows.flags', 'source_rows.value_count') }} as obs_status,
    source_rows._snapshot_id as snapshot_id
from source_rows
left join regions on source_rows.region_name = regions.region_name
