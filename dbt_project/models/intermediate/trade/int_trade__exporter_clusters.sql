with flows as (
    select * from {{ ref('stg_baci__flows') }}
),

product_clusters as (
    select * from {{ ref('int_trade__product_clusters') }}
)

-- Sums of decimals are exact: a double sum's last bit differs from one build to the next.
select
    flows.period_year,
    flows.exporter_code_baci,
    product_clusters.scheme,
    product_clusters.scheme_version,
    product_clusters.cluster_id,
    cast(sum(flows.value_kusd) as decimal(18, 3)) as exports_kusd,
    count(*) as flows_count,
    max(flows.snapshot_id) as snapshot_id
from flows
inner join product_clusters
    on flows.product_code_hs = product_clusters.product_code_hs
group by
    flows.period_year,
    flows.exporter_code_baci,
    product_clusters.scheme,
    product_clusters.scheme_version,
    product_clusters.cluster_id
