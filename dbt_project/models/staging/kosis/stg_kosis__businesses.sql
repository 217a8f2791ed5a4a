with source_rows as (
    select * from {{ source('kosis', 'businesses') }}
),

regions as (
    select * from {{ ref('national_regions') }} where source_id = 'kosis'
),

-- Sejong's code begins with that of the province around it.
placed as (
    select
        *,
        case
            when substr(district_code_kosis, 9) = '0D0GA01' then '0D0GA01'
            else substr(district_code_kosis, 9, 2)
        end as region_code_kosis
    from source_rows
)

select
    placed.period_year,
    placed.district_code_kosis,
    placed.district_name,
    placed.region_code_kosis,
    regions.region_code_iso3166_2,
    placed.business_kind,
    placed.businesses_count,
    {{ status_of_cell('placed.businesses_count_status', 'placed.businesses_count') }} as obs_status,
    placed._snapshot_id as snapshot_id
from placed
left join regions on placed.region_code_kosis = regions.region_code
