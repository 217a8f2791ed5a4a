-- Clusters and the unmapped rest together are all exports of an economy.
with cells as (
    select * from {{ ref('fct_indicator_value') }}
    where indicator_id = 'rsca_export' and basis = 'baci_gross_exports'
),

codes as (
    select * from {{ ref('int_economies__baci_codes') }}
),

published as (
    select
        geo_id,
        period,
        sum(components['cluster_exports_kusd']) as clusters_kusd,
        max(components['all_exports_kusd']) as all_kusd
    from cells
    group by geo_id, period
    having max(components['all_exports_kusd']) is not null
),

clusters as (
    select * from {{ ref('dim_cluster') }}
),

rest as (
    select
        codes.geo_id,
        cast(exports.period_year as varchar) as period,
        sum(exports.exports_kusd) as rest_kusd
    from {{ ref('int_trade__exporter_clusters') }} as exports
    inner join codes
        on exports.exporter_code_baci = codes.economy_code_baci
    left join clusters
        on exports.cluster_id = clusters.cluster_id
    where coalesce(clusters.cluster_class, 'unmapped') <> 'traded'
    group by codes.geo_id, exports.period_year
)

select
    published.*,
    rest.rest_kusd
from published
left join rest
    on published.geo_id = rest.geo_id
    and published.period = rest.period
-- decimals of three digits turned to doubles: half a dollar is far above their rounding
where abs(published.clusters_kusd + coalesce(rest.rest_kusd, 0) - published.all_kusd) > 0.0005
