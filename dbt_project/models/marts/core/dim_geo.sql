with apec_economies as (
    select * from {{ ref('apec_economies') }}
),

wdi_economies as (
    select * from {{ ref('stg_wdi__economies') }} where not is_aggregate
),

income_groups as (
    select * from {{ ref('economy_income_group') }}
),

baci_economies as (
    select * from {{ ref('int_economies__baci_codes') }}
),

usda_areas as (
    select
        left(area_code_fips5, 2) as state_code_fips,
        area_code_fips5,
        area_level,
        max(area_name) as area_name
    from {{ ref('stg_usda__attainment') }}
    group by area_code_fips5, area_level
),

ustrade_states as (
    select distinct state_code_fips from {{ ref('stg_ustrade__states') }} where state_code_fips is not null
),

states as (
    select * from {{ ref('us_states') }}
    union all
    -- a territory stands here once a source has figures of it
    select us_territories.*
    from {{ ref('us_territories') }} as us_territories
    where
        us_territories.state_code_fips in (select state_code_fips from usda_areas)
        or us_territories.state_code_fips in (select state_code_fips from ustrade_states)
),

counties as (
    select * from {{ ref('us_counties') }}
),

bds_states as (
    select * from {{ ref('stg_bds__states') }}
),

cbp_counties as (
    select * from {{ ref('int_regions__cbp_county_totals') }}
),

larger_regions as (
    select distinct
        geo_id,
        geo_type,
        geo_name,
        code
    from {{ ref('int_regions__us_memberships') }}
),

microsoft_counties as (
    select distinct county_code_fips5 from {{ ref('stg_microsoft__counties') }}
),

measured_regions as (
    select distinct
        geo_id,
        geo_type,
        economy_geo_id
    from {{ ref('int_national__measures') }}
),

first_level as (
    select * from {{ ref('national_regions') }}
),

statistical_regions as (
    select * from {{ ref('statistical_regions') }}
),

korean_districts as (
    select
        district_code_kosis,
        max(district_name) as district_name,
        max(region_code_kosis) as region_code_kosis
    from {{ ref('stg_kosis__businesses') }}
    group by district_code_kosis
),

acs_areas as (
    select distinct area_level, area_code from {{ ref('stg_acs__estimates') }}
),

members as (
    select
        apec_economies.geo_id,
        apec_economies.economy_name as geo_name,
        true as is_apec,
        apec_economies.economy_code_wdi,
        apec_economies.economy_code_baci,
        income_groups.income_level_code,
        income_groups.fiscal_year as income_fiscal_year
    from apec_economies
    left join wdi_economies
        on apec_economies.economy_code_wdi = wdi_economies.economy_code_wdi
    left join income_groups
        on apec_economies.geo_id = income_groups.geo_id
),

peer_ids as (
    select economy_code_wdi as geo_id from wdi_economies
    union
    select geo_id from baci_economies
    union
    select economy_geo_id from measured_regions
),

peers as (
    select
        peer_ids.geo_id,
        coalesce(wdi_economies.economy_name, baci_economies.economy_name, named.economy_name) as geo_name,
        false as is_apec,
        wdi_economies.economy_code_wdi,
        baci_economies.economy_code_baci,
        income_groups.income_level_code,
        income_groups.fiscal_year as income_fiscal_year
    from peer_ids
    left join wdi_economies
        on peer_ids.geo_id = wdi_economies.economy_code_wdi
    left join baci_economies
        on peer_ids.geo_id = baci_economies.geo_id
    left join {{ ref('economy') }} as named
        on peer_ids.geo_id = named.geo_id
    left join income_groups
        on peer_ids.geo_id = income_groups.geo_id
    where
        peer_ids.geo_id not in (select geo_id from members)
        and peer_ids.geo_id not in (
            select economy_code_wdi from members where economy_code_wdi is not null
        )
),

economies as (
    select * from members
    union all
    select * from peers
),

-- A code that a publisher uses before the reference lists know it keeps its figures, under a name
-- that says so.
state_codes as (
    select state_code_fips from states
    union
    select state_code_fips from bds_states
    union
    select state_code_fips from cbp_counties
    union
    select area_code from acs_areas where area_level = 'state'
    union
    select state_code_fips from usda_areas where area_level = 'state'
    union
    select state_code_fips from ustrade_states
),

county_codes as (
    select county_code_fips5 from counties
    union
    select county_code_fips5 from cbp_counties where not is_statewide
    union
    select area_code from acs_areas where area_level = 'county'
    union
    select county_code_fips5 from microsoft_counties
    union
    select area_code_fips5 from usda_areas where area_level = 'county'
),

