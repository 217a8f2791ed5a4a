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
        measures.exports_kusd,
        measures.imports_kusd,
        measures.unmatched_kusd,
        coalesce(measures.products_count, 0) as products_count
    from grid
    left join measures
        on {{ on_exporter_cell('measures', code='economy_code_baci') }}
),

measured as (
    select
        *,
        -- Exports and imports are of one table of mirrored flows: what an exporter of this year
        -- does not sell is a true zero. Differences of decimals are exact.
        case
            when economy_exports_kusd is not null
                then
                    cast(exports_kusd + imports_kusd - unmatched_kusd as double)
                    / nullif(cast(exports_kusd + imports_kusd as double), 0)
        end as value
    from joined
)

select
    'grubel_lloyd' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as {{ text_type() }}) as period,
    'baci_hs6' as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    {{ status_of_exporter_cell('value', zero='value = 0') }} as obs_status,
    cast(products_count as bigint) as n_obs,
    {{ terms({
        'exports_kusd': 'exports_kusd',
        'imports_kusd': 'imports_kusd',
        'unmatched_kusd': 'unmatched_kusd',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from measured
