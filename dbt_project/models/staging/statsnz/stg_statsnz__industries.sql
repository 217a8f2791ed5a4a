with source_rows as (
    select * from {{ source('statsnz', 'industries') }}
)

select
    industry_code_anzsic,
    industry_name,
    len(industry_code_anzsic) = 1 as is_division,
    _snapshot_id as snapshot_id
from source_rows
