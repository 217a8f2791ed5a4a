with cells as (
    select * from {{ ref('fct_indicator_value') }}
),

economies as (
    select * from {{ ref('dim_geo') }} where is_apec
),

-- Levels of economies begin with E (E, EC).
indicators as (
    select * from {{ ref('dim_indicator') }} where regexp_matches(level, '(^|, ?)E')
),

economy_cells as (
    select cells.*
    from cells
    inner join economies
        on cells.geo_id = economies.geo_id
),

counted as (
    select
        indicator_id,
        geo_id,
        max(case when value is not null then period end) as latest_period,
        max(period) as newest_period,
        count(*) as cells_count,
        count(value) as observed_count
    from economy_cells
    group by indicator_id, geo_id
),

-- The newest period of an indicator with clusters has many cells: the most frequent status.
newest_statuses as (
    select
        economy_cells.indicator_id,
        economy_cells.geo_id,
        economy_cells.obs_status,
        row_number() over (
            partition by economy_cells.indicator_id, economy_cells.geo_id
            order by count(*) desc, economy_cells.obs_status
        ) as status_rank
    from economy_cells
    inner join counted
        on economy_cells.indicator_id = counted.indicator_id
        and economy_cells.geo_id = counted.geo_id
        and economy_cells.period = counted.newest_period
    group by economy_cells.indicator_id, economy_cells.geo_id, economy_cells.obs_status
)

select
    indicators.indicator_id,
    economies.geo_id,
    counted.latest_period,
    coalesce(counted.cells_count, 0) as cells_count,
    coalesce(counted.observed_count, 0) as observed_count,
    -- Without a single cell no source for it has landed yet.
    coalesce(newest_statuses.obs_status, 'L') as obs_status
from indicators
cross join economies
left join counted
    on indicators.indicator_id = counted.indicator_id
    and economies.geo_id = counted.geo_id
left join newest_statuses
    on indicators.indicator_id = newest_statuses.indicator_id
    and economies.geo_id = newest_statuses.geo_id
    and newest_statuses.status_rank = 1
