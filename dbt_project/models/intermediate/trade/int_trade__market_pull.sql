-- How fast the rest of the world's sales grew in the markets where an exporter sold first. The
-- exporter's own sales are taken out of both years: with them, whoever grows would seem to stand in
-- growing markets. This is the one step in which a flow has to find itself in a later year.
{%- set pulls = var('trade_pull_windows_years') %}

-- A flow and a market are found by one number each: year, importer, product and exporter side by side,
-- a third of the size of four texts. Every year is read where it is needed, since a list of all flows
-- that is used three times would be kept in memory whole.
with flows as (
    select
        flows.period_year,
        flows.exporter_code_baci,
        flows.value_kusd,
        {{ number_of_market('flows') }} as market_number,
        {{ number_of_flow('flows') }} as flow_number
    from {{ ref('stg_baci__flows') }} as flows
),

years as (
    select
        min(period_year) as first_year,
        max(period_year) as last_year
    from {{ ref('int_trade__importer_years') }}
),
{% for years in pulls %}
-- Only years that are a later year of some other: so an engine sees that this is the smaller side.
later_{{ years }} as (
    select
        {{ number_of_flow('flows') }} - {{ years }} * {{ number_of_a_year() }} as flow_number,
        flows.value_kusd
    from {{ ref('stg_baci__flows') }} as flows
    where flows.period_year >= (select first_year + {{ years }} from years)
),
{% endfor %}
markets as (
    select
        *,
        {{ number_of_market('markets') }} as market_number
    from {{ ref('int_trade__markets') }} as markets
),

-- Each flow beside itself some years later. What lies beyond the last year is dropped below.
rivals as (
    select
        flows.period_year,
        flows.exporter_code_baci,
        markets.scheme,
        markets.scheme_version,
        markets.cluster_id,
        flows.value_kusd as first_kusd,
        markets.imports_kusd - flows.value_kusd as rivals_first_kusd
        {%- for years in pulls %},
        markets.imports_kusd_{{ years }}y_later
        - coalesce(later_{{ years }}.value_kusd, cast(0 as decimal(18, 3))) as rivals_{{ years }}y_later_kusd
        {%- endfor %}
    from flows
    inner join markets
        on flows.market_number = markets.market_number
    {%- for years in pulls %}
    left join later_{{ years }}
        on flows.flow_number = later_{{ years }}.flow_number
    {%- endfor %}
    where flows.period_year + {{ pulls | min }} <= (select last_year from years)
),

-- Symmetric growth lies between -2 and 2 and stands a market that everybody else has left. Where
-- nobody else sold at first there is no growth of others: such a flow is dropped, and counted.
grown as (
    select
        period_year,
        exporter_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        first_kusd
        {%- for years in pulls %},
        case
            when rivals_first_kusd > 0
                then
                    2.0 * cast(rivals_{{ years }}y_later_kusd - rivals_first_kusd as double)
                    / nullif(cast(rivals_{{ years }}y_later_kusd + rivals_first_kusd as double), 0)
        end as growth_{{ years }}y
        {%- endfor %}
    from rivals
),

windows as (
    select
        period_year,
        exporter_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        cast(sum(first_kusd) as decimal(18, 3)) as first_kusd,
        {%- for years in pulls %}
        cast(sum(case when growth_{{ years }}y is not null then first_kusd end) as decimal(18, 3))
            as kept_{{ years }}y_kusd,
        {{ order_free_sum('cast(first_kusd as double) * growth_' ~ years ~ 'y') }} / {{ years }}
            as growth_{{ years }}y_kusd,
        {%- endfor %}
        count(*) as flows_count
    from grown
    group by period_year, exporter_code_baci, scheme, scheme_version, cluster_id
),

exporters as (
    {% for years in pulls -%}
    select
        period_year + {{ years }} as period_year,
        {{ years }} as window_years,
        exporter_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        first_kusd,
        kept_{{ years }}y_kusd as kept_kusd,
        growth_{{ years }}y_kusd as growth_kusd,
        flows_count
    from windows
    where period_year + {{ years }} <= (select last_year from years)
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
