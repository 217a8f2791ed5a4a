-- The cells that every indicator of exports has: each year, each traded cluster that exports goods
-- and all products together, each member of APEC, and others in the years in which they exported.
with exporter_clusters as (
    select * from {{ ref('int_trade__exporter_clusters') }}
),

economies as (
    select * from {{ ref('int_economies__baci_codes') }}
),

clusters as (
    select * from {{ ref('cluster_definition') }}
),

trade_clusters as (
    select * from {{ ref('int_trade__clusters') }}
),

industries as (
    select * from {{ ref('cluster_industry') }} where industry_scheme = 'HS'
),

traded_clusters as (
    select distinct
        industries.scheme,
        industries.scheme_version,
        industries.cluster_id
    from industries
    inner join clusters
        on industries.cluster_id = clusters.cluster_id
    where clusters.cluster_class = 'traded'
),

schemes as (
    select
        scheme,
        scheme_version,
        row_number() over (order by scheme, scheme_version) as scheme_no
    from (select distinct scheme, scheme_version from industries) as distinct_schemes
),

-- Every taxonomy splits the same total: the first one stands for all products together.
cluster_names as (
    select
        scheme,
        scheme_version,
        cluster_id
    from traded_clusters
    union all
    select
        scheme,
        scheme_version,
        'all' as cluster_id
    from schemes
    where scheme_no = 1
),

cluster_cells as (
    select trade_clusters.*
    from cluster_names
    inner join trade_clusters
        on cluster_names.scheme = trade_clusters.scheme
        and cluster_names.scheme_version = trade_clusters.scheme_version
        and cluster_names.cluster_id = trade_clusters.cluster_id
),

exporter_totals as (
    select
        period_year,
        exporter_code_baci,
        scheme,
        scheme_version,
        cast(sum(exports_kusd) as decimal(18, 3)) as exports_kusd
    from exporter_clusters
    group by period_year, exporter_code_baci, scheme, scheme_version
),

years as (
    select
        period_year,
        scheme,
        scheme_version,
        count(*) as exporters_count
    from exporter_totals
    group by period_year, scheme, scheme_version
),

release as (
    select max(snapshot_id) as snapshot_id from exporter_clusters
)

select
    years.period_year,
    cluster_cells.cluster_key,
    cluster_cells.cluster_id,
    economies.geo_id,
    economies.economy_code_baci,
    economies.is_covered or exporter_totals.exports_kusd is not null as is_covered,
    exporter_totals.exports_kusd as economy_exports_kusd,
    years.exporters_count,
    case
        when economies.is_covered or exporter_totals.exports_kusd is not null
            then release.snapshot_id
    end as snapshot_id
from years
inner join cluster_cells
    on years.scheme = cluster_cells.scheme
    and years.scheme_version = cluster_cells.scheme_version
cross join economies
cross join release
left join exporter_totals
    on years.period_year = exporter_totals.period_year
    and years.scheme = exporter_totals.scheme
    and years.scheme_version = exporter_totals.scheme_version
    and economies.economy_code_baci = exporter_totals.exporter_code_baci
where economies.is_apec or exporter_totals.exports_kusd is not null
