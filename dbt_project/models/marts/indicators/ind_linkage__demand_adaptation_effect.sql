with grid as (
    select * from {{ ref('int_trade__exporter_grid') }}
),

changes as (
    select * from {{ ref('int_trade__share_changes') }}
),

windows as (
    select distinct
        period_year,
        product_level
    from changes
),

joined as (
    select
        grid.period_year,
        grid.geo_id,
        grid.cluster_id,
        grid.is_covered,
        grid.exporters_count,
        grid.snapshot_id,
        windows.product_level,
        changes.first_share,
        changes.last_share,
        changes.market_share_effect,
        changes.commodity_composition_effect,
        changes.market_composition_effect,
        changes.commodity_adaptation_effect,
        changes.market_adaptation_effect,
        coalesce(changes.importers_count, 0) as importers_count,
        case
            when grid.economy_exports_kusd is not null
                then
                    (changes.commodity_adaptation_effect + changes.market_adaptation_effect)
                    / nullif(changes.first_share, 0)
        end as value
    from grid
    inner join windows
        on grid.period_year = windows.period_year
    left join changes
        on {{ on_exporter_cell('changes') }}
        and windows.product_level = changes.product_level
)

select
    'demand_adaptation_effect' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as {{ text_type() }}) as period,
    concat('baci_', product_level, '_{{ var('trade_share_window_years') }}y') as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    {{ status_of_exporter_cell('value') }} as obs_status,
    cast(importers_count as bigint) as n_obs,
    {{ terms({
        'market_share_effect': 'market_share_effect',
        'commodity_composition_effect': 'commodity_composition_effect',
        'market_composition_effect': 'market_composition_effect',
        'commodity_adaptation_effect': 'commodity_adaptation_effect',
        'market_adaptation_effect': 'market_adaptation_effect',
        'share_change': 'last_share - first_share',
        'first_share': 'first_share',
        'last_share': 'last_share',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from joined
