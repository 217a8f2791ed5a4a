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

-- Of a state of the United States the reference is the nation: the commodities are those of NAICS,
-- which no world total is published in.
state_exports as (
    select * from {{ ref('int_trade__state_clusters') }}
),

state_totals as (
    select
        period_year,
        state_name_census,
        scheme,
        scheme_version,
        cast(sum(exports_kusd) as decimal(18, 3)) as exports_kusd
    from state_exports
    group by period_year, state_name_census, scheme, scheme_version
),

exporting_states as (
    select
        *,
        count(*) over (partition by period_year) as states_count
    from (select distinct period_year, state_name_census, state_code_fips from state_exports)
    where state_code_fips is not null
),

-- A state without a row exported nothing of the cluster: the file adds up without it.
state_cells as (
    select
        nation.period_year,
        'USA-FIPS-' || exporting_states.state_code_fips as geo_id,
        nation.cluster_id,
        'ustrade_state_exports' as basis,
        exporting_states.states_count as exporters_count,
        true as is_covered,
        state_totals.exports_kusd as economy_kusd,
        nation_totals.exports_kusd as world_kusd,
        nation.exports_kusd as world_cluster_kusd,
        coalesce(own.exports_kusd, cast(0 as decimal(18, 3))) as cluster_kusd,
        coalesce(own.commodities_count, 0) as flows_count,
        nation.snapshot_id
    from state_exports as nation
    inner join {{ ref('dim_cluster') }} as clusters
        on nation.cluster_id = clusters.cluster_id
        and clusters.cluster_class = 'traded'
    inner join state_totals as nation_totals
        on nation.period_year = nation_totals.period_year
        and nation.state_name_census = nation_totals.state_name_census
        and nation.scheme = nation_totals.scheme
        and nation.scheme_version = nation_totals.scheme_version
    inner join exporting_states
        on nation.period_year = exporting_states.period_year
    inner join state_totals
        on exporting_states.period_year = state_totals.period_year
        and exporting_states.state_name_census = state_totals.state_name_census
        and nation.scheme = state_totals.scheme
        and nation.scheme_version = state_totals.scheme_version
    left join state_exports as own
        on exporting_states.period_year = own.period_year
        and exporting_states.state_name_census = own.state_name_census
        and nation.scheme = own.scheme
        and nation.scheme_version = own.scheme_version
        and nation.cluster_id = own.cluster_id
    where nation.is_nation
),

cells as (
    select
        period_year,
        geo_id,
        cluster_id,
        'baci_gross_exports' as basis,
        exporters_count,
        is_covered,
        economy_kusd,
        world_kusd,
        world_cluster_kusd,
        cluster_kusd,
        flows_count,
        snapshot_id
    from joined
    union all
    select * from state_cells
),

-- RCA = own / other with two exact products of decimals, so that RCA >= 1 never hangs on the last
-- bit of a division. Two decimals of 18 digits would be multiplied in 64 bits and overflow.
crossed as (
    select
        *,
        cast(cluster_kusd as decimal(19, 3)) * cast(world_kusd as decimal(19, 3)) as own_product,
        cast(economy_kusd as decimal(19, 3))
        * cast(world_cluster_kusd as decimal(19, 3)) as other_product
    from cells
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
    cast(period_year as {{ text_type() }}) as period,
    basis,
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
