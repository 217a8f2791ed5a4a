-- Every region × cluster of the United States as an interval: counties as they are, states with
-- their remainder, and larger regions as sums of their members. A county or statistical area
-- without a row of a cluster is proven not to have it: such rows would be most of the table.

with county_clusters as (
    select * from {{ ref('int_regions__cbp_county_clusters') }}
    where rows_count > 0 or estabs_upper_count > 0
),

region_totals as (
    select * from {{ ref('int_regions__region_totals') }}
),

industry_clusters as (
    select * from {{ ref('int_regions__cbp_industry_clusters') }}
),

memberships as (
    select * from {{ ref('int_regions__us_memberships') }}
),

county_cells as (
    select
        period_year,
        'county' as geo_type,
        'USA-FIPS-' || county_code_fips5 as geo_id,
        cluster_id,
        rows_count,
        withheld_count,
        poor_quality_count,
        noise_count,
        absent_count,
        emp_published_count,
        emp_lower_count,
        emp_upper_count,
        estabs_published_count,
        estabs_upper_count
    from county_clusters
    where county_code_fips5 not like '%999'
),

-- A state is the sum of its counties and of what could not be placed in a county. An open upper
-- end leaves the sum open.
state_sums as (
    select
        period_year,
        'state' as geo_type,
        'USA-FIPS-' || state_code_fips as geo_id,
        cluster_id,
        sum(rows_count) as rows_count,
        sum(withheld_count) as withheld_count,
        sum(poor_quality_count) as poor_quality_count,
        sum(noise_count) as noise_count,
        sum(absent_count) as absent_count,
        sum(emp_published_count) as emp_published_count,
        sum(emp_lower_count) as emp_lower_count,
        case
            when count(emp_upper_count) = count(*) then sum(emp_upper_count)
        end as emp_upper_count,
        sum(estabs_published_count) as estabs_published_count,
        sum(estabs_upper_count) as estabs_upper_count
    from county_clusters
    group by period_year, state_code_fips, cluster_id
),

atoms as (
    select * from county_cells
    union all
    select * from state_sums
),

larger_sums as (
    select
        atoms.period_year,
        memberships.geo_type,
        memberships.geo_id,
        atoms.cluster_id,
        sum(atoms.rows_count) as rows_count,
        sum(atoms.withheld_count) as withheld_count,
        sum(atoms.poor_quality_count) as poor_quality_count,
        sum(atoms.noise_count) as noise_count,
        sum(atoms.absent_count) as absent_count,
        sum(atoms.emp_published_count) as emp_published_count,
        sum(atoms.emp_lower_count) as emp_lower_count,
        case
            when count(atoms.emp_upper_count) = count(*) then sum(atoms.emp_upper_count)
        end as emp_upper_count,
        sum(atoms.estabs_published_count) as estabs_published_count,
        sum(atoms.estabs_upper_count) as estabs_upper_count
    from atoms
    inner join memberships
        on atoms.geo_id = memberships.member_geo_id
    group by atoms.period_year, memberships.geo_type, memberships.geo_id, atoms.cluster_id
),

sums as (
    select * from state_sums
    union all
    select * from larger_sums
),

year_clusters as (
    select distinct
        period_year,
        cluster_id
    from industry_clusters
),

-- States and larger regions have a row for each cluster: a proven zero is worth a row there.
grid as (
    select
        region_totals.period_year,
        region_totals.geo_type,
        region_totals.geo_id,
        region_totals.members_missing_count,
        year_clusters.cluster_id
    from region_totals
    inner join year_clusters
        on region_totals.period_year = year_clusters.period_year
    where region_totals.geo_type <> 'county'
),

cells as (
    select
        period_year,
        geo_type,
        geo_id,
        cluster_id,
        rows_count,
        withheld_count,
        poor_quality_count,
        noise_count,
        absent_count,
        0 as members_missing_count,
        emp_published_count,
        emp_lower_count,
        emp_upper_count,
        estabs_published_count,
        estabs_upper_count
    from county_cells
    union all
    -- A member without a single row in the year is not known to be empty: the sum is open upwards.
    select
        grid.period_year,
        grid.geo_type,
        grid.geo_id,
        grid.cluster_id,
        coalesce(sums.rows_count, 0) as rows_count,
        coalesce(sums.withheld_count, 0) as withheld_count,
        coalesce(sums.poor_quality_count, 0) as poor_quality_count,
        coalesce(sums.noise_count, 0) as noise_count,
        coalesce(sums.absent_count, 0) as absent_count,
        grid.members_missing_count,
        coalesce(sums.emp_published_count, 0) as emp_published_count,
        coalesce(sums.emp_lower_count, 0) as emp_lower_count,
        case
            when grid.members_missing_count > 0 then null
            when sums.geo_id is null then 0
            else sums.emp_upper_count
        end as emp_upper_count,
        coalesce(sums.estabs_published_count, 0) as estabs_published_count,
        case
            when grid.members_missing_count = 0 then coalesce(sums.estabs_upper_count, 0)
        end as estabs_upper_count
    from grid
    left join sums
        on grid.period_year = sums.period_year
        and grid.geo_id = sums.geo_id
        and grid.cluster_id = sums.cluster_id
    where grid.geo_type <> 'cbsa' or sums.geo_id is not null or grid.members_missing_count > 0
)

select
    cast('USA' as varchar) as economy_geo_id,
    period_year,
    geo_type,
    geo_id,
    cluster_id,
    cast(rows_count as bigint) as rows_count,
    cast(withheld_count as bigint) as withheld_count,
    cast(poor_quality_count as bigint) as poor_quality_count,
    cast(noise_count as bigint) as noise_count,
    cast(absent_count as bigint) as absent_count,
    cast(members_missing_count as bigint) as members_missing_count,
    cast(emp_published_count as bigint) as emp_published_count,
    cast(emp_lower_count as bigint) as emp_lower_count,
    cast(emp_upper_count as bigint) as emp_upper_count,
    cast(estabs_published_count as bigint) as estabs_published_count,
    cast(estabs_upper_count as bigint) as estabs_upper_count
from cells
