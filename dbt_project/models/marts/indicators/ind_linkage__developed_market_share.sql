with grid as (
    select * from {{ ref('int_trade__exporter_grid') }}
),

measures as (
    select * from {{ ref('int_trade__exporter_markets') }}
),

wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
    where indicator_code = 'TX.VAL.MRCH.HI.ZS'
),

joined as (
    select
        grid.period_year,
        grid.geo_id,
        grid.cluster_id,
        grid.is_covered,
        grid.exporters_count,
        grid.snapshot_id,
        measures.exports_kusd,
        measures.high_income_exports_kusd,
        coalesce(measures.importers_count, 0) as importers_count,
        case
            when grid.economy_exports_kusd is not null
                then measures.high_income_exports_kusd / nullif(measures.exports_kusd, 0)
        end as value
    from grid
    left join measures
        on {{ on_exporter_cell('measures') }}
)

select
    'developed_market_share' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as {{ text_type() }}) as period,
    'baci_high_income' as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    {{ status_of_exporter_cell('value', zero='high_income_exports_kusd = 0') }} as obs_status,
    cast(importers_count as bigint) as n_obs,
    {{ terms({
        'high_income_exports_kusd': 'high_income_exports_kusd',
        'cluster_exports_kusd': 'exports_kusd',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from joined
union all
select
    'developed_market_share' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as {{ text_type() }}) as period,
    'wdi_high_income' as basis,
    value / 100.0 as value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    obs_status,
    cast(case when value is null then 0 else 1 end as bigint) as n_obs,
    {{ terms({'high_income_exports_pct': 'value'}) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from wdi_cells
