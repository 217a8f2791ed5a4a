with series_cells as (
    select * from {{ ref('int_economies__series_completed') }}
)

{{ published_cells(
    'series_cells', "series_id = 'uis/FOSGP.5T8.F500600700'",
    'stem_graduate_share', 'uis_stem_pct', 'stem_graduates_pct'
) }}
union all
{{ published_cells(
    'series_cells', "series_id = 'uis/FOSGP.5T8.F600'",
    'stem_graduate_share', 'uis_ict_pct', 'ict_graduates_pct'
) }}
