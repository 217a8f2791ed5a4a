with source_rows as (
    select * from {{ source('oecd', 'observations') }}
),

in_units as (
    select
        *,
        -- UNIT_MULT is a power of ten; raw keeps the figure as it was published
        value * power(10, coalesce(unit_multiplier, 0)) as value_in_units
    from source_rows
)

select
    dataset_code as flow,
    area_code as economy_code_iso3,
    period,
    dimensions,
    value_in_units as value,
    flags as source_status_code,
    {{ status_of_sdmx('flags', 'value_in_units') }} as obs_status,
    _snapshot_id as snapshot_id
from in_units
