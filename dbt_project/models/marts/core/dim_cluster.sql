with clusters as (
    select * from {{ ref('cluster_definition') }}
),

users as (
    select * from {{ ref('stg_cluster_definition__industries') }} where cluster_id is not null
),

groups as (
    select * from {{ ref('industry_group') }}
),

user_clusters as (
    select
        {{ cluster_id_of('scheme', 'cluster_id') }} as cluster_id,
        min(cluster_name) as cluster_name,
        min(cluster_class) as cluster_class,
        scheme,
        min(scheme_version) as scheme_version
    from users
    group by scheme, cluster_id
),

user_schemes as (
    select
        scheme,
        min(scheme_version) as scheme_version
    from users
    group by scheme
)

select
    cluster_id,
    cluster_name,
    cluster_class,
    technology_class,
    scheme,
    scheme_version,
    reasoning
from clusters
union all
select
    cluster_id,
    cluster_name,
    cluster_class,
    cast(null as varchar) as technology_class,
    scheme,
    scheme_version,
    'As defined by the user.' as reasoning
from user_clusters
union all
-- Where a national source has no finer detail, groups of its own classification stand as clusters.
select
    lower(industry_scheme) || ':' || industry_code as cluster_id,
    industry_name || ' (' || industry_code || ')' as cluster_name,
    cast(null as varchar) as cluster_class,
    cast(null as varchar) as technology_class,
    lower(industry_scheme) as scheme,
    industry_scheme as scheme_version,
    'A group of the classification itself, broader than a cluster.' as reasoning
from groups
union all
select
    {{ all_clusters('scheme') }} as cluster_id,
    'All clusters of ' || scheme as cluster_name,
    cast(null as varchar) as cluster_class,
    cast(null as varchar) as technology_class,
    scheme,
    scheme_version,
    'Cells of indicators that rest on a taxonomy as a whole.' as reasoning
from user_schemes
union all
select
    'all' as cluster_id,
    'All clusters' as cluster_name,
    cast(null as varchar) as cluster_class,
    cast(null as varchar) as technology_class,
    cast(null as varchar) as scheme,
    cast(null as varchar) as scheme_version,
    'Cells of indicators that are not broken down by cluster, or that rest on the project''s own taxonomy as a whole.'
        as reasoning
