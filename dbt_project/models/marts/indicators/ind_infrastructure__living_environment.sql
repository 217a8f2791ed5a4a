with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
)

{{ published_cells(
    'wdi_cells', "indicator_code = 'EN.ATM.PM25.MC.M3'",
    'living_environment', 'wdi_pm25', 'pm25_ug_per_m3'
) }}
