-- Establishments of every county × cluster by size, as far as the classes are shown. N in a class
-- means "fewer than three or not available": what is not shown is in one of the classes.

with county_industries as (
    select * from {{ ref('stg_cbp__county_industries') }} where naics_level = 4
),

industry_clusters as (
    select * from {{ ref('int_regions__cbp_industry_clusters') }}
),

sized as (
    select
        period_year,
        county_code_fips5,
        naics_code,
        estabs_count,
        coalesce(estabs_lt5_count, 0)
        + coalesce(estabs_5_9_count, 0)
        + coalesce(estabs_10_19_count, 0)
        + coalesce(estabs_20_49_count, 0) as lt50_count,
        coalesce(estabs_50_99_count, 0)
        + coalesce(estabs_100_249_count, 0)
        + coalesce(estabs_250_499_count, 0) as ge50_lt500_count,
        coalesce(estabs_500_999_count, 0) + coalesce(estabs_ge1000_count, 0) as ge500_count
    from county_industries
)

select
    sized.period_year,
    'USA-FIPS-' || sized.county_code_fips5 as geo_id,
    'USA-FIPS-' || substr(sized.county_code_fips5, 1, 2) as state_geo_id,
    industry_clusters.cluster_id,
    cast(sum(sized.estabs_count) as bigint) as estabs_count,
    cast(sum(sized.lt50_count) as bigint) as estabs_lt50_count,
    cast(sum(sized.lt50_count + sized.ge50_lt500_count) as bigint) as estabs_lt500_count,
    cast(sum(sized.ge50_lt500_count + sized.ge500_count) as bigint) as estabs_ge50_count,
    cast(sum(sized.ge500_count) as bigint) as estabs_ge500_count
from sized
inner join industry_clusters
    on sized.period_year = industry_clusters.period_year
    and sized.naics_code = industry_clusters.naics_code
group by sized.period_year, sized.county_code_fips5, industry_clusters.cluster_id
