-- What an economy sells and buys, product by product, summed over the products of a cluster: the
-- terms of concentration, variety, two-way trade and reach that need products but no partners.
with exporter_products as (
    select * from {{ ref('int_trade__exporter_products') }}
),

importer_products as (
    select * from {{ ref('int_trade__importer_products') }}
),

product_clusters as (
    select * from {{ ref('int_trade__product_clusters') }}
),

-- Products in which anyone trades in any year of the release: the same number for all, always.
potential as (
    select
        scheme,
        scheme_version,
        cluster_id,
        count(*) as potential_products_count
    from product_clusters
    group by scheme, scheme_version, cluster_id
),

world_importers as (
    select
        period_year,
        product_code_hs,
        count(*) as importers_count
    from importer_products
    group by period_year, product_code_hs
),

both_ways as (
    select
        period_year,
        exporter_code_baci as economy_code_baci,
        product_code_hs,
        exports_kusd,
        importers_count as partners_count,
        cast(0 as decimal(18, 3)) as imports_kusd,
        0 as imports_count,
        snapshot_id
    from exporter_products
    union all
    select
        period_year,
        importer_code_baci as economy_code_baci,
        product_code_hs,
        cast(0 as decimal(18, 3)) as exports_kusd,
        0 as partners_count,
        imports_kusd,
        1 as imports_count,
        snapshot_id
    from importer_products
),

products as (
    select
        period_year,
        economy_code_baci,
        product_code_hs,
        cast(sum(exports_kusd) as decimal(18, 3)) as exports_kusd,
        cast(sum(imports_kusd) as decimal(18, 3)) as imports_kusd,
        cast(sum(partners_count) as bigint) as partners_count,
        cast(sum(imports_count) as bigint) as imports_count,
        max(snapshot_id) as snapshot_id
    from both_ways
    group by period_year, economy_code_baci, product_code_hs
),

-- An economy cannot serve itself: its own purchases are no market of its.
measured as (
    select
        products.period_year,
        products.economy_code_baci,
        product_clusters.scheme,
        product_clusters.scheme_version,
        product_clusters.cluster_id,
        products.exports_kusd,
        products.imports_kusd,
        products.partners_count,
        case
            when products.exports_kusd > 0
                then world_importers.importers_count - products.imports_count
            else 0
        end as potential_partners_count,
        case when products.exports_kusd > 0 then 1 else 0 end as exported_count,
        cast(products.exports_kusd as double) * cast(products.exports_kusd as double)
            as exports_squared,
        abs(products.exports_kusd - products.imports_kusd) as unmatched_kusd,
        products.snapshot_id
    from products
    inner join product_clusters
        on products.product_code_hs = product_clusters.product_code_hs
    left join world_importers
        on products.period_year = world_importers.period_year
        and products.product_code_hs = world_importers.product_code_hs
),

clusters as (
    select
        period_year,
        economy_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        cast(sum(exports_kusd) as decimal(18, 3)) as exports_kusd,
        cast(sum(imports_kusd) as decimal(18, 3)) as imports_kusd,
        cast(sum(unmatched_kusd) as decimal(18, 3)) as unmatched_kusd,
        {{ order_free_sum('exports_squared', 6) }} as exports_squared,
        cast(sum(exported_count) as bigint) as products_count,
        cast(sum(partners_count) as bigint) as varieties_count,
        cast(sum(potential_partners_count) as bigint) as potential_partners_count,
        max(snapshot_id) as snapshot_id
    from measured
    group by period_year, economy_code_baci, scheme, scheme_version, cluster_id
),

clusters_and_all as (
    select * from clusters
    where cluster_id <> 'unmapped'
    union all
    select
        period_year,
        economy_code_baci,
        scheme,
        scheme_version,
        'all' as cluster_id,
        cast(sum(exports_kusd) as decimal(18, 3)) as exports_kusd,
        cast(sum(imports_kusd) as decimal(18, 3)) as imports_kusd,
        cast(sum(unmatched_kusd) as decimal(18, 3)) as unmatched_kusd,
        {{ order_free_sum('exports_squared', 6) }} as exports_squared,
        cast(sum(products_count) as bigint) as products_count,
        cast(sum(varieties_count) as bigint) as varieties_count,
        cast(sum(potential_partners_count) as bigint) as potential_partners_count,
        max(snapshot_id) as snapshot_id
    from clusters
    group by period_year, economy_code_baci, scheme, scheme_version
),

potential_and_all as (
    select * from potential
    union all
    select
        scheme,
        scheme_version,
        'all' as cluster_id,
        cast(sum(potential_products_count) as bigint) as potential_products_count
    from potential
    group by scheme, scheme_version
)

select
    clusters_and_all.period_year,
    clusters_and_all.economy_code_baci,
    clusters_and_all.scheme,
    clusters_and_all.scheme_version,
    clusters_and_all.cluster_id,
    clusters_and_all.exports_kusd,
    clusters_and_all.imports_kusd,
    clusters_and_all.unmatched_kusd,
    clusters_and_all.exports_squared,
    clusters_and_all.products_count,
    potential_and_all.potential_products_count,
    clusters_and_all.varieties_count,
    clusters_and_all.potential_partners_count,
    clusters_and_all.snapshot_id
from clusters_and_all
inner join potential_and_all
    on clusters_and_all.scheme = potential_and_all.scheme
    and clusters_and_all.scheme_version = potential_and_all.scheme_version
    and clusters_and_all.cluster_id = potential_and_all.cluster_id
