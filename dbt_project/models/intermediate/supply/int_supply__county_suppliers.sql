-- Employment of each industry of the accounts in each county, as an interval. What is not published is
-- at least what is known below it, and at most what its lowest published parent leaves besides.

with nodes as (
    select * from {{ ref('int_regions__cbp_nodes') }}
),

industries as (
    select * from {{ ref('stg_cbp__county_industries') }} where naics_level = 4
),

prefixes as (
    select
        naics_prefix,
        bea_summary_code,
        {{ naics_sector('naics_prefix') }} as sector_code
    from {{ ref('int_supply__naics_prefixes') }}
),

counties as (
    select * from nodes where naics_code = ''
),

sectors as (
    select * from nodes where length(naics_code) = 2
),

subsectors as (
    select * from nodes where length(naics_code) = 3
),

-- A sector that has no row, in a county whose total leaves no establishment, hides nothing.
grid as (
    select
        counties.period_year,
        counties.county_code_fips5,
        prefixes.naics_prefix,
        prefixes.bea_summary_code,
        sectors.emp_count as sector_emp_count,
        sectors.emp_below_count as sector_below_count,
        case
            when sectors.emp_count is not null then sectors.emp_room_count
            else counties.emp_room_count
        end as emp_room_count
    from counties
    cross join prefixes
    left join sectors
        on counties.period_year = sectors.period_year
        and counties.county_code_fips5 = sectors.county_code_fips5
        and prefixes.sector_code = sectors.naics_code
    where sectors.naics_code is not null or coalesce(counties.estabs_room_count, 1) > 0
),

known as (
    select
        grid.period_year,
        grid.county_code_fips5,
        grid.bea_summary_code,
        case length(grid.naics_prefix)
            when 2 then grid.sector_emp_count
            when 3 then subsectors.emp_count
            else industries.emp_count
        end as emp_count,
        coalesce(
            case length(grid.naics_prefix)
                when 2 then grid.sector_below_count
                when 3 then subsectors.emp_below_count
            end,
            0
        ) as emp_below_count,
        case
            when length(grid.naics_prefix) = 4 and above.emp_count is not null then above.emp_room_count
            else grid.emp_room_count
        end as emp_room_count
    from grid
    left join subsectors
        on grid.period_year = subsectors.period_year
        and grid.county_code_fips5 = subsectors.county_code_fips5
        and grid.naics_prefix = subsectors.naics_code
    left join industries
        on grid.period_year = industries.period_year
        and grid.county_code_fips5 = industries.county_code_fips5
        and grid.naics_prefix = industries.naics_code
    left join subsectors as above
        on grid.period_year = above.period_year
        and grid.county_code_fips5 = above.county_code_fips5
        and substr(grid.naics_prefix, 1, 3) = above.naics_code
),

bounded as (
    select
        period_year,
        county_code_fips5,
        bea_summary_code,
        coalesce(emp_count, emp_below_count) as emp_lower_count,
        coalesce(emp_count, emp_below_count + emp_room_count) as emp_upper_count
    from known
)

select
    period_year,
    'USA-FIPS-' || county_code_fips5 as geo_id,
    'USA-FIPS-' || substr(county_code_fips5, 1, 2) as state_geo_id,
    bea_summary_code,
    cast(sum(emp_lower_count) as bigint) as emp_lower_count,
    case
        when count(emp_upper_count) = count(*) then cast(sum(emp_upper_count) as bigint)
    end as emp_upper_count
from bounded
group by period_year, county_code_fips5, bea_summary_code
having sum(emp_lower_count) > 0 or count(emp_upper_count) < count(*) or sum(emp_upper_count) > 0
