with adoption as (
    select * from {{ ref('int_ecommerce__size_adoption') }}
),

-- With nobody selling in one of the groups the ratio has no logarithm; the difference stays in the
-- components.
gaps as (
    select
        *,
        large_pct - sme_pct as gap_pp,
        case when large_pct > 0 and sme_pct > 0 then ln(large_pct / sme_pct) end as value
    from adoption
)

select
    'sme_ecommerce_gap' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case
        when value is null and obs_status in ('L', 'C', 'Q') then obs_status
        when value is null then 'M'
        when obs_status in ('E', 'P', 'B', 'U') then obs_status
        when value = 0 then 'Z'
        else 'A'
    end as obs_status,
    cast(
        case when small_pct is null then 0 else 1 end
        + case when medium_pct is null then 0 else 1 end as bigint
    ) as n_obs,
    {{ terms({
        'large_pct': 'large_pct',
        'sme_pct': 'sme_pct',
        'gap_pp': 'gap_pp',
        'small_pct': 'small_pct',
        'medium_pct': 'medium_pct',
        'small_enterprises': 'small_count',
        'medium_enterprises': 'medium_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id', 'counts_snapshot_id']) }} as source_ids,
    '1' as method_version
from gaps
