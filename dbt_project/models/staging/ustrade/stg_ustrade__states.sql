with source_rows as (
    select * from {{ source('ustrade', 'states') }}
),

-- Names of the file that the lists of states and territories write out.
codes as (
    select
        state_code_fips,
        case state_code_fips when '11' then 'Dist of Columbia' else state_name end as state_name_census
    from {{ ref('us_states') }}
    union all
    select
        state_code_fips,
        case state_code_fips when '78' then 'US Virgin Islands' else state_name end as state_name_census
    from {{ ref('us_territories') }}
)

select
    source_rows.period_year,
    codes.state_code_fips,
    source_rows.state_name_census,
    source_rows.commodity_code_naics,
    source_rows.commodity_name,
    source_rows.exports_usd,
    source_rows._snapshot_id as snapshot_id
from source_rows
left join codes
    on source_rows.state_name_census = codes.state_name_census
