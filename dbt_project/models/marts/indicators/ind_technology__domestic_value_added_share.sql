with series_cells as (
    select * from {{ ref('int_economies__series_completed') }}
)

{{ published_cells(
    'series_cells', "series_id = 'oecd/tiva/EXGR_DVASH'",
    'domestic_value_added_share', 'oecd_tiva_pct', 'domestic_share_of_exports_pct'
) }}
