with source_rows as (
    select * from {{ source('itu', 'observations') }}
)

select
    code_id as series_id_itu,
    code as series_code_itu,
    economy_code_iso3,
    period_year,
    answer_no,
    value,
    case
        when value is null then 'M'
        when contains(lower(coalesce(data_source, '')), 'estimate') then 'E'
        when value = 0 then 'Z'
        else 'A'
    end as obs_status,
    data_source,
    _snapshot_id as snapshot_id
from source_rows
