with source_rows as (
    select * from {{ source('bds', 'states') }}
),

in_a_state as (
    select * from source_rows
    -- Code 97 holds establishments that the Bureau could not place in a state. It is no region:
    -- kept, it would appear as a 52nd state and be ranked among the others.
    where state_code_fips <> '97'
)

select
    period_year,
    state_code_fips,
    firms_count,
    estabs_count,
    estabs_entry_count,
    estabs_exit_count,
    estabs_entry_rate_pct,
    estabs_entry_rate_pct_status as estabs_entry_rate_status,
    bds_release,
    _snapshot_id as snapshot_id
from in_a_state
