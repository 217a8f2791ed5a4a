with source_rows as (
    select * from {{ source('microsoft', 'counties') }}
),

-- Renamed counties only: one that was divided has no single successor, and one that went into a county
-- which the file has too would stand there twice.
renamed as (
    select
        source_rows._snapshot_id,
        source_rows._row_no,
        crosswalk.to_county_code_fips5
    from source_rows
    inner join {{ ref('us_county_crosswalk') }} as crosswalk
        on source_rows.county_code_fips5 = crosswalk.from_county_code_fips5
        and source_rows.period_year >= crosswalk.changed_in_year
    left join source_rows as successors
        on source_rows.period_year = successors.period_year
        and crosswalk.to_county_code_fips5 = successors.county_code_fips5
    where crosswalk.weight = 1 and crosswalk.share_of_successor = 1
        and successors.county_code_fips5 is null
)

select
    source_rows.period_year,
    coalesce(renamed.to_county_code_fips5, source_rows.county_code_fips5) as county_code_fips5,
    source_rows.county_code_fips5 as county_code_fips5_published,
    source_rows.county_name,
    source_rows.broadband_availability_share,
    source_rows.broadband_usage_share,
    {{ status_of_cell('broadband_availability_share_status', 'broadband_availability_share') }}
        as availability_obs_status,
    {{ status_of_cell('broadband_usage_share_status', 'broadband_usage_share') }} as obs_status,
    source_rows._snapshot_id as snapshot_id
from source_rows
left join renamed
    on source_rows._snapshot_id = renamed._snapshot_id
    and source_rows._row_no = renamed._row_no
