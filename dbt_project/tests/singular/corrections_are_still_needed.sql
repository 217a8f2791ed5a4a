-- A publisher that sends another figure than the known wrong one has mended it, or has made another
-- error: in both cases the correction has to be looked at, and mostly to go.
with published as (
    select
        'wdi' as source_id,
        'observations' as table_name,
        {{ row_key(['indicator_code', 'economy_code_wdi', 'period_year'], 'observations') }} as row_key,
        'value' as column_name,
        observations.value
    from {{ source('wdi', 'observations') }} as observations
    union all
    select
        'usda' as source_id,
        'attainment' as table_name,
        {{ row_key(['period_year', 'area_code_fips5', 'level_code'], 'attainment') }} as row_key,
        'adults_count' as column_name,
        attainment.adults_count as value
    from {{ source('usda', 'attainment') }} as attainment
)

select
    corrections.correction_id,
    corrections.wrong_value,
    published.value as published_value
from {{ ref('correction') }} as corrections
inner join published
    on corrections.source_id = published.source_id
    and corrections.table_name = published.table_name
    and corrections.column_name = published.column_name
    and corrections.row_key = published.row_key
where published.value is distinct from corrections.wrong_value
