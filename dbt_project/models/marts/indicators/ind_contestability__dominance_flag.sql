with advantages as (
    select * from {{ ref('ind_structure__rsca_export') }}
),

members as (
    select * from {{ ref('apec_economies') }}
),

shares as (
    select
        advantages.geo_id,
        advantages.cluster_id,
        advantages.period,
        advantages.obs_status as exports_status,
        advantages.value as rsca,
        advantages.n_obs,
        advantages.source_ids,
        advantages.components['cluster_exports_kusd']
        / nullif(advantages.components['world_cluster_exports_kusd'], 0) as world_share
    from advantages
    inner join members
        on advantages.geo_id = members.geo_id
),

-- Churn of an economy's cluster against the same cluster elsewhere is in no source of members: the
-- flag is down where exports rule dominance out, and open where they do not.
tested as (
    select
        *,
        case
            when world_share < {{ var('dominance_share_min') }} or rsca <= {{ var('dominance_rsca_above') }}
                then 0.0
        end as flag,
        case when world_share < 0.05 or rsca <= 0.33 then 0 when rsca is not null then 1 end
            as is_open_at_5_percent,
        case when world_share < 0.20 or rsca <= 0.5 then 0 when rsca is not null then 1 end
            as is_open_at_20_percent
    from shares
)

select
    'dominance_flag' as indicator_id,
    geo_id,
    cluster_id,
    period,
    'baci_exports_only' as basis,
    cast(flag as double) as value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case
        when exports_status = 'L' then 'L'
        when flag is null then 'M'
        when exports_status = 'U' then 'U'
        else 'A'
    end as obs_status,
    n_obs,
    {{ terms({
        'world_share': 'world_share',
        'rsca': 'rsca',
        'is_open_at_5_percent': 'is_open_at_5_percent',
        'is_open_at_20_percent': 'is_open_at_20_percent',
    }) }} as components,
    source_ids,
    '1' as method_version
from tested
