-- The published rate is 100 × entries over the mean of this and last year's establishments.
with states as (
    select * from {{ ref('stg_bds__states') }}
),

recomputed as (
    select
        *,
        100.0 * estabs_entry_count
        / nullif((2.0 * estabs_count - estabs_entry_count + estabs_exit_count) / 2.0, 0) as rate_pct
    from states
)

select *
from recomputed
where abs(estabs_entry_rate_pct - rate_pct) > 0.000500001
