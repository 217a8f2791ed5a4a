with exporter_products as (
    select * from {{ ref('int_trade__exporter_products') }}
),

industries as (
    select * from {{ ref('cluster_industry') }} where industry_scheme = 'HS'
),

trade_clusters as (
    select * from {{ ref('int_trade__clusters') }}
),

schemes as (
    select distinct scheme, scheme_version from industries
),

products as (
    select distinct product_code_hs from exporter_products
),

-- Two, four or six digits: the longest prefix that the taxonomy knows wins.
matched as (
    select
        products.product_code_hs,
        schemes.scheme,
        schemes.scheme_version,
        coalesce(six.cluster_id, four.cluster_id, two.cluster_id) as cluster_id
    from products
    cross join schemes
    left join industries as six
        on substr(products.product_code_hs, 1, 6) = six.industry_code
        and schemes.scheme = six.scheme
        and schemes.scheme_version = six.scheme_version
    left join industries as four
        on substr(products.product_code_hs, 1, 4) = four.industry_code
        and schemes.scheme = four.scheme
        and schemes.scheme_version = four.scheme_version
    left join industries as two
        on substr(products.product_code_hs, 1, 2) = two.industry_code
        and schemes.scheme = two.scheme
        and schemes.scheme_version = two.scheme_version
)

select
    matched.product_code_hs,
    matched.scheme,
    matched.scheme_version,
    trade_clusters.cluster_id,
    trade_clusters.cluster_key
from matched
inner join trade_clusters
    on matched.scheme = trade_clusters.scheme
    and matched.scheme_version = trade_clusters.scheme_version
    and coalesce(matched.cluster_id, 'unmapped') = trade_clusters.cluster_id
