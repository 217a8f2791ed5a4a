-- How fast the rest of the world's sales grew in the markets where an exporter sold first. The
-- exporter's own sales are taken out of both years: with them, whoever grows would seem to stand in
-- growing markets. This is the one step in which a flow has to find itself in a later year.
{%- set pulls = var('trade_pull_windows_years') %}

with flows as (
    select * from {{ ref('stg_baci__flows') }}
),

markets as (
    select * from {{ ref('int_trade__markets') }}
),

last_year as (
    select max(period_year) as period_year from {{ ref('int_trade__importer_years') }}
),
{% for years in pulls %}
pairs_{{ years }}y as (
    select
        flows.period_year,
        flows.exporter_code_baci,
        flows.importer_code_baci,
        flows.product_code_hs,
        flows.value_kusd as first_kusd,
        coalesce(later.value_kusd, cast(0 as decimal(18, 3))) as last_kusd
    from flows
    left join flows as later
        on flows.period_year + {{ years }} = later.period_year
        and flows.exporter_code_baci = later.exporter_code_baci
        and flows.importer_code_baci = later.importer_code_baci
        and flows.product_code_hs = later.product_code_hs
    where flows.period_year + {{ years }} <= (select period_year from last_year)
),

rivals_{{ years }}y as (
    select
        pairs_{{ years }}y.period_year + {{ years }} as period_year,
        pairs_{{ years }}y.exporter_code_baci,
        markets.scheme,
        markets.scheme_version,
        markets.cluster_id,
        pairs_{{ years }}y.first_kusd,
        markets.imports_kusd - pairs_{{ years }}y.first_kusd as rivals_first_kusd,
        markets.imports_kusd_{{ years }}y_later - pairs_{{ years }}y.last_kusd as rivals_last_kusd
    from pairs_{{ years }}y
    inner join markets
        on pairs_{{ years }}y.period_year = markets.period_year
        and pairs_{{ years }}y.importer_code_baci = markets.importer_code_baci
        and pairs_{{ years }}y.product_code_hs = markets.product_code_hs
),

-- Symmetric growth lies between -2 and 2 and stands a market that everybody else has left. Where
-- nobody else sold at first there is no growth of others: such a flow is dropped, and counted.
grown_{{ years }}y as (
    select
        *,
        case
            when rivals_first_kusd > 0
                then
                    2.0 * cast(rivals_last_kusd - rivals_first_kusd as double)
                    / nullif(cast(rivals_last_kusd + rivals_first_kusd as double), 0)
        end as growth
    from rivals_{{ years }}y
),
{% endfor %}
exporters as (
    {% for years in pulls -%}
    select
        period_year,
        {{ years }} as window_years,
        exporter_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        cast(sum(first_kusd) as decimal(18, 3)) as first_kusd,
        cast(sum(case when growth is not null then first_kusd end) as decimal(18, 3)) as kept_kusd,
        {{ order_free_sum('cast(first_kusd as double) * growth') }} / {{ years }} as growth_kusd,
        count(*) as flows_count
    from grown_{{ years }}y
    group by period_year, exporter_code_baci, scheme, scheme_version, cluster_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- The world's own pull in the same products: all exporters, each market by its size.
world_markets as (
    {% for years in pulls -%}
    select
        period_year + {{ years }} as period_year,
        {{ years }} as window_years,
        scheme,
        scheme_version,
        cluster_id,
        cast(sum(case when imports_kusd_{{ years }}y_later is not null then imports_kusd end) as double)
            as kept_kusd,
        {{ order_free_sum(
            'cast(imports_kusd as double)'
            ~ ' * 2.0 * cast(imports_kusd_' ~ years ~ 'y_later - imports_kusd as double)'
            ~ ' / nullif(cast(imports_kusd_' ~ years ~ 'y_later + imports_kusd as double), 0)'
        ) }} / {{ years }} as growth_kusd
    from markets
    group by period_year, scheme, scheme_version, cluster_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

exporters_and_all as (
    select
        period_year,
        window_years,
        exporter_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        first_kusd,
        kept_kusd,
        growth_kusd,
        flows_count
    from exporters
    where cluster_id <> 'unmapped'
    union all
    select
        period_year,
        window_years,
        exporter_code_baci,
        scheme,
        scheme_version,
        'all' as cluster_id,
        cast(sum(first_kusd) as decimal(18, 3)) as first_kusd,
        cast(sum(kept_kusd) as decimal(18, 3)) as kept_kusd,
        {{ order_free_sum('growth_kusd') }} as growth_kusd,
        cast(sum(flows_count) as bigint) as flows_count
    from exporters
    group by period_year, window_years, exporter_code_baci, scheme, scheme_version
),

world_and_all as (
    select
        period_year,
        window_years,
        scheme,
        scheme_version,
        cluster_id,
        growth_kusd / nullif(kept_kusd, 0) as world_pull
    from world_markets
    union all
    select
        period_year,
        window_years,
        scheme,
        scheme_version,
        'all' as cluster_id,
        {{ order_free_sum('growth_kusd') }} / nullif({{ order_free_sum('kept_kusd') }}, 0) as world_pull
    from world_markets
    group by period_year, window_years, scheme, scheme_version
),

release as (
    select max(snapshot_id) as snapshot_id from {{ ref('stg_baci__economies') }}
)

select
    exporters_and_all.period_year,
    exporters_and_all.window_years,
    exporters_and_all.exporter_code_baci,
    exporters_and_all.scheme,
    exporters_and_all.scheme_version,
    exporters_and_all.cluster_id,
    exporters_and_all.first_kusd,
    exporters_and_all.kept_kusd,
    cast(exporters_and_all.first_kusd - coalesce(exporters_and_all.kept_kusd, 0) as double)
    / nullif(cast(exporters_and_all.first_kusd as double), 0) as dropped_share,
    exporters_and_all.growth_kusd / nullif(cast(exporters_and_all.kept_kusd as double), 0) as pull,
    world_and_all.world_pull,
    exporters_and_all.flows_count,
    release.snapshot_id
from exporters_and_all
inner join world_and_all
    on exporters_and_all.period_year = world_and_all.period_year
    and exporters_and_all.window_years = world_and_all.window_years
    and exporters_and_all.scheme = world_and_all.scheme
    and exporters_and_all.scheme_version = world_and_all.scheme_version
    and exporters_and_all.cluster_id = world_and_all.cluster_id
cross join release
