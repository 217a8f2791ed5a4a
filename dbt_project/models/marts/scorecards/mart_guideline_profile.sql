with cells as (
    select * from {{ ref('fct_indicator_value') }}
    where regexp_full_match(period, '[0-9]{4}')
),

bridge as (
    select * from {{ ref('bridge_guideline_indicator') }}
),

places as (
    select * from {{ ref('dim_geo') }}
),

peers as (
    select * from {{ ref('mart_peer') }}
),

valued as (
    select
        cells.*,
        cast(cells.period as integer) as period_year,
        places.geo_type,
        places.parent_geo_id
    from cells
    inner join places
        on cells.geo_id = places.geo_id
    where cells.value is not null
),

-- The last period of each unit, whatever the others have.
latest as (
    select
        *,
        row_number() over (
            partition by indicator_id, basis, cluster_id, geo_id
            order by period_year desc
        ) as recency
    from valued
),

current_cells as (
    select * from latest where recency = 1
),

newest as (
    select
        indicator_id,
        basis,
        max(period_year) as newest_year
    from current_cells
    group by indicator_id, basis
),

-- A trend begins anew at a break: what was measured before it is another series.
last_breaks as (
    select
        indicator_id,
        basis,
        cluster_id,
        geo_id,
        max(period_year) as break_year
    from valued
    where obs_status = 'B'
    group by indicator_id, basis, cluster_id, geo_id
),

trends as (
    select
        valued.indicator_id,
        valued.basis,
        valued.cluster_id,
        valued.geo_id,
        max(last_breaks.break_year) as break_year,
        -- in the order of the years, so that another build finds the same last digits
        case
            when count(*) >= 3
                then regr_slope(valued.value, valued.period_year order by valued.period_year)
        end
            as trend_per_year,
        count(*) as trend_points_count,
        min(valued.period_year) as trend_first_year
    from valued
    inner join current_cells
        on valued.indicator_id = current_cells.indicator_id
        and valued.basis = current_cells.basis
        and valued.cluster_id = current_cells.cluster_id
        and valued.geo_id = current_cells.geo_id
        and valued.method_version = current_cells.method_version
        and valued.period_year > current_cells.period_year - 10
    left join last_breaks
        on valued.indicator_id = last_breaks.indicator_id
        and valued.basis = last_breaks.basis
        and valued.cluster_id = last_breaks.cluster_id
        and valued.geo_id = last_breaks.geo_id
    where last_breaks.break_year is null or valued.period_year >= last_breaks.break_year
    group by valued.indicator_id, valued.basis, valued.cluster_id, valued.geo_id
),

-- Peers of an economy by group; regions have the regions of their own type in the same economy.
-- A peer counts with a figure at most three years behind the newest, and if it may be ranked.
comparable as (
    select current_cells.*
    from current_cells
    inner join newest
        on current_cells.indicator_id = newest.indicator_id
        and current_cells.basis = newest.basis
    where
        current_cells.obs_status <> 'U'
        and current_cells.period_year >= newest.newest_year - 3
),

economy_pairs as (
    select
        peers.peer_group,
        current_cells.indicator_id,
        current_cells.basis,
        current_cells.cluster_id,
        current_cells.geo_id,
        current_cells.value,
        comparable.value as peer_value,
        comparable.geo_id as peer_geo_id
    from current_cells
    inner join peers
        on current_cells.geo_id = peers.geo_id
    left join comparable
        on peers.peer_geo_id = comparable.geo_id
        and current_cells.indicator_id = comparable.indicator_id
        and current_cells.basis = comparable.basis
        and current_cells.cluster_id = comparable.cluster_id
),

economy_standings as (
    select
        economy_pairs.peer_group,
        economy_pairs.indicator_id,
        economy_pairs.basis,
        economy_pairs.cluster_id,
        economy_pairs.geo_id,
        count(*) as peers_count,
        count(economy_pairs.peer_value) as peers_with_value_count,
        median(economy_pairs.peer_value) as peer_median,
        count(*) filter (economy_pairs.peer_value < economy_pairs.value) as below_count,
        count(*) filter (economy_pairs.peer_value = economy_pairs.value) as equal_count,
        max(economy_pairs.peer_value) as highest,
        min(economy_pairs.peer_value) as lowest,
        coalesce(bool_or(economy_pairs.peer_geo_id = economy_pairs.geo_id), false)
            as is_among_peers
    from economy_pairs
    group by
        economy_pairs.peer_group,
        economy_pairs.indicator_id,
        economy_pairs.basis,
        economy_pairs.cluster_id,
        economy_pairs.geo_id
),

