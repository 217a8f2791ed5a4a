with weights as (
    select * from {{ ref('int_supply__input_weights') }} where weight >= 0.01
),

sizes as (
    select * from {{ ref('int_supply__supplier_sizes') }}
),

region_clusters as (
    select distinct
        period_year,
        geo_id,
        cluster_id
    from {{ ref('int_regions__cluster_cells') }}
    where geo_type = 'state' and rows_count > 0
),

sums as (
    select
        region_clusters.period_year,
        region_clusters.geo_id,
        region_clusters.cluster_id,
        sum(sizes.small_middle_count) as small_middle_count,
        sum(sizes.small_lower_count) as small_lower_count,
        sum(sizes.small_upper_count) as small_upper_count,
        sum(sizes.large_lower_count) as large_lower_count,
        sum(sizes.emp_count) as emp_count,
        count(*) - count(sizes.emp_count) as withheld_count,
        count(*) as suppliers_count,
        max(sizes.snapshot_id) as sizes_snapshot_id,
        max(weights.snapshot_id) as accounts_snapshot_id
    from region_clusters
    inner join weights
        on region_clusters.period_year = weights.period_year
        and region_clusters.cluster_id = weights.cluster_id
    inner join sizes
        on region_clusters.period_year = sizes.period_year
        and region_clusters.geo_id = sizes.geo_id
        and weights.supplier_code_bea = sizes.bea_summary_code
    group by region_clusters.period_year, region_clusters.geo_id, region_clusters.cluster_id
),

-- A supplier whose total is withheld may have any number of jobs in large establishments.
measured as (
    select
        *,
        case when withheld_count = 0 then small_middle_count / nullif(emp_count, 0) end as value,
        case
            when withheld_count > 0 then 0.0
            else cast(small_lower_count as double) / nullif(emp_count, 0)
        end as value_lower,
        case
            when withheld_count > 0
                then
                    coalesce(
                        cast(small_upper_count as double)
                        / nullif(small_upper_count + large_lower_count, 0),
                        1.0
                    )
            else least(cast(small_upper_count as double) / nullif(emp_count, 0), 1.0)
        end as value_upper
    from sums
)

select
    'specialised_supplier_share' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    'cbp_bea_states' as basis,
    value,
    value_lower,
    value_upper,
    case
        when withheld_count > 0 then 'C'
        when value is null then 'M'
        else 'E'
    end as obs_status,
    suppliers_count as n_obs,
    {{ terms({
        'suppliers': 'suppliers_count',
        'small_establishments_employment': 'small_middle_count',
        'suppliers_employment': 'case when withheld_count = 0 then emp_count end',
        'suppliers_withheld': 'withheld_count',
    }) }} as components,
    {{ snapshot_list(['sizes_snapshot_id', 'accounts_snapshot_id']) }} as source_ids,
    '1' as method_version
from measured
