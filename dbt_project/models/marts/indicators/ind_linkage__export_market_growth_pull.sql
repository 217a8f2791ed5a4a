with grid as (
    select * from {{ ref('int_trade__exporter_grid') }}
),

pulls as (
    select * from {{ ref('int_trade__market_pull') }}
),

-- A window that no exporter has yet is no period of its basis.
windows as (
    select distinct
        period_year,
        window_years
    from pulls
),

joined as (
    select
        grid.period_year,
        grid.geo_id,
        grid.cluster_id,
        grid.is_covered,
        grid.exporters_count,
        grid.snapshot_id,
        windows.window_years,
        -- Nothing is said of a year in which the economy is not among the exporters.
        case when grid.economy_exports_kusd is not null then pulls.pull end as pull,
        pulls.dropped_share,
        pulls.world_pull,
        pulls.first_kusd,
        pulls.kept_kusd,
        coalesce(pulls.flows_count, 0) as flows_count
    from grid
    inner join windows
        on grid.period_year = windows.period_year
    left join pulls
        on {{ on_exporter_cell('pulls') }}
        and windows.window_years = pulls.window_years
),

-- Where a fifth of the exports has no other seller to compare with, the rest is no picture of it.
measured as (
    select
        *,
        case when dropped_share <= 0.2 then pull end as value
    from joined
)

select
    'export_market_growth_pull' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as {{ text_type() }}) as period,
    concat('baci_hs6_', cast(window_years as {{ text_type() }}), 'y') as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    {{ status_of_exporter_cell('value', few='flows_count < 10') }} as obs_status,
    cast(flows_count as bigint) as n_obs,
    {{ terms({
        'world_pull': 'world_pull',
        'relative_pull': 'value - world_pull',
        'dropped_weight_share': 'dropped_share',
        'first_exports_kusd': 'first_kusd',
        'kept_exports_kusd': 'kept_kusd',
        'window_years': 'window_years',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from measured
