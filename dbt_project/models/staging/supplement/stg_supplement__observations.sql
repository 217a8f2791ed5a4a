with source_rows as (
    select * from {{ source('supplement', 'observations') }}
),

-- Two files may hold the same cell: the file that comes first in the alphabet counts.
numbered as (
    select
        *,
        row_number() over (partition by series_id, geo_id, period_year order by _part) as place
    from source_rows
)

select
    series_id as indicator_code,
    geo_id,
    cast(period_year as integer) as period_year,
    value,
    obs_status,
    source_name,
    source_url,
    licence,
    _snapshot_id as snapshot_id
from numbered
where place = 1
