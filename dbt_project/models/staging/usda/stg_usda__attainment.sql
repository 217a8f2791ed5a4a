with source_rows as (
    select * from {{ source('usda', 'attainment') }}
),

corrected as (
    {{ corrected_rows(
        'source_rows', 'usda', 'attainment',
        ['period_year', 'area_code_fips5', 'level_code'],
        'adults_count',
        [
            'period_label', 'state_code_postal', 'area_name', 'adults_pct',
            '_snapshot_id',
        ],
    ) }}
)

select
    period_year,
    period_label,
    area_code_fips5,
    case
        when area_code_fips5 = '00000' then 'nation'
        when area_code_fips5 like '%000' then 'state'
        else 'county'
    end as area_level,
    area_name,
    level_code,
    cast(adults_count as bigint) as adults_count,
    adults_pct,
    {{ status_of_cell('null', 'adults_count') }} as obs_status,
    correction_id,
    _snapshot_id as snapshot_id
from corrected
