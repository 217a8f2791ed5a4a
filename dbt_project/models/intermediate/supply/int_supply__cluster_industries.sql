-- How the industries of the accounts are spread over clusters, by national employment.

with county_industries as (
    select * from {{ ref('stg_cbp__county_industries') }} where naics_level = 4
),

industry_clusters as (
    select * from {{ ref('int_regions__cbp_industry_clusters') }}
),

prefixes as (
    select * from {{ ref('int_supply__naics_prefixes') }}
),

national as (
    select
        period_year,
        naics_code,
        sum(coalesce(emp_count, 0)) as emp_count
    from county_industries
    group by period_year, naics_code
),

-- No prefix begins another one: an industry has one place at most.
placed as (
    select
        national.period_year,
        national.naics_code,
        prefixes.bea_summary_code,
        national.emp_count
    from national
    inner join prefixes
        on prefixes.naics_prefix = substr(national.naics_code, 1, length(prefixes.naics_prefix))
),

by_cluster as (
    select
        placed.period_year,
        industry_clusters.scheme,
        industry_clusters.cluster_id,
        placed.bea_summary_code,
        sum(placed.emp_count) as emp_count
    from placed
    inner join industry_clusters
        on placed.period_year = industry_clusters.period_year
        and placed.naics_code = industry_clusters.naics_code
    group by
        placed.period_year,
        industry_clusters.scheme,
        industry_clusters.cluster_id,
        placed.bea_summary_code
),

by_industry as (
    select
        period_year,
        bea_summary_code,
        sum(emp_count) as emp_count
    from placed
    group by period_year, bea_summary_code
)

select
    by_cluster.period_year,
    by_cluster.scheme,
    by_cluster.cluster_id,
    by_cluster.bea_summary_code,
    cast(by_cluster.emp_count as bigint) as emp_count,
    cast(by_cluster.emp_count as double) / nullif(by_industry.emp_count, 0) as industry_share
from by_cluster
inner join by_industry
    on by_cluster.period_year = by_industry.period_year
    and by_cluster.bea_summary_code = by_industry.bea_summary_code
where by_cluster.emp_count > 0
