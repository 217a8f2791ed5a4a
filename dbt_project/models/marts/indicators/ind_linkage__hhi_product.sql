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
        measures.exports_squared,
        measures.potential_products_count,
        coalesce(measures.products_count, 0) as products_count,
        cast(measures.exports_kusd as double) as exports_kusd
    from grid
    left join measures
        on {{ on_exporter_cell('measures', code='economy_code_baci') }}
),

shared as (
    select
        *,
        exports_squared / nullif(exports_kusd * exports_kusd, 0) as shares_squared_sum,
        cast(potential_products_count as double) as n
    from joined
),

-- One potential product leaves nothing to be concentrated.
measured as (
    select
        *,
        case
            when economy_exports_kusd is not null
                then (shares_squared_sum - 1 / nullif(n, 0)) / nullif(1 - 1 / nullif(n, 0), 0)
        end as value
    from shared
)

select
    'hhi_product' as indicator_id,
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
        'herfindahl': 'shares_squared_sum',
        'potential_products': 'n',
        'products': 'products_count',
        'cluster_exports_kusd': 'exports_kusd',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from measured
