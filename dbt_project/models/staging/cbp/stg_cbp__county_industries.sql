with source_rows as (
    select * from {{ source('cbp', 'counties') }}
),

parsed as (
    select
        period_year,
        state_code_fips,
        state_code_fips || county_code_fips as county_code_fips5,
        -- County 999 holds what could not be placed in a county of its state.
        county_code_fips = '999' as is_statewide,
        -- '------' all, '31----' sector, '311///' to '31111/' levels between, '311111' six digits
        rtrim(naics_code, '/-') as naics_code,
        length(rtrim(naics_code, '/-')) as naics_level,
        -- The file prints 0 where it withholds: that 0 is no zero.
        case
            when emp_noise_flag in ('D', 'S', 'N') then null
            else emp_count
        end as emp_count,
        coalesce(emp_noise_flag in ('D', 'N'), false) as is_emp_withheld,
        coalesce(emp_noise_flag = 'S', false) as is_emp_of_poor_quality,
        coalesce(emp_noise_flag in ('G', 'H', 'J'), false) as is_emp_noise_infused,
        emp_noise_flag,
        estabs_count,
        estabs_lt5_count,
        estabs_5_9_count,
        estabs_10_19_count,
        estabs_20_49_count,
        estabs_50_99_count,
        estabs_100_249_count,
        estabs_250_499_count,
        estabs_500_999_count,
        estabs_ge1000_count,
        estabs_1000_1499_count,
        estabs_1500_2499_count,
        estabs_2500_4999_count,
        _snapshot_id as snapshot_id
    from source_rows
)

select
    period_year,
    state_code_fips,
    county_code_fips5,
    is_statewide,
    naics_code,
    naics_level,
    emp_count,
    is_emp_withheld,
    is_emp_of_poor_quality,
    is_emp_noise_infused,
    emp_noise_flag,
    estabs_count,
    estabs_lt5_count,
    estabs_5_9_count,
    estabs_10_19_count,
    estabs_20_49_count,
    estabs_50_99_count,
    estabs_100_249_count,
    estabs_250_499_count,
    estabs_500_999_count,
    estabs_ge1000_count,
    estabs_1000_1499_count,
    estabs_1500_2499_count,
    estabs_2500_4999_count,
    snapshot_id
from parsed
