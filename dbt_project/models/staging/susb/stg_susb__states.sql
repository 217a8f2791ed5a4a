with source_rows as (
    select * from {{ source('susb', 'states') }}
)

select
    period_year,
    state_code_fips,
    state_code_fips = '00' as is_nation,
    case when naics_code = '--' then '' else naics_code end as naics_code,
    enterprise_size_code,
    enterprise_size_name,
    firms_count,
    estabs_count,
    {{ unless_withheld('emp_count', 'emp_noise_flag') }} as emp_count,
    {{ status_of_noise_flag('emp_noise_flag', 'emp_count') }} as emp_status,
    {{ unless_withheld('payroll_kusd', 'payroll_noise_flag') }} as payroll_kusd,
    {{ status_of_noise_flag('payroll_noise_flag', 'payroll_kusd') }} as payroll_status,
    {{ unless_withheld('receipts_kusd', 'receipts_noise_flag') }} as receipts_kusd,
    _snapshot_id as snapshot_id
from source_rows
