with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
),

series_cells as (
    select * from {{ ref('int_economies__series_completed') }}
)

{{ published_cells(
    'wdi_cells', "indicator_code = 'IC.FRM.TRNG.ZS'",
    'employer_training_share', 'wes_firms_pct', 'firms_offering_training_pct'
) }}
union all
{{ published_cells(
    'series_cells', "series_id = 'oecd/ict_businesses/H3_B/S_GE10'",
    'employer_training_share', 'oecd_ict_training_pct', 'firms_with_ict_training_pct'
) }}
