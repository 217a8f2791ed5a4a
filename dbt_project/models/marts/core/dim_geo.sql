with apec_economies as (
    select * from {{ ref('apec_economies') }}
),

wdi_economies as (
    select * from {{ ref('stg_wdi__economies') }} where not is_aggregate
),

baci_economies as (
    select * from {{ ref('int_economies__baci_codes') }}
),

states as (
    select * from {{ ref('us_states') }}
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

members as (
    select
        apec_economies.geo_id,
        apec_economies.economy_name as geo_name,
        true as is_apec,
        apec_economies.economy_code_wdi,
        apec_economies.economy_code_baci,
        wdi_economies.income_level_code
    from apec_economies
    left join wdi_economies
        on apec_economies.economy_code_wdi = wdi_economies.economy_code_wdi
),

peer_ids as (
    select economy_code_wdi as geo_id from wdi_economies
    union
    select geo_id from baci_economies
),

peers as (
    select
        peer_ids.geo_id,
        coalesce(wdi_economies.economy_name, baci_economies.economy_name) as geo_name,
        false as is_apec,
        wdi_economies.economy_code_wdi,
        baci_economies.economy_code_baci,
        wdi_economies.income_level_code
    from peer_ids
    left join wdi_economies
        on peer_ids.geo_id = wdi_economies.economy_code_wdi
    left join baci_economies
        on peer_ids.geo_id = baci_economies.geo_id
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
),

county_codes as (
    select county_code_fips5 from counties
    union
    select county_code_fips5 from cbp_counties where not is_statewide
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
        income_level_code
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
        cast(null as varchar) as income_level_code
    from state_codes
    left join states
        on state_codes.state_code_fips = states.state_code_fips
    union all
    select
        'USA-FIPS-' || county_codes.county_code_fips5 as geo_id,
        coalesce(
            counties.county_name,
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
        cast(null as varchar) as income_level_code
    from county_codes
    left join counties
        on county_codes.county_code_fips5 = counties.county_code_fips5
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
        cast(null as varchar) as income_level_code
    from larger_regions
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
    income_level_code
from geos
