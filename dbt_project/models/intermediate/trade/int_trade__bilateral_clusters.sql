-- One pass over the flows, each joined with the one row of its market. Everything that is needed
-- of two years at once and is linear in a flow is summed here, so that no flow has to find itself
-- in another year: exports carried forward grow with their market, carried backward shrink with it.
with flows as (
    select * from {{ ref('stg_baci__flows') }}
),

markets as (
    select * from {{ ref('int_trade__markets') }}
),

release as (
    select max(snapshot_id) as snapshot_id from {{ ref('stg_baci__economies') }}
),

clusters as (
    select
        flows.period_year,
        flows.exporter_code_baci,
        flows.importer_code_baci,
        markets.scheme,
        markets.scheme_version,
        markets.cluster_id,
        cast(sum(flows.value_kusd) as decimal(18, 3)) as exports_kusd,
        count(*) as products_count,
        cast(sum(markets.imports_kusd) - sum(flows.value_kusd) as decimal(18, 3)) as rivals_kusd,
        {%- for term in ['hs6', 'hs4_in_cluster', 'hs4'] %}
        {%- for way in ['forward', 'backward'] %}
        {{ order_free_sum('cast(flows.value_kusd as double) * markets.' ~ term ~ '_' ~ way) }}
            as {{ term }}_{{ way }}_kusd{{ ',' if not (loop.last and term == 'hs4') }}
        {%- endfor %}
        {%- endfor %}
    from flows
    inner join markets
        on flows.period_year = markets.period_year
        and flows.importer_code_baci = markets.importer_code_baci
        and flows.product_code_hs = markets.product_code_hs
    group by
        flows.period_year,
        flows.exporter_code_baci,
        flows.importer_code_baci,
        markets.scheme,
        markets.scheme_version,
        markets.cluster_id
),

-- All products together; here a heading is one market whatever clusters its products are in.
clusters_and_all as (
    select
        period_year,
        exporter_code_baci,
        importer_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        exports_kusd,
        products_count,
        rivals_kusd,
        hs6_forward_kusd,
        hs6_backward_kusd,
        hs4_in_cluster_forward_kusd as hs4_forward_kusd,
        hs4_in_cluster_backward_kusd as hs4_backward_kusd
    from clusters
    union all
    select
        period_year,
        exporter_code_baci,
        importer_code_baci,
        scheme,
        scheme_version,
        'all' as cluster_id,
        cast(sum(exports_kusd) as decimal(18, 3)) as exports_kusd,
        cast(sum(products_count) as bigint) as products_count,
        cast(sum(rivals_kusd) as decimal(18, 3)) as rivals_kusd,
        {{ order_free_sum('hs6_forward_kusd') }} as hs6_forward_kusd,
        {{ order_free_sum('hs6_backward_kusd') }} as hs6_backward_kusd,
        {{ order_free_sum('hs4_forward_kusd') }} as hs4_forward_kusd,
        {{ order_free_sum('hs4_backward_kusd') }} as hs4_backward_kusd
    from clusters
    group by period_year, exporter_code_baci, importer_code_baci, scheme, scheme_version
)

select
    clusters_and_all.period_year,
    clusters_and_all.exporter_code_baci,
    clusters_and_all.importer_code_baci,
    clusters_and_all.scheme,
    clusters_and_all.scheme_version,
    clusters_and_all.cluster_id,
    clusters_and_all.exports_kusd,
    clusters_and_all.products_count,
    clusters_and_all.rivals_kusd,
    clusters_and_all.hs6_forward_kusd,
    clusters_and_all.hs6_backward_kusd,
    clusters_and_all.hs4_forward_kusd,
    clusters_and_all.hs4_backward_kusd,
    release.snapshot_id
from clusters_and_all
cross join release
