with source_rows as (
    select * from {{ source('bea', 'cells') }}
)

select
    period_year,
    table_name,
    row_code,
    column_code,
    row_code in (select bea_summary_code from {{ ref('bea_industries') }}) as is_row_industry,
    column_code in (select bea_summary_code from {{ ref('bea_industries') }}) as is_column_industry,
    value_musd,
    {{ status_of_cell('value_musd_status', 'value_musd') }} as obs_status,
    _snapshot_id as snapshot_id
from source_rows