-- Regions are many: their standing comes from one pass over each group and not from pairs.
region_groups as (
    select
        comparable.indicator_id,
        comparable.basis,
        comparable.cluster_id,
        comparable.geo_id,
        comparable.value,
        split_part(comparable.geo_id, '-', 1) || '/' || comparable.geo_type as region_group
    from comparable
    where comparable.geo_type <> 'economy'
),

region_standings as (
    select
        'regions' as peer_group,
        indicator_id,
        basis,
        cluster_id,
        geo_id,
        count(*) over everybody as peers_count,
        count(*) over everybody as peers_with_value_count,
        median(value) over everybody as peer_median,
        rank() over ascending - 1 as below_count,
        count(*) over equals as equal_count,
        max(value) over everybody as highest,
        min(value) over everybody as lowest,
        true as is_among_peers
    from region_groups
    window
        everybody as (partition by indicator_id, basis, cluster_id, region_group),
        ascending as (partition by indicator_id, basis, cluster_id, region_group order by value),
        equals as (partition by indicator_id, basis, cluster_id, region_group, value)
),

standings as (
    select * from economy_standings
    union all
    select * from region_standings
),

placed as (
    select
        current_cells.*,
        bridge.guideline_id,
        bridge.block,
        bridge.role,
        bridge.direction,
        standings.peer_group,
        standings.peers_count,
        standings.peers_with_value_count,
        standings.peer_median,
        case bridge.direction when 'down' then standings.lowest else standings.highest end as frontier,
        -- among the others: those below and half of those that are equal; itself is not one of them
        case
            when not standings.is_among_peers or standings.peers_with_value_count < 3 then null
            else
                (standings.below_count + (standings.equal_count - 1) / 2.0)
                / (standings.peers_with_value_count - 1)
        end as share_below,
        trends.trend_per_year,
        trends.trend_points_count,
        trends.trend_first_year,
        trends.break_year,
        newest.newest_year
    from current_cells
    inner join bridge
        on current_cells.indicator_id = bridge.indicator_id
    inner join standings
        on current_cells.indicator_id = standings.indicator_id
        and current_cells.basis = standings.basis
        and current_cells.cluster_id = standings.cluster_id
        and current_cells.geo_id = standings.geo_id
    inner join newest
        on current_cells.indicator_id = newest.indicator_id
        and current_cells.basis = newest.basis
    left join trends
        on current_cells.indicator_id = trends.indicator_id
        and current_cells.basis = trends.basis
        and current_cells.cluster_id = trends.cluster_id
        and current_cells.geo_id = trends.geo_id
)

select
    geo_id,
    cluster_id,
    block,
    guideline_id,
    indicator_id,
    basis,
    role,
    direction,
    peer_group,
    period,
    cast(newest_year - period_year as integer) as years_behind_newest,
    value,
    value_lower,
    value_upper,
    obs_status,
    cast(peers_count as integer) as peers_count,
    cast(peers_with_value_count as integer) as peers_with_value_count,
    -- two thirds of the peers, or there is no median of them
    case when peers_with_value_count >= 2.0 / 3.0 * peers_count then peer_median end as peer_median,
    case when direction = 'down' then 100.0 * (1 - share_below) else 100.0 * share_below end
        as percentile_among_peers,
    case when direction <> 'neutral' then frontier end as frontier,
    case when direction <> 'neutral' then abs(frontier - value) end as distance_to_frontier,
    trend_per_year,
    cast(coalesce(trend_points_count, 0) as integer) as trend_points_count,
    cast(trend_first_year as integer) as trend_first_year,
    break_year is not null as has_break,
    cast(break_year as integer) as break_year
from placed
