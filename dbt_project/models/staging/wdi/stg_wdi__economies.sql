with source_rows as (
    select * from {{ source('wdi', 'economies') }}
),

renamed as (
    select
        economy_code_wdi,
        economy_code_iso2,
        trim(economy_name) as economy_name,
        nullif(income_level_code, '') as income_level_code,
        -- The World Bank files its aggregates (World, income groups, …) under region NA.
        coalesce(region_code = 'NA', false) as is_aggregate,
        _snapshot_id as snapshot_id
    from source_rows
)

select
    economy_code_wdi,
    economy_code_iso2,
    economy_name,
    income_level_code,
    is_aggregate,
    snapshot_id
from renamed
