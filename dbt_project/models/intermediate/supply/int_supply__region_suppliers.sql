-- Employment of each industry of the accounts in each region; no row where it is proven to be zero.

with county_suppliers as (
    select * from {{ ref('int_supply__county_suppliers') }}
),

memberships as (
    select * from {{ ref('int_regions__us_memberships') }}
),

region_totals as (
    select * from {{ ref('int_regions__region_totals') }}
),

atoms as (
    select
        period_year,
        geo_id,
        bea_summary_code,
        emp_lower_count,
        emp_upper_count
    from county_suppliers
    where geo_id not like '%999'
    union all
    select
        period_year,
        state_geo_id as geo_id,
        bea_summary_code,
        sum(emp_lower_count) as emp_lower_count,
        case
            when count(emp_upper_count) = count(*) then sum(emp_upper_count)
        end as emp_upper_count
    from county_suppliers
    group by period_year, state_geo_id, bea_summary_code
),

sums as (
    select * from atoms
    union all
    select
        atoms.period_year,
        memberships.geo_id,
        atoms.bea_summary_code,
        sum(atoms.emp_lower_count) as emp_lower_count,
        case
            when count(atoms.emp_upper_count) = count(*) then sum(atoms.emp_upper_count)
        end as emp_upper_count
    from atoms
    inner join memberships
        on atoms.geo_id = memberships.member_geo_id
    group by atoms.period_year, memberships.geo_id, atoms.bea_summary_code
)

select
    sums.period_year,
    region_totals.geo_type,
    sums.geo_id,
    sums.bea_summary_code,
    cast(sums.emp_lower_count as bigint) as emp_lower_count,
    case
        when region_totals.members_missing_count = 0 then cast(sums.emp_upper_count as bigint)
    end as emp_upper_count
from sums
inner join region_totals
    on sums.period_year = region_totals.period_year
    and sums.geo_id = region_totals.geo_id
