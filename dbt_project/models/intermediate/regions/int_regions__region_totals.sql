-- All industries of every region of the United States; regions are made as in
-- int_regions__cluster_cells.

with county_totals as (
    select * from {{ ref('int_regions__cbp_county_totals') }}
),

memberships as (
    select * from {{ ref('int_regions__us_memberships') }}
),

atoms as (
    select
        period_year,
        'county' as geo_type,
        'USA-FIPS-' || county_code_fips5 as geo_id,
        emp_count,
        emp_upper_count,
        is_emp_published,
        estabs_count,
        estabs_upper_count,
        is_estabs_published,
        snapshot_id
    from county_totals
    where not is_statewide
    union all
    select
        period_year,
        'state' as geo_type,
        'USA-FIPS-' || state_code_fips as geo_id,
        sum(emp_count) as emp_count,
        case
            when count(emp_upper_count) = count(*) then sum(emp_upper_count)
        end as emp_upper_count,
        min(case when is_emp_published then 1 else 0 end) = 1 as is_emp_published,
        sum(estabs_count) as estabs_count,
        sum(estabs_upper_count) as estabs_upper_count,
        min(case when is_estabs_published then 1 else 0 end) = 1 as is_estabs_published,
        max(snapshot_id) as snapshot_id
    from county_totals
    group by period_year, state_code_fips
),

-- A member without a single row in the year is not known to be empty: the sum is open upwards.
lasting as (
    select
        geo_id,
        sum(case when is_lasting then 1 else 0 end) as members_count
    from memberships
    group by geo_id
),

larger as (
    select
        atoms.period_year,
        memberships.geo_type,
        memberships.geo_id,
        sum(atoms.emp_count) as emp_count,
        case
            when count(atoms.emp_upper_count) = count(*) then sum(atoms.emp_upper_count)
        end as emp_upper_count,
        min(case when atoms.is_emp_published then 1 else 0 end) = 1 as is_emp_published,
        sum(atoms.estabs_count) as estabs_count,
        sum(atoms.estabs_upper_count) as estabs_upper_count,
        min(case when atoms.is_estabs_published then 1 else 0 end) = 1 as is_estabs_published,
        max(lasting.members_count)
        - sum(case when memberships.is_lasting then 1 else 0 end) as members_missing_count,
        max(atoms.snapshot_id) as snapshot_id
    from atoms
    inner join memberships
        on atoms.geo_id = memberships.member_geo_id
    inner join lasting
        on memberships.geo_id = lasting.geo_id
    group by atoms.period_year, memberships.geo_type, memberships.geo_id
),

regions as (
    select
        period_year,
        geo_type,
        geo_id,
        emp_count,
        emp_upper_count,
        is_emp_published,
        estabs_count,
        estabs_upper_count,
        is_estabs_published,
        0 as members_missing_count,
        snapshot_id
    from atoms
    union all
    select
        period_year,
        geo_type,
        geo_id,
        emp_count,
        case when members_missing_count = 0 then emp_upper_count end as emp_upper_count,
        is_emp_published and members_missing_count = 0 as is_emp_published,
        estabs_count,
        case when members_missing_count = 0 then estabs_upper_count end as estabs_upper_count,
        is_estabs_published and members_missing_count = 0 as is_estabs_published,
        members_missing_count,
        snapshot_id
    from larger
)

select
    cast('USA' as varchar) as economy_geo_id,
    period_year,
    geo_type,
    geo_id,
    cast(emp_count as bigint) as emp_count,
    cast(emp_upper_count as bigint) as emp_upper_count,
    is_emp_published,
    cast(estabs_count as bigint) as estabs_count,
    cast(estabs_upper_count as bigint) as estabs_upper_count,
    is_estabs_published,
    cast(members_missing_count as bigint) as members_missing_count,
    snapshot_id
from regions
