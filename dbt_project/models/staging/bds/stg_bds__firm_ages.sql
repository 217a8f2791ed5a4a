select
    period_year,
    firm_age_class,
    {{ bds_measures() }}
from {{ source('bds', 'firm_ages') }}
