-- The published rates are 100 × entries, or exits, over the mean of this and last year's establishments.
with rates as (
    select * from {{ ref('int_entry__bds_rates') }} where mean_estabs_count > 0
)

select *
from rates
where
    abs(published_entry_rate_pct - 100.0 * estabs_entry_count / mean_estabs_count) > 0.000500001
    or abs(published_exit_rate_pct - 100.0 * estabs_exit_count / mean_estabs_count) > 0.000500001
