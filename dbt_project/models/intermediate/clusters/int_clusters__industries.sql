-- The industries of every taxonomy in use: the project's own and the users'. Ids of clusters are
-- unique over all taxonomies.

with own as (
    select * from {{ ref('cluster_industry') }}
),

users as (
    select * from {{ ref('stg_cluster_definition__industries') }} where cluster_id is not null
)

select
    scheme,
    scheme_version,
    industry_scheme,
    industry_code,
    cluster_id,
    cast(1 as double) as industry_share
from own
union all
select
    scheme,
    scheme_version,
    industry_scheme,
    industry_code,
    {{ cluster_id_of('scheme', 'cluster_id') }} as cluster_id,
    cast(sum(industry_share) as double) as industry_share
from users
group by scheme, scheme_version, industry_scheme, industry_code, cluster_id
