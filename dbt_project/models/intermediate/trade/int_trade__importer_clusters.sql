with markets as (
    select * from {{ ref('int_trade__markets') }}
),

trade_clusters as (
    select * from {{ ref('int_trade__clusters') }}
),

clusters as (
    select
        period_year,
        importer_code_baci,
        cluster_key,
        cast(sum(imports_kusd) as decimal(18, 3)) as imports_kusd,
        count(*) as products_count,
        max(snapshot_id) as snapshot_id
    from markets
    group by period_year, importer_code_baci, cluster_key
)

select
    period_year,
    importer_code_baci,
    cluster_key,
    imports_kusd,
    products_count,
    snapshot_id
from clusters
union all
select
    clusters.period_year,
    clusters.importer_code_baci,
    trade_clusters.all_key as cluster_key,
    cast(sum(clusters.imports_kusd) as decimal(18, 3)) as imports_kusd,
    cast(sum(clusters.products_count) as bigint) as products_count,
    max(clusters.snapshot_id) as snapshot_id
from clusters
inner join trade_clusters
    on clusters.cluster_key = trade_clusters.cluster_key
group by clusters.period_year, clusters.importer_code_baci, trade_clusters.all_key
