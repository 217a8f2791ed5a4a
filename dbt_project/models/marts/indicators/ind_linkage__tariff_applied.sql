with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
)

{{ published_cells(
    'wdi_cells', "indicator_code = 'TM.TAX.MRCH.WM.AR.ZS'",
    'tariff_applied', 'wits_weighted_pct', 'weighted_mean_tariff_pct'
) }}
union all
{{ published_cells(
    'wdi_cells', "indicator_code = 'TM.TAX.MRCH.SM.AR.ZS'",
    'tariff_applied', 'wits_simple_pct', 'simple_mean_tariff_pct'
) }}
