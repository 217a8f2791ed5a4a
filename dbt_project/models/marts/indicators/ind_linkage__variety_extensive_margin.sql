{%- set window = var('trade_share_window_years') %}

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
        grid.economy_exports_kusd,
        grid.snapshot_id,
        measures.rivals_kusd,
        measures.rivals_in_same_varieties_kusd,
        measures.margin_weight,
        measures.weight,
        measures.margin_log_sum,
        case
            when grid.economy_exports_kusd is not null then coalesce(measures.varieties_count, 0)
        end as varieties_count,
        -- An exporter of today that sold nothing of the cluster in an earlier year of the release
        -- had no varieties then; before the release nothing is known.
        case
            when earlier_grid.economy_exports_kusd is not null
                then coalesce(earlier.varieties_count, 0)
        end as earlier_varieties_count
    from grid
    left join measures
        on {{ on_exporter_cell('measures') }}
    left join grid as earlier_grid
        on grid.period_year - {{ window }} = earlier_grid.period_year
        and grid.geo_id = earlier_grid.geo_id
        and grid.scheme = earlier_grid.scheme
        and grid.scheme_version = earlier_grid.scheme_version
        and grid.cluster_id = earlier_grid.cluster_id
    left join measures as earlier
        on grid.period_year - {{ window }} = earlier.period_year
        and grid.economy_code_baci = earlier.exporter_code_baci
        and grid.scheme = earlier.scheme
        and grid.scheme_version = earlier.scheme_version
        and grid.cluster_id = earlier.cluster_id
),

margins as (
    select
        *,
        'baci_hs6_hummels_klenow' as basis,
        1 - margin_weight / nullif(weight, 0) as dropped_share,
        exp(margin_log_sum / nullif(margin_weight, 0)) as margin
    from joined
    union all
    select
        *,
        'baci_hs6_pooled' as basis,
        cast(0 as double) as dropped_share,
        rivals_in_same_varieties_kusd / nullif(rivals_kusd, 0) as margin
    from joined
),

-- An exporter that sells nothing of the cluster has no variety of it.
measured as (
    select
        *,
        case
            when economy_exports_kusd is null then null
            when varieties_count = 0 then 0
            when dropped_share <= 0.2 then margin
        end as value
    from margins
)

select
    'variety_extensive_margin' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as {{ text_type() }}) as period,
    basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    {{ status_of_exporter_cell('value', zero='value = 0') }} as obs_status,
    cast(coalesce(varieties_count, 0) as bigint) as n_obs,
    {{ terms({
        'rivals_exports_kusd': 'rivals_kusd',
        'rivals_exports_of_same_varieties_kusd': 'rivals_in_same_varieties_kusd',
        'dropped_weight_share': 'dropped_share',
        'varieties': 'varieties_count',
        'varieties_before': 'earlier_varieties_count',
        'varieties_growth':
            '2e0 * (varieties_count - earlier_varieties_count)'
            ' / nullif(varieties_count + earlier_varieties_count, 0)',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from measured
