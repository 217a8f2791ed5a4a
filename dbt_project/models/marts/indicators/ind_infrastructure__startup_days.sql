with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
)

{{ published_cells(
    'wdi_cells', "indicator_code = 'IC.REG.DURS'",
    'startup_days', 'doing_business_2019', 'days_to_register'
) }}
