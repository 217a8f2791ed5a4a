with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
)

{{ published_cells(
    'wdi_cells', "indicator_code = 'IC.FRM.OUTG.ZS'",
    'power_outage_loss', 'wes_sales_pct', 'sales_lost_pct'
) }}
union all
{{ published_cells(
    'wdi_cells', "indicator_code = 'IC.ELC.OUTG.ZS'",
    'power_outage_loss', 'wes_firms_pct', 'firms_with_outages_pct'
) }}
