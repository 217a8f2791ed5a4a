select
    -- the file's name without its suffix makes an id unique over all files
    substr(member_geo_id, 1, 3)
    || '-CUSTOM-'
    || substr(_part, 1, length(_part) - 4)
    || '.'
    || region_id as geo_id,
    region_name,
    member_geo_id,
    _snapshot_id as snapshot_id
from {{ source('regions', 'members') }}
