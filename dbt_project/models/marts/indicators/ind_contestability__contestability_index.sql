with sectors as (
    select * from {{ ref('int_entry__sector_contestability') }}
),

cluster_sectors as (
    select * from {{ ref('int_entry__cluster_sectors') }}
),

region_clusters as (
    select distinct
        period_year,
        geo_id,
        cluster_id,
        snapshot_id
    from {{ ref('int_regions__cluster_measures') }}
    where geo_type = 'state' and rows_count > 0
),

-- The mix of sectors is the nation's, so that a state's own mix moves nothing.
mixed as (
    select
        region_clusters.period_year,
        region_clusters.geo_id,
        region_clusters.cluster_id,
        region_clusters.snapshot_id as cells_snapshot_id,
        sum(cluster_sectors.emp_count) as weight_count,
        sum(case when sectors.contestability is not null then cluster_sectors.emp_count else 0 end)
            as known_count,
        {{ order_free_sum('sectors.contestability * cluster_sectors.emp_count') }} as index_sum,
        {{ order_free_sum(
            'case when sectors.contestability is not null '
            'then sectors.churn_percentile * cluster_sectors.emp_count end'
        ) }} as churn_sum,
        {{ order_free_sum(
            'case when sectors.contestability is not null '
            'then sectors.small_firm_percentile * cluster_sectors.emp_count end'
        ) }} as small_sum,
        count(sectors.contestability) as sectors_count,
        max(sectors.sizes_snapshot_id) as sizes_snapshot_id,
        max(sectors.rates_snapshot_id) as rates_snapshot_id
    from region_clusters
    inner join cluster_sectors
        on region_clusters.period_year = cluster_sectors.period_year
        and region_clusters.cluster_id = cluster_sectors.cluster_id
    inner join (select distinct period_year from sectors where contestability is not null) as years
        on region_clusters.period_year = years.period_year
    left join sectors
        on region_clusters.period_year = sectors.period_year
        and region_clusters.geo_id = sectors.geo_id
        and cluster_sectors.sector_code = sectors.sector_code
    group by
        region_clusters.period_year,
        region_clusters.geo_id,
        region_clusters.cluster_id,
        region_clusters.snapshot_id
),

-- Two thirds of the cluster's employment have to be in sectors with an index.
measured as (
    select
        *,
        case when 3 * known_count >= 2 * weight_count then index_sum / nullif(known_count, 0) end as value
    from mixed
)

select
    'contestability_index' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    'bds_susb_sectors' as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case when value is null then 'M' else 'E' end as obs_status,
    cast(sectors_count as bigint) as n_obs,
    {{ terms({
        'churn_percentile': 'churn_sum / nullif(known_count, 0)',
        'small_firm_percentile': 'small_sum / nullif(known_count, 0)',
        'parts_of_three': 'case when sectors_count > 0 then 2 else 0 end',
        'share_of_employment_with_index': 'cast(known_count as double) / nullif(weight_count, 0)',
    }) }} as components,
    {{ snapshot_list(['cells_snapshot_id', 'sizes_snapshot_id', 'rates_snapshot_id']) }} as source_ids,
    '1' as method_version
from measured
