with markets as (
    select * from {{ ref('int_trade__markets') }}
),

clusters as (
    select
        period_year,
        importer_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        cast(sum(imports_kusd) as decimal(18, 3)) as imports_kusd,
        count(*) as products_count,
        max(snapshot_id) as snapshot_id
    from markets
    group by period_year, importer_code_baci, scheme, scheme_version, cluster_id
)

select
    period_year,
    importer_code_baci,
    scheme,
    scheme_version,
    cluster_id,
    imports_kusd,
    products_count,
    snapshot_id
from clusters
union all
select
    period_year,
    importer_code_baci,
    scheme,
    scheme_version,
    'all' as cluster_id,
    cast(sum(imports_kusd) as decimal(18, 3)) as imports_kusd,
    cast(sum(products_count) as bigint) as products_count,
    max(snapshot_id) as snapshot_id
from clusters
group by period_year, importer_code_baci, scheme, scheme_version
