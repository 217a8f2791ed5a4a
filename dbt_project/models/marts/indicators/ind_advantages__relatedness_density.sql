-- One basis of several: what is measured on other figures is a further part of the last union.
with advantages as (
    select * from {{ ref('int_complexity__cluster_advantages') }}
),

economies as (
    select * from {{ ref('int_complexity__economies') }}
),

proximities as (
    select * from {{ ref('int_complexity__cluster_proximity') }}
),

-- What is not known of an economy is left out of both sums.
near as (
    select
        advantages.period_year,
        advantages.geo_id,
        advantages.cluster_id,
        {{ order_free_sum('proximities.proximity * others.has_advantage') }} as proximity_to_own,
        {{ order_free_sum(
            'case when others.has_advantage is not null then proximities.proximity end'
        ) }} as proximity_to_all,
        sum(case when proximities.proximity > 0 then others.has_advantage end) as near_own_count
    from advantages
    inner join proximities
        on advantages.period_year = proximities.period_year
        and advantages.cluster_id = proximities.cluster_id
    inner join advantages as others
        on advantages.period_year = others.period_year
        and advantages.geo_id = others.geo_id
        and proximities.other_cluster_id = others.cluster_id
    group by advantages.period_year, advantages.geo_id, advantages.cluster_id
),

-- The sample, and so every proximity, also rests on the figures of population.
samples as (
    select
        period_year,
        max(population_snapshot_id) as population_snapshot_id
    from economies
    group by period_year
),

exports as (
    select
        advantages.period_year,
        advantages.geo_id,
        advantages.cluster_id,
        advantages.is_covered,
        advantages.has_advantage,
        advantages.sample_count,
        near.proximity_to_own,
        near.proximity_to_all,
        near.near_own_count,
        near.proximity_to_own / nullif(near.proximity_to_all, 0) as value,
        advantages.snapshot_id,
        samples.population_snapshot_id
    from advantages
    left join near
        on advantages.period_year = near.period_year
        and advantages.geo_id = near.geo_id
        and advantages.cluster_id = near.cluster_id
    left join samples
        on advantages.period_year = samples.period_year
),

regions as (
    select * from {{ ref('int_regions__relatedness') }}
),

region_snapshots as (
    select
        period_year,
        max(snapshot_id) as snapshot_id
    from {{ ref('int_regions__relatedness_cells') }}
    group by period_year
),

employment as (
    select
        regions.*,
        region_snapshots.snapshot_id,
        coalesce(regions.density_upper - regions.density_lower > 1e-12, false) as is_interval
    from regions
    inner join region_snapshots
        on regions.period_year = region_snapshots.period_year
)

select
    'relatedness_density' as indicator_id,
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
        when value = 0 then 'Z'
        else 'A'
    end as obs_status,
    cast(coalesce(near_own_count, 0) as bigint) as n_obs,
    {{ terms({
        'proximity_to_own_clusters': 'proximity_to_own',
        'proximity_to_all_clusters': 'proximity_to_all',
        'own_rca_is_at_least_1': 'has_advantage',
        'economies_in_sample': 'sample_count',
    }) }} as components,
    {{ snapshot_list([
        'case when is_covered then snapshot_id end',
        'case when is_covered and value is not null then population_snapshot_id end',
    ]) }} as source_ids,
    '1' as method_version
from exports
union all
select
    'relatedness_density' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    'cbp_employment' as basis,
    density as value,
    case when is_interval then density_lower end as value_lower,
    case when is_interval then density_upper end as value_upper,
    case
        when density is null then 'M'
        when is_interval then 'E'
        when density = 0 then 'Z'
        else 'A'
    end as obs_status,
    near_own_count as n_obs,
    {{ terms({
        'own_lq_is_at_least_1': 'has_advantage',
        'near_clusters_not_known': 'unknown_count',
        'regions_in_sample': 'regions_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from employment
