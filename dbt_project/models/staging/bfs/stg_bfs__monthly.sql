with source_rows as (
    select * from {{ source('bfs', 'monthly') }}
),

-- Months to come are blank and carry no code: they are no observations.
published as (
    select * from source_rows where value is not null or value_status is not null
)

select
    seasonal_adjustment = 'A' as is_seasonally_adjusted,
    naics_sector,
    series_code,
    area_code as area_code_postal,
    period as period_month,
    value,
    {{ status_of_cell('value_status', 'value') }} as obs_status,
    _snapshot_id as snapshot_id
from published
