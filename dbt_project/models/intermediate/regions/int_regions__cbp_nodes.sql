-- The tree of NAICS in each county: every node with what is published of it and below it. What a
-- node has above the sum of what is known below it, is the room for all that is hidden below it.

with county_industries as (
    select * from {{ ref('stg_cbp__county_industries') }}
),

subsectors as (
    select
        period_year,
        state_code_fips,
        county_code_fips5,
        substr(naics_code, 1, 3) as naics_code,
        max(case when naics_level = 3 then emp_count end) as emp_count,
        max(case when naics_level = 3 then estabs_count end) as estabs_count,
        coalesce(sum(case when naics_level = 4 then emp_count end), 0) as emp_below_count,
        coalesce(sum(case when naics_level = 4 then estabs_count end), 0) as estabs_below_count,
        sum(case when naics_level = 4 then 1 else 0 end) as industries_count,
        max(snapshot_id) as snapshot_id
    from county_industries
    where naics_level in (3, 4)
    group by period_year, state_code_fips, county_code_fips5, substr(naics_code, 1, 3)
),

sector_rows as (
    select
        period_year,
        state_code_fips,
        county_code_fips5,
        {{ naics_sector('naics_code') }} as naics_code,
        emp_count,
        estabs_count,
        0 as emp_below_count,
        0 as estabs_below_count,
        0 as industries_count,
        snapshot_id
    from county_industries
    where naics_level = 2
    union all
    select
        period_year,
        state_code_fips,
        county_code_fips5,
        {{ naics_sector('naics_code') }} as naics_code,
        null as emp_count,
        null as estabs_count,
        coalesce(emp_count, emp_below_count) as emp_below_count,
        coalesce(estabs_count, estabs_below_count) as estabs_below_count,
        industries_count,
        snapshot_id
    from subsectors
),

sectors as (
    select
        period_year,
        state_code_fips,
        county_code_fips5,
        naics_code,
        max(emp_count) as emp_count,
        max(estabs_count) as estabs_count,
        sum(emp_below_count) as emp_below_count,
        sum(estabs_below_count) as estabs_below_count,
        sum(industries_count) as industries_count,
        max(snapshot_id) as snapshot_id
    from sector_rows
    group by period_year, state_code_fips, county_code_fips5, naics_code
),

total_rows as (
    select
        period_year,
        state_code_fips,
        county_code_fips5,
        emp_count,
        estabs_count,
        0 as emp_below_count,
        0 as estabs_below_count,
        0 as industries_count,
        snapshot_id
    from county_industries
    where naics_level = 0
    union all
    select
        period_year,
        state_code_fips,
        county_code_fips5,
        null as emp_count,
        null as estabs_count,
        coalesce(emp_count, emp_below_count) as emp_below_count,
        coalesce(estabs_count, estabs_below_count) as estabs_below_count,
        industries_count,
        snapshot_id
    from sectors
),

totals as (
    select
        period_year,
        state_code_fips,
        county_code_fips5,
        '' as naics_code,
        max(emp_count) as emp_count,
        max(estabs_count) as estabs_count,
        sum(emp_below_count) as emp_below_count,
        sum(estabs_below_count) as estabs_below_count,
        sum(industries_count) as industries_count,
        max(snapshot_id) as snapshot_id
    from total_rows
    group by period_year, state_code_fips, county_code_fips5
),

nodes as (
    select * from subsectors
    union all
    select * from sectors
    union all
    select * from totals
)

select
    period_year,
    state_code_fips,
    county_code_fips5,
    naics_code,
    cast(emp_count as bigint) as emp_count,
    cast(estabs_count as bigint) as estabs_count,
    cast(emp_below_count as bigint) as emp_below_count,
    cast(estabs_below_count as bigint) as estabs_below_count,
    cast(industries_count as bigint) as industries_count,
    -- Noise can make the parts sum to more than the whole: there is no room then. `greatest` skips
    -- NULL, which must stay NULL here.
    case
        when emp_count is not null then cast(greatest(emp_count - emp_below_count, 0) as bigint)
    end as emp_room_count,
    case
        when estabs_count is not null
            then cast(greatest(estabs_count - estabs_below_count, 0) as bigint)
    end as estabs_room_count,
    snapshot_id
from nodes
