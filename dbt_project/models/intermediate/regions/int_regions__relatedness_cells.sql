-- Quotients of the traded clusters of states and economic areas, with a row for each cluster: what is
-- proven not to be there is 0, what may be hidden is an interval.

with cells as (
    select * from {{ ref('int_regions__cluster_cells') }}
    where geo_type in ('state', 'economic_area')
),

clusters as (
    select * from {{ ref('dim_cluster') }} where cluster_class = 'traded'
),

quotients as (
    select * from {{ ref('int_regions__location_quotients') }} where basis = 'cbp_employment'
),

totals as (
    select * from {{ ref('int_regions__region_totals') }}
),

nation as (
    select
        period_year,
        sum(emp_count) as emp_count
    from totals
    where geo_type = 'state'
    group by period_year
),

national_clusters as (
    select
        period_year,
        cluster_id,
        sum(emp_published_count) as emp_count
    from cells
    where geo_type = 'state'
    group by period_year, cluster_id
)

select
    cells.geo_type,
    cells.period_year,
    clusters.scheme,
    cells.geo_id,
    cells.cluster_id,
    case
        when cells.estabs_upper_count = 0 then 0.0
        else quotients.quotient
    end as lq,
    case
        when cells.rows_count > 0 then quotients.quotient_lower
        else 0.0
    end as lq_lower,
    case
        when cells.rows_count > 0 then quotients.quotient_upper
        -- nothing is published: at most what may be hidden, in a region of known size at least
        else cast(cells.emp_upper_count as double) * nation.emp_count
            / nullif(cast(totals.emp_count as double) * national_clusters.emp_count, 0)
    end as lq_upper,
    totals.snapshot_id
from cells
inner join clusters
    on cells.cluster_id = clusters.cluster_id
inner join totals
    on cells.period_year = totals.period_year
    and cells.geo_id = totals.geo_id
inner join nation
    on cells.period_year = nation.period_year
inner join national_clusters
    on cells.period_year = national_clusters.period_year
    and cells.cluster_id = national_clusters.cluster_id
left join quotients
    on cells.period_year = quotients.period_year
    and cells.geo_id = quotients.geo_id
    and cells.cluster_id = quotients.cluster_id
