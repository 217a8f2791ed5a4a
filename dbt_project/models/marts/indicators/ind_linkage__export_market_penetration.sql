with grid as (
    select * from {{ ref('int_trade__exporter_grid') }}
),

measures as (
    select * from {{ ref('int_trade__economy_clusters') }}
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
        measures.varieties_count,
        measures.potential_partners_count,
        coalesce(measures.products_count, 0) as products_count
    from grid
    left join measures
        on {{ on_exporter_cell('measures', code='economy_code_baci') }}
),

measured as (
    select
        *,
        -- Exports of a product make at least one importer of it, so that the denominator is zero
        -- only where nothing is exported.
        case
            when economy_exports_kusd is not null
                then
                    cast(varieties_count as double)
                    / nullif(cast(potential_partners_count as double), 0)
        end as value
    from joined
)

select
    'export_market_penetration' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as {{ text_type() }}) as period,
    'baci_hs6' as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    {{ status_of_exporter_cell('value') }} as obs_status,
    cast(products_count as bigint) as n_obs,
    {{ terms({
        'partners_served': 'varieties_count',
        'partners_that_import': 'potential_partners_count',
        'products': 'products_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from measured
