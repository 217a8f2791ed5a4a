-- What each larger region of the United States is made of. States are no memberships: they have a
-- remainder of their own that lies in no county.

with cbsa_counties as (
    select * from {{ ref('us_county_cbsa') }}
),

economic_area_counties as (
    select * from {{ ref('us_county_economic_area') }}
),

custom_members as (
    select * from {{ ref('stg_regions__members') }} where member_geo_id like 'USA-FIPS-%'
),

counties as (
    select * from {{ ref('us_counties') }}
),

memberships as (
    select
        'USA-CBSA-' || cbsa_code as geo_id,
        'cbsa' as geo_type,
        cbsa_name as geo_name,
        cbsa_code as code,
        'USA-FIPS-' || county_code_fips5 as member_geo_id
    from cbsa_counties
    union all
    select
        'USA-EA-' || economic_area_code as geo_id,
        'economic_area' as geo_type,
        economic_area_name as geo_name,
        economic_area_code as code,
        'USA-FIPS-' || county_code_fips5 as member_geo_id
    from economic_area_counties
    union all
    select
        geo_id,
        'custom' as geo_type,
        region_name as geo_name,
        substr(geo_id, 12) as code,
        member_geo_id
    from custom_members
),

-- A code that began or ended while others of its area went on is used where a file has it, and
-- missed nowhere: publishers change over in different years.
lasting as (
    select 'USA-FIPS-' || county_code_fips5 as member_geo_id
    from counties
    where valid_from_year is null and valid_to_year is null
)

select
    memberships.geo_id,
    memberships.geo_type,
    memberships.geo_name,
    memberships.code,
    memberships.member_geo_id,
    lasting.member_geo_id is not null or length(memberships.member_geo_id) = 11 as is_lasting
from memberships
left join lasting
    on memberships.member_geo_id = lasting.member_geo_id
