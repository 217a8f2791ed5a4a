-- A number for each cluster of each taxonomy, its rest and its total: the tables of bilateral trade
-- have millions of rows, and are grouped and joined by it at half the cost of three names.
with industries as (
    select * from {{ ref('cluster_industry') }} where industry_scheme = 'HS'
),

names as (
    select scheme, scheme_version, cluster_id from industries
    union
    select scheme, scheme_version, 'unmapped' as cluster_id from industries
    union
    select scheme, scheme_version, 'all' as cluster_id from industries
),

numbered as (
    select
        scheme,
        scheme_version,
        cluster_id,
        cast(row_number() over (order by scheme, scheme_version, cluster_id) as integer)
            as cluster_key
    from names
)

select
    numbered.cluster_key,
    numbered.scheme,
    numbered.scheme_version,
    numbered.cluster_id,
    totals.cluster_key as all_key
from numbered
inner join numbered as totals
    on numbered.scheme = totals.scheme
    and numbered.scheme_version = totals.scheme_version
    and totals.cluster_id = 'all'
