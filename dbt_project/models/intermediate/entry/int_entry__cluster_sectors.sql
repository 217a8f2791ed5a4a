-- In which sectors of NAICS the employment of each cluster lies, in the nation.

with county_industries as (
    select * from {{ ref('stg_cbp__county_industries') }} where naics_level = 4
),

industry_clusters as (
    select * from {{ ref('int_regions__cbp_industry_clusters') }}
),

national as (
    select
        period_year,
        naics_code,
        sum(emp_count) as emp_count
    from county_industries
    group by period_year, naics_code
)

select
    national.period_year,
    industry_clusters.cluster_id,
    {{ naics_sector('national.naics_code') }} as sector_code,
    cast(sum(national.emp_count) as bigint) as emp_count
from national
inner join industry_clusters
    on national.period_year = industry_clusters.period_year
    and national.naics_code = industry_clusters.naics_code
group by
    national.period_year,
    industry_clusters.cluster_id,
    {{ naics_sector('national.naics_code') }}
having sum(national.emp_count) > 0
