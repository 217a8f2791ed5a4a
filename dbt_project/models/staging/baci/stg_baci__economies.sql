with source_rows as (
    select * from {{ source('baci', 'economies') }}
),

renamed as (
    select
        economy_code as economy_code_baci,
        trim(economy_name) as economy_name,
        -- BACI writes N/A, S19 and the like where there is no ISO code.
        case
            when {{ matches('economy_code_iso3', '^[A-Z][A-Z][A-Z]$') }} then economy_code_iso3
        end as economy_code_iso3,
        _snapshot_id as snapshot_id
    from source_rows
)

select
    economy_code_baci,
    economy_name,
    economy_code_iso3,
    snapshot_id
from renamed
