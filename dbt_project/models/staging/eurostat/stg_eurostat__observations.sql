with source_rows as (
    select * from {{ source('eurostat', 'observations') }}
)

select
    dataset_code,
    area_code as area_code_eurostat,
    period,
    dimensions,
    value,
    flags,
    {{ status_of_eurostat_flags('flags', 'confidentiality', 'value') }} as obs_status,
    _snapshot_id as snapshot_id
from source_rows
