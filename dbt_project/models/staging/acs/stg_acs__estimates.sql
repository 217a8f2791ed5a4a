with source_rows as (
    select * from {{ source('acs', 'estimates') }}
),

whole_areas as (
    select * from source_rows
    -- GEO_ID is summary level, variant, component and code. Component 00 is the whole area; others
    -- are parts of it (urban, rural), which would stand beside it as a second area of one code.
    where substr(geo_code_census, 6, 2) = '00' or area_level = 'metro'
)

select
    period_year,
    table_code,
    line_no,
    area_level,
    split_part(geo_code_census, 'US', 2) as area_code,
    geo_code_census,
    estimate_count,
    margin_of_error_90_count,
    -- 1.645 standard errors: the margin is that of 90 percent confidence
    margin_of_error_90_count / 1.645 as standard_error_count,
    {{ status_of_cell('estimate_count_status', 'estimate_count') }} as obs_status,
    _snapshot_id as snapshot_id
from whole_areas
