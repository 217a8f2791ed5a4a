-- The year of the accounts that is nearest to each year of the cells; of two, the earlier one.

with cells as (
    select distinct period_year from {{ ref('int_supply__cluster_industries') }}
),

accounts as (
    select
        period_year as io_year,
        max(snapshot_id) as snapshot_id
    from {{ ref('stg_bea__cells') }}
    where table_name = 'use'
    group by period_year
),

ranked as (
    select
        cells.period_year,
        accounts.io_year,
        accounts.snapshot_id,
        row_number() over (
            partition by cells.period_year
            order by abs(cells.period_year - accounts.io_year), accounts.io_year
        ) as nearness
    from cells
    cross join accounts
)

select
    period_year,
    io_year,
    snapshot_id
from ranked
where nearness = 1
