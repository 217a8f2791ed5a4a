with flows as (
    select * from {{ ref('stg_baci__flows') }}
),

release as (
    select max(snapshot_id) as snapshot_id from {{ ref('stg_baci__economies') }}
),

summed as (
    select
        period_year,
        importer_code_baci,
        product_code_hs,
        cast(sum(value_kusd) as decimal(18, 3)) as imports_kusd,
        count(*) as exporters_count
    from flows
    group by period_year, importer_code_baci, product_code_hs
)

select
    summed.period_year,
    summed.importer_code_baci,
    summed.product_code_hs,
    summed.imports_kusd,
    summed.exporters_count,
    release.snapshot_id
from summed
cross join release
