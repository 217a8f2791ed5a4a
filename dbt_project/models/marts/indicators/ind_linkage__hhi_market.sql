with grid as (
    select * from {{ ref('int_trade__exporter_grid') }}
),

measures as (
    select * from {{ ref('int_trade__exporter_markets') }}
),

joined as (
    select
        grid.period_year,
        grid.geo_id,
        grid.cluster_id,
        grid.is_covered,
        grid.exporters_count,
        grid.snapshot_id,
        grid.economy_exports_kusd,
        measures.shares_squared as shares_squared_sum,
        cast(measures.potential_importers_count as double) as n,
        coalesce(measures.importers_count, 0) as importers_count,
        measures.exports_kusd
    from grid
    left join measures
        on {{ on_exporter_cell('measures') }}
),

-- One potential market leaves nothing to be concentrated.
measured as (
    select
        *,
        case
            when economy_exports_kusd is not null
                then (shares_squared_sum - 1 / nullif(n, 0)) / nullif(1 - 1 / nullif(n, 0), 0)
        end as value
    from joined
)

select
    'hhi_market' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as {{ text_type() }}) as period,
    'baci_importers' as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    {{ status_of_exporter_cell('value') }} as obs_status,
    cast(importers_count as bigint) as n_obs,
    {{ terms({
        'herfindahl': 'shares_squared_sum',
        'potential_markets': 'n',
        'markets': 'importers_count',
        'cluster_exports_kusd': 'exports_kusd',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from measured
