with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
)

{{ published_cells(
    'wdi_cells', "indicator_code = 'NY.GDP.TOTL.RT.ZS'",
    'endowment_control', 'wdi_rents_pct_gdp', 'resource_rents_pct_gdp'
) }}
