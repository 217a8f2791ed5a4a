select
    from_scheme,
    from_code,
    to_scheme,
    to_code,
    weight,
    -- the file, without its suffix
    substr(_part, 1, length(_part) - 4) as origin,
    _snapshot_id as snapshot_id
from {{ source('concordance', 'links') }}
