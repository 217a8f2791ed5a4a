-- Exports by heading (four digits of the Harmonised System), without what is no product.
with exporter_products as (
    select * from {{ ref('int_trade__exporter_products') }}
),

exceptions as (
    select * from {{ ref('complexity_exceptions') }}
    where applies_to = 'heading' and decision = 'exclude'
)

select
    period_year,
    exporter_code_baci,
    substr(product_code_hs, 1, 4) as product_code_hs4,
    cast(sum(exports_kusd) as decimal(18, 3)) as exports_kusd,
    max(snapshot_id) as snapshot_id
from exporter_products
where substr(product_code_hs, 1, 4) not in (select code from exceptions)
group by period_year, exporter_code_baci, substr(product_code_hs, 1, 4)
