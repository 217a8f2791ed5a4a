-- Economies and the headings in which they have a revealed comparative advantage: the presence
-- matrix as its pairs. The world is every exporter in the release, in the sample or not.
with headings as (
    select * from {{ ref('int_complexity__headings') }}
),

economies as (
    select * from {{ ref('int_complexity__economies') }}
),

exporter_totals as (
    select
        period_year,
        exporter_code_baci,
        cast(sum(exports_kusd) as decimal(19, 3)) as exports_kusd
    from headings
    group by period_year, exporter_code_baci
),

world_headings as (
    select
        period_year,
        product_code_hs4,
        cast(sum(exports_kusd) as decimal(19, 3)) as exports_kusd
    from headings
    group by period_year, product_code_hs4
),

world_totals as (
    select
        period_year,
        cast(sum(exports_kusd) as decimal(19, 3)) as exports_kusd
    from exporter_totals
    group by period_year
),

-- Two exact products of decimals: RCA >= 1 never hangs on the last bit of a division.
crossed as (
    select
        headings.period_year,
        economies.geo_id,
        headings.product_code_hs4,
        economies.is_in_sample,
        cast(headings.exports_kusd as decimal(19, 3)) * world_totals.exports_kusd as own_product,
        exporter_totals.exports_kusd * world_headings.exports_kusd as other_product
    from headings
    inner join economies
        on headings.period_year = economies.period_year
        and headings.exporter_code_baci = economies.economy_code_baci
    inner join exporter_totals
        on headings.period_year = exporter_totals.period_year
        and headings.exporter_code_baci = exporter_totals.exporter_code_baci
    inner join world_headings
        on headings.period_year = world_headings.period_year
        and headings.product_code_hs4 = world_headings.product_code_hs4
    inner join world_totals
        on headings.period_year = world_totals.period_year
)

select
    period_year,
    geo_id,
    product_code_hs4,
    is_in_sample
from crossed
where own_product >= other_product
