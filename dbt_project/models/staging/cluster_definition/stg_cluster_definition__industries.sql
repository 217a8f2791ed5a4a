with source_rows as (
    select * from {{ source('cluster_definition', 'industries') }}
),

-- Two files may hold sets of one name: the file that comes first in the alphabet counts.
files as (
    select
        scheme,
        min(_part) as part
    from source_rows
    group by scheme
)

select
    source_rows.scheme,
    source_rows.version as scheme_version,
    source_rows.industry_scheme,
    source_rows.industry_code,
    case when source_rows.class <> 'excluded' then source_rows.cluster_id end as cluster_id,
    source_rows.cluster as cluster_name,
    nullif(source_rows.sub_cluster, '') as sub_cluster_name,
    source_rows.class as cluster_class,
    coalesce(source_rows.weight, 1) as industry_share,
    source_rows._snapshot_id as snapshot_id
from source_rows
inner join files
    on source_rows.scheme = files.scheme
    and source_rows._part = files.part
