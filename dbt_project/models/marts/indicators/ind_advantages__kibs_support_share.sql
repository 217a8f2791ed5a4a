with nodes as (
    select * from {{ ref('int_regions__cbp_nodes') }}
),

region_totals as (
    select * from {{ ref('int_regions__region_totals') }}
),

memberships as (
    select * from {{ ref('int_regions__us_memberships') }}
),

counties as (
    select * from nodes where naics_code = ''
),

services as (
    select * from nodes where naics_code = '54'
),

-- Not published: at least what is known below, at most what the county's total leaves besides.
county_services as (
    select
        counties.period_year,
        counties.state_code_fips,
        counties.county_code_fips5,
        services.emp_count,
        coalesce(services.emp_count, services.emp_below_count, 0) as emp_lower_count,
        coalesce(
            services.emp_count,
            case
                when services.county_code_fips5 is null and counties.estabs_room_count = 0 then 0
            end,
            coalesce(services.emp_below_count, 0) + counties.emp_room_count
        ) as emp_upper_count
    from counties
    left join services
        on counties.period_year = services.period_year
        and counties.county_code_fips5 = services.county_code_fips5
),

atoms as (
    select
        period_year,
        'USA-FIPS-' || county_code_fips5 as geo_id,
        emp_lower_count,
        emp_upper_count
    from county_services
    where county_code_fips5 not like '%999'
    union all
    select
        period_year,
        'USA-FIPS-' || state_code_fips as geo_id,
        sum(emp_lower_count) as emp_lower_count,
        case
            when count(emp_upper_count) = count(*) then sum(emp_upper_count)
        end as emp_upper_count
    from county_services
    group by period_year, state_code_fips
),

sums as (
    select * from atoms
    union all
    select
        atoms.period_year,
        memberships.geo_id,
        sum(atoms.emp_lower_count) as emp_lower_count,
        case
            when count(atoms.emp_upper_count) = count(*) then sum(atoms.emp_upper_count)
        end as emp_upper_count
    from atoms
    inner join memberships
        on atoms.geo_id = memberships.member_geo_id
    group by atoms.period_year, memberships.geo_id
),

joined as (
    select
        sums.period_year,
        sums.geo_id,
        sums.emp_lower_count,
        case when region_totals.members_missing_count = 0 then sums.emp_upper_count end
            as emp_upper_count,
        region_totals.emp_count as region_emp_count,
        region_totals.emp_upper_count as region_emp_upper_count,
        region_totals.is_emp_published,
        region_totals.snapshot_id
    from sums
    inner join region_totals
        on sums.period_year = region_totals.period_year
        and sums.geo_id = region_totals.geo_id
),

measured as (
    select
        *,
        coalesce(is_emp_published and emp_upper_count = emp_lower_count, false) as is_exact,
        cast(emp_lower_count as double) / nullif(region_emp_count, 0) as known_share,
        cast(emp_lower_count as double) / nullif(region_emp_upper_count, 0) as share_lower,
        case
            when is_emp_published
                then cast(least(emp_upper_count, region_emp_count) as double) / nullif(region_emp_count, 0)
            else cast(emp_upper_count as double)
                / nullif(region_emp_count - emp_lower_count + emp_upper_count, 0)
        end as share_upper
    from joined
)

select
    'kibs_support_share' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'cbp_naics_54' as basis,
    case when is_exact then known_share end as value,
    case when not is_exact then coalesce(share_lower, 0) end as value_lower,
    case when not is_exact and emp_upper_count is not null then share_upper end as value_upper,
    case
        when not is_exact then 'C'
        when known_share is null then 'M'
        when known_share = 0 then 'Z'
        else 'A'
    end as obs_status,
    cast(case when is_exact and known_share is not null then 1 else 0 end as bigint) as n_obs,
    {{ terms({
        'kibs_employment_lower': 'emp_lower_count',
        'kibs_employment_upper': 'emp_upper_count',
        'all_employment': 'region_emp_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from measured
