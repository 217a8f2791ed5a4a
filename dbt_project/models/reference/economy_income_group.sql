with economies as (
    select * from {{ ref('stg_wdi__economies') }} where not is_aggregate
),

apec_economies as (
    select * from {{ ref('apec_economies') }}
),

snapshots as (
    select
        snapshot_id,
        cast(retrieved_at at time zone 'UTC' as date) as read_on
    from {{ source('meta', 'source_snapshot') }}
),

-- Classified anew each 1 July, for the fiscal year that is named after the year in which it ends,
-- by income per head of the last calendar year that was over.
dated as (
    select
        snapshot_id,
        read_on,
        cast(year(read_on + interval 6 month) as integer) as fiscal_year
    from snapshots
),

listed as (
    select
        coalesce(apec_economies.geo_id, economies.economy_code_wdi) as geo_id,
        economies.income_level_code,
        economies.income_level_name,
        dated.fiscal_year,
        dated.fiscal_year - 2 as income_year,
        dated.read_on,
        economies.snapshot_id
    from economies
    inner join dated
        on economies.snapshot_id = dated.snapshot_id
    left join apec_economies
        on economies.economy_code_wdi = apec_economies.economy_code_wdi
),

-- Members that the World Bank does not classify are listed without a group.
unlisted as (
    select
        geo_id,
        cast(null as varchar) as income_level_code,
        cast(null as varchar) as income_level_name,
        cast(null as integer) as fiscal_year,
        cast(null as integer) as income_year,
        cast(null as date) as read_on,
        cast(null as varchar) as snapshot_id
    from apec_economies
    where geo_id not in (select geo_id from listed)
),

together as (
    select * from listed
    union all
    select * from unlisted
)

select
    geo_id,
    income_level_code,
    income_level_name,
    fiscal_year,
    income_year,
    read_on,
    snapshot_id
from together