-- Regions of national sources; the code is the last part of the id.
national_geos as (
    select
        measured_regions.geo_id,
        coalesce(
            statistical_regions.region_name,
            first_level.region_name,
            'Region ' || split_part(measured_regions.geo_id, '-', 3) || ' (not in the list)'
        ) as geo_name,
        measured_regions.geo_type,
        case
            when measured_regions.geo_type = 'au_sa4'
                then 'AUS-STE-' || left(split_part(measured_regions.geo_id, '-', 3), 1)
            else measured_regions.economy_geo_id
        end as parent_geo_id,
        case measured_regions.geo_type
            when 'nuts2' then 'NUTS'
            when 'nz_region' then 'Stats NZ regional council'
            when 'jp_prefecture' then 'JIS X 0401'
            else 'ASGS'
        end as code_scheme,
        split_part(measured_regions.geo_id, '-', 3) as code
    from measured_regions
    left join statistical_regions
        on measured_regions.geo_type = statistical_regions.geo_type
        and split_part(measured_regions.geo_id, '-', 3) = statistical_regions.region_code
    left join first_level
        on measured_regions.economy_geo_id = first_level.geo_id_economy
        and split_part(measured_regions.geo_id, '-', 3) = first_level.region_code
        and first_level.region_level = 'region'
        and measured_regions.geo_type in ('au_state', 'nz_region', 'jp_prefecture')
    union all
    select
        'KOR-KOSIS-' || region_code as geo_id,
        region_name as geo_name,
        'kr_province' as geo_type,
        'KOR' as parent_geo_id,
        'KOSIS' as code_scheme,
        region_code as code
    from first_level
    where source_id = 'kosis' and region_code in (select region_code_kosis from korean_districts)
    union all
    select
        'KOR-KOSIS-' || district_code_kosis as geo_id,
        district_name as geo_name,
        'kr_district' as geo_type,
        'KOR-KOSIS-' || region_code_kosis as parent_geo_id,
        'KOSIS' as code_scheme,
        district_code_kosis as code
    from korean_districts
),

geos as (
    select
        geo_id,
        geo_name,
        'economy' as geo_type,
        cast(null as varchar) as parent_geo_id,
        is_apec,
        'ISO3166-1 alpha-3' as code_scheme,
        geo_id as code,
        economy_code_wdi,
        economy_code_baci,
        cast(null as integer) as valid_from_year,
        cast(null as integer) as valid_to_year,
        income_level_code,
        income_fiscal_year
    from economies
    union all
    select
        'USA-FIPS-' || state_codes.state_code_fips as geo_id,
        coalesce(
            states.state_name, 'State ' || state_codes.state_code_fips || ' (not in the list)'
        ) as geo_name,
        'state' as geo_type,
        'USA' as parent_geo_id,
        false as is_apec,
        'FIPS' as code_scheme,
        state_codes.state_code_fips as code,
        cast(null as varchar) as economy_code_wdi,
        cast(null as varchar) as economy_code_baci,
        cast(null as integer) as valid_from_year,
        cast(null as integer) as valid_to_year,
        cast(null as varchar) as income_level_code,
        cast(null as integer) as income_fiscal_year
    from state_codes
    left join states
        on state_codes.state_code_fips = states.state_code_fips
    union all
    select
        'USA-FIPS-' || county_codes.county_code_fips5 as geo_id,
        coalesce(
            counties.county_name,
            usda_areas.area_name,
            'County ' || county_codes.county_code_fips5 || ' (not in the list)'
        ) as geo_name,
        'county' as geo_type,
        'USA-FIPS-' || substr(county_codes.county_code_fips5, 1, 2) as parent_geo_id,
        false as is_apec,
        'FIPS' as code_scheme,
        county_codes.county_code_fips5 as code,
        cast(null as varchar) as economy_code_wdi,
        cast(null as varchar) as economy_code_baci,
        counties.valid_from_year,
        counties.valid_to_year,
        cast(null as varchar) as income_level_code,
        cast(null as integer) as income_fiscal_year
    from county_codes
    left join counties
        on county_codes.county_code_fips5 = counties.county_code_fips5
    left join usda_areas
        on county_codes.county_code_fips5 = usda_areas.area_code_fips5
    union all
    -- they cross the borders of states, so that the economy is what contains them
    select
        geo_id,
        geo_name,
        geo_type,
        'USA' as parent_geo_id,
        false as is_apec,
        case geo_type
            when 'cbsa' then 'CBSA'
            when 'economic_area' then 'BEA economic area'
            else 'custom'
        end as code_scheme,
        code,
        cast(null as varchar) as economy_code_wdi,
        cast(null as varchar) as economy_code_baci,
        cast(null as integer) as valid_from_year,
        cast(null as integer) as valid_to_year,
        cast(null as varchar) as income_level_code,
        cast(null as integer) as income_fiscal_year
    from larger_regions
    union all
    select
        geo_id,
        geo_name,
        geo_type,
        parent_geo_id,
        false as is_apec,
        code_scheme,
        code,
        cast(null as varchar) as economy_code_wdi,
        cast(null as varchar) as economy_code_baci,
        cast(null as integer) as valid_from_year,
        cast(null as integer) as valid_to_year,
        cast(null as varchar) as income_level_code,
        cast(null as integer) as income_fiscal_year
    from national_geos
)

select
    geo_id,
    geo_name,
    geo_type,
    parent_geo_id,
    is_apec,
    code_scheme,
    code,
    economy_code_wdi,
    economy_code_baci,
    valid_from_year,
    valid_to_year,
    income_level_code,
    income_fiscal_year
from geos
