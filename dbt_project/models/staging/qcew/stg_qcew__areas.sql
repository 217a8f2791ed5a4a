with source_rows as (
    select * from {{ source('qcew', 'areas') }}
)

select
    area_code_fips,
    ownership_code,
    naics_code,
    aggregation_level_code,
    period_year,
    quarter,
    estabs_count,
    emp_count,
    wages_usd,
    {{ status_of_cell('emp_count_status', 'emp_count') }} as emp_status,
    lq_estabs as published_lq_estabs,
    lq_emp as published_lq_emp,
    _snapshot_id as snapshot_id
from source_rows
where size_code = '0'
