select
    period_year,
    metro_code_cbsa,
    {{ bds_measures() }}
from {{ source('bds', 'metros') }}
