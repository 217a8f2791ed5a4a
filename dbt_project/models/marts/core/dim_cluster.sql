with clusters as (
    select * from {{ ref('cluster_definition') }}
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
    'all' as cluster_id,
    'All clusters' as cluster_name,
    cast(null as varchar) as cluster_class,
    cast(null as varchar) as technology_class,
    cast(null as varchar) as scheme,
    cast(null as varchar) as scheme_version,
    'Cells of indicators that are not broken down by cluster.' as reasoning
