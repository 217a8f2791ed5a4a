with source_rows as (
    select * from {{ source('abs', 'businesses') }}
),

states as (
    select * from {{ ref('national_regions') }} where source_id = 'abs'
)

select
    source_rows.period_year,
    source_rows.sa2_code_asgs,
    states.region_code as state_code_asgs,
    states.region_code_iso3166_2,
    source_rows.division_code_anzsic,
    source_rows.size_class,
    source_rows.businesses_count,
    {{ status_of_perturbed('source_rows.status', 'source_rows.businesses_count') }} as obs_status,
    source_rows._snapshot_id as snapshot_id
from source_rows
left join states on left(source_rows.sa2_code_asgs, 1) = states.region_code
