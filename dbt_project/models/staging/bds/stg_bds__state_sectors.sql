select
    period_year,
    state_code_fips,
    sector_code_naics,
    {{ bds_measures() }}
from {{ source('bds', 'state_sectors') }}
-- Code 97 is a statistical remainder and no state.
where state_code_fips <> '97'
