-- Employment of counties and states in each cluster, and of counties in each sector of NAICS, as intervals.

with cells as (
    select * from {{ ref('int_regions__cluster_cells') }} where geo_type in ('county', 'state')
),

nodes as (
    select * from {{ ref('int_regions__cbp_nodes') }} where county_code_fips5 not like '%999'
),

counties as (
    select * from nodes where naics_code = ''
),

sectors as (
    select * from nodes where length(naics_code) = 2
)

select
    period_year,
    geo_type,
    geo_id,
    'cluster' as kind,
    cluster_id as industry,
    case when withheld_count + poor_quality_count = 0 then emp_published_count end as employment,
    emp_lower_count as employment_lower,
    emp_upper_count as employment_upper
from cells
where rows_count > 0
union all
select
    sectors.period_year,
    'county' as geo_type,
    'USA-FIPS-' || sectors.county_code_fips5 as geo_id,
    'sector' as kind,
    sectors.naics_code as industry,
    sectors.emp_count as employment,
    coalesce(sectors.emp_count, sectors.emp_below_count) as employment_lower,
    coalesce(
        sectors.emp_count, sectors.emp_below_count + counties.emp_room_count
    ) as employment_upper
from sectors
inner join counties
    on sectors.period_year = counties.period_year
    and sectors.county_code_fips5 = counties.county_code_fips5
