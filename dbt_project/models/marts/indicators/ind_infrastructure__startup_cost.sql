with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
)

{{ published_cells(
    'wdi_cells', "indicator_code = 'IC.REG.COST.PC.ZS'",
    'startup_cost', 'doing_business_2019', 'cost_pct_of_gni_per_head'
) }}
