-- The states, the territories and what has no known origin are the nation, in every cluster.
select
    period_year,
    scheme,
    scheme_version,
    cluster_id,
    sum(case when is_nation then exports_kusd else -exports_kusd end) as difference_kusd
from {{ ref('int_trade__state_clusters') }}
group by period_year, scheme, scheme_version, cluster_id
having sum(case when is_nation then exports_kusd else -exports_kusd end) <> 0
