with flows as (
    select * from {{ ref('stg_baci__flows') }}
),

-- All tables of a release move together, so that the small one can say which it is.
release as (
    select max(snapshot_id) as snapshot_id from {{ ref('stg_baci__economies') }}
),

summed as (
    select
        period_year,
        exporter_code_baci,
        product_code_hs,
        cast(sum(value_kusd) as decimal(18, 3)) as exports_kusd,
        count(*) as importers_count
    from flows
    group by period_year, exporter_code_baci, product_code_hs
)

select
    summed.period_year,
    summed.exporter_code_baci,
    summed.product_code_hs,
    summed.exports_kusd,
    summed.importers_count,
    release.snapshot_id
from summed
cross join release
