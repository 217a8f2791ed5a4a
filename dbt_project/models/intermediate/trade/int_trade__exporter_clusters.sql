with exporter_products as (
    select * from {{ ref('int_trade__exporter_products') }}
),

product_clusters as (
    select * from {{ ref('int_trade__product_clusters') }}
)

-- Sums of decimals are exact: a double sum's last bit differs from one build to the next.
select
    exporter_products.period_year,
    exporter_products.exporter_code_baci,
    product_clusters.scheme,
    product_clusters.scheme_version,
    product_clusters.cluster_id,
    cast(sum(exporter_products.exports_kusd) as decimal(18, 3)) as exports_kusd,
    cast(sum(exporter_products.importers_count) as bigint) as flows_count,
    max(exporter_products.snapshot_id) as snapshot_id
from exporter_products
inner join product_clusters
    on exporter_products.product_code_hs = product_clusters.product_code_hs
group by
    exporter_products.period_year,
    exporter_products.exporter_code_baci,
    product_clusters.scheme,
    product_clusters.scheme_version,
    product_clusters.cluster_id
