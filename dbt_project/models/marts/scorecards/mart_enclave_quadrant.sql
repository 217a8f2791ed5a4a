with cells as (
    select * from {{ ref('ind_technology__enclave_gap') }}
    where value is not null
),

terms as (
    select
        geo_id,
        period,
        value as enclave_gap,
        obs_status,
        components['fdi_z'] as fdi_z,
        components['indigenous_z'] as indigenous_z,
        cast(components['quadrant'] as integer) as quadrant_no
    from cells
)

select
    geo_id,
    period,
    fdi_z,
    indigenous_z,
    enclave_gap,
    quadrant_no,
    case quadrant_no
        when 1 then 'enclave risk'
        when 2 then 'balanced'
        when 3 then 'autonomous'
        when 4 then 'thin'
    end as quadrant,
    obs_status
from terms
