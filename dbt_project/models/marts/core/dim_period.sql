with releases as (
    select * from {{ source('meta', 'release') }}
),

snapshots as (
    select * from {{ source('meta', 'source_snapshot') }}
),

-- Up to the year of the build, and further where a source has figures beyond it.
last_years as (
    select cast(extract(year from built_at) as integer) as period_year from releases
    union all
    select try_cast(substr(reference_period_last, 1, 4) as integer) as period_year from snapshots
),

bounds as (
    select max(period_year) as last_year from last_years
),

-- No source of this project goes back further than 1960, where the World Bank's series begin.
years as (
    select cast(unnest(generate_series(1960, last_year)) as integer) as period_year from bounds
)

select
    cast(period_year as varchar) as period,
    'A' as period_type,
    make_date(period_year, 1, 1) as start_date,
    make_date(period_year, 12, 31) as end_date,
    period_year
from years
