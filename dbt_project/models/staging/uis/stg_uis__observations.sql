with source_rows as (
    select * from {{ source('uis', 'observations') }}
),

with_true_zeros as (
    select
        *,
        -- NIL is the Institute's word for a true zero; the cell itself is empty
        case when magnitude = 'NIL' then 0.0 else value end as figure
    from source_rows
)

select
    indicator_code,
    economy_code_iso3,
    period_year,
    figure as value,
    qualifier,
    case
        when figure is null then 'M'
        when magnitude = 'NIL' or figure = 0 then 'Z'
        when qualifier in ('NAT_EST', 'UIS_EST') then 'E'
        else 'A'
    end as obs_status,
    uis_version,
    _snapshot_id as snapshot_id
from with_true_zeros
