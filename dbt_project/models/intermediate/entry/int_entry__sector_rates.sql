-- Entry rates of the nation by sector, as sums over states.

with rates as (
    select * from {{ ref('int_entry__bds_rates') }} where cut = 'state_sector'
)

select
    period_year,
    -- the sector under which counties' cells are summed: 31 for 31-33
    substr(sector_code_naics, 1, 2) as industry,
    100.0 * sum(estabs_entry_count) / nullif(sum(mean_estabs_count), 0) as entry_rate,
    max(snapshot_id) as snapshot_id
from rates
where estabs_entry_count is not null and mean_estabs_count is not null
group by period_year, substr(sector_code_naics, 1, 2)
