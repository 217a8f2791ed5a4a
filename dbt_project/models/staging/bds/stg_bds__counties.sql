select
    period_year,
    state_code_fips || county_code_fips as county_code_fips5,
    {{ bds_measures() }}
from {{ source('bds', 'counties') }}
-- Code 97 is a statistical remainder and no state.
where state_code_fips <> '97'
