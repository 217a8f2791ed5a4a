with exports as (
    select * from {{ ref('int_trade__exporter_clusters') }}
),

economies as (
    select * from {{ ref('int_economies__baci_codes') }}
),

clusters as (
    select * from {{ ref('cluster_definition') }}
),

industries as (
    select * from {{ ref('cluster_industry') }} where industry_scheme = 'HS'
),

-- What is not mapped, or mapped to a local cluster or a remainder, counts in the totals only.
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

exporter_totals as (
    select
        period_year,
        exporter_code_baci,
        scheme,
        scheme_version,
        cast(sum(exports_kusd) as decimal(18, 3)) as exports_kusd
    from exports
    group by period_year, exporter_code_baci, scheme, scheme_version
),

world_clusters as (
    select
        period_year,
        scheme,
        scheme_version,
        cluster_id,
        cast(sum(exports_kusd) as decimal(18, 3)) as exports_kusd
    from exports
    group by period_year, scheme, scheme_version, cluster_id
),

world_totals as (
    select
        period_year,
        scheme,
        scheme_version,
        cast(sum(exports_kusd) as decimal(18, 3)) as exports_kusd,
        count(*) as exporters_count
    from exporter_totals
    group by period_year, scheme, scheme_version
),

snapshots as (
    select
        period_year,
        max(snapshot_id) as snapshot_id
    from exports
    group by period_year
),

-- Members of APEC stand in every year; others in the years in which they exported.
grid as (
    select
        world_totals.period_year,
        world_totals.scheme,
        world_totals.scheme_version,
        world_totals.exporters_count,
        world_totals.exports_kusd as world_kusd,
        traded_clusters.cluster_id,
        economies.geo_id,
        economies.economy_code_baci,
        economies.is_covered,
        exporter_totals.exports_kusd as economy_kusd
    from world_totals
    inner join traded_clusters
        on world_totals.scheme = traded_clusters.scheme
        and world_totals.scheme_version = traded_clusters.scheme_version
    cross join economies
    left join exporter_totals
        on world_totals.period_year = exporter_totals.period_year
        and world_totals.scheme = exporter_totals.scheme
        and world_totals.scheme_version = exporter_totals.scheme_version
        and economies.economy_code_baci = exporter_totals.exporter_code_baci
    where economies.is_apec or exporter_totals.exports_kusd is not null
),

-- BACI lists positive flows only: no row is a true zero where the economy reported anything that
-- year, and unknown where it did not.
joined as (
    select
        grid.period_year,
        grid.geo_id,
        grid.cluster_id,
        grid.exporters_count,
        grid.is_covered or grid.economy_kusd is not null as is_covered,
        grid.economy_kusd,
        grid.world_kusd,
        coalesce(world_clusters.exports_kusd, cast(0 as decimal(18, 3))) as world_cluster_kusd,
        case
            when grid.economy_kusd is not null
                then coalesce(exports.exports_kusd, cast(0 as decimal(18, 3)))
        end as cluster_kusd,
        coalesce(exports.flows_count, 0) as flows_count,
        snapshots.snapshot_id
    from grid
    left join exports
        on grid.period_year = exports.period_year
        and grid.scheme = exports.scheme
        and grid.scheme_version = exports.scheme_version
        and grid.economy_code_baci = exports.exporter_code_baci
        and grid.cluster_id = exports.cluster_id
    left join world_clusters
        on grid.period_year = world_clusters.period_year
        and grid.scheme = world_clusters.scheme
        and grid.scheme_version = world_clusters.scheme_version
        and grid.cluster_id = world_clusters.cluster_id
    left join snapshots
        on grid.period_year = snapshots.period_year
),

-- RCA = own / other with two exact products of decimals, so that RCA >= 1 never hangs on the last
-- bit of a division. Two decimals of 18 digits would be multiplied in 64 bits and overflow.
crossed as (
    select
        *,
        cast(cluster_kusd as decimal(19, 3)) * cast(world_kusd as decimal(19, 3)) as own_product,
        cast(economy_kusd as decimal(19, 3))
        * cast(world_cluster_kusd as decimal(19, 3)) as other_product
    from joined
),

measured as (
    select
        *,
        cast(own_product as double) / nullif(cast(other_product as double), 0) as rca,
        cast(own_product - other_product as double)
        / nullif(cast(own_product + other_product as double), 0) as value,
        case
            when own_product >= other_product then 1
            when own_product < other_product then 0
        end as is_rca_at_least_1
    from crossed
)

select
    'rsca_export' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    'baci_gross_exports' as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case
        when not is_covered then 'L'
        when value is null then 'M'
        -- Fewer than 30 exporters are no world to compare with.
        when exporters_count < 30 then 'U'
        when cluster_kusd = 0 then 'Z'
        else 'A'
    end as obs_status,
    cast(flows_count as bigint) as n_obs,
    {{ terms({
        'cluster_exports_kusd': 'cluster_kusd',
        'all_exports_kusd': 'economy_kusd',
        'world_cluster_exports_kusd': 'world_cluster_kusd',
        'world_exports_kusd': 'world_kusd',
        'rca': 'rca',
        'rca_is_at_least_1': 'is_rca_at_least_1',
        'exporters': 'exporters_count',
    }) }} as components,
    {{ snapshot_list(['case when is_covered then snapshot_id end']) }} as source_ids,
    '1' as method_version
from measured
