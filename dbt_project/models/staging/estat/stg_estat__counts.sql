with source_rows as (
    select * from {{ source('estat', 'counts') }}
),

areas as (
    select * from {{ source('estat', 'areas') }}
),

prefectures as (
    select * from {{ ref('national_regions') }} where source_id = 'estat'
)

select
    source_rows.area_code_jis,
    areas.area_name,
    case
        when source_rows.area_code_jis = '00000' then 'nation'
        when right(source_rows.area_code_jis, 3) = '000' then 'prefecture'
        else 'city'
    end as area_level,
    prefectures.region_code_iso3166_2,
    source_rows.measure,
    source_rows.period_year,
    source_rows.industry_level,
    source_rows.industry_code_jsic,
    source_rows.value_count,
    {{ status_of_cell('source_rows.value_count_status', 'source_rows.value_count') }} as obs_status,
    source_rows._snapshot_id as snapshot_id
from source_rows
left join areas on source_rows.area_code_jis = areas.area_code_jis
left join prefectures on left(source_rows.area_code_jis, 2) = prefectures.region_code
