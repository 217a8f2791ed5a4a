with importer_products as (
    select * from {{ ref('int_trade__importer_products') }}
)

select
    period_year,
    importer_code_baci,
    cast(sum(imports_kusd) as decimal(18, 3)) as imports_kusd,
    count(*) as products_count,
    max(snapshot_id) as snapshot_id
from importer_products
group by period_year, importer_code_baci
