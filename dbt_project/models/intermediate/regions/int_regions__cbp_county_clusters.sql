-- Each county × cluster as an interval: what is published, and how much can be hidden at most.

with county_industries as (
    select * from {{ ref('stg_cbp__county_industries') }}
),

nodes as (
    select * from {{ ref('int_regions__cbp_nodes') }}
),

industry_clusters as (
    select * from {{ ref('int_regions__cbp_industry_clusters') }}
),

industries as (
    select * from county_industries where naics_level = 4
),

hidden_industries as (
    select * from industries where emp_count is null
),

-- What the finer levels show of a withheld industry is its least.
published_below as (
    select
        below.period_year,
        below.county_code_fips5,
        substr(below.naics_code, 1, 4) as naics_code,
        greatest(
            coalesce(sum(case when below.naics_level = 5 then below.emp_count end), 0),
            coalesce(sum(case when below.naics_level = 6 then below.emp_count end), 0)
        ) as emp_count
    from county_industries as below
    inner join hidden_industries
        on below.period_year = hidden_industries.period_year
        and below.county_code_fips5 = hidden_industries.county_code_fips5
        and substr(below.naics_code, 1, 4) = hidden_industries.naics_code
    where below.naics_level in (5, 6)
    group by below.period_year, below.county_code_fips5, substr(below.naics_code, 1, 4)
),

-- Size classes: N there means "fewer than three or not available", so that they bound from above
-- only where the classes shown hold all establishments and none has 5,000 employees or more.
sized as (
    select
        period_year,
        county_code_fips5,
        naics_code,
        coalesce(estabs_5_9_count, 0) * 5
        + coalesce(estabs_10_19_count, 0) * 10
        + coalesce(estabs_20_49_count, 0) * 20
        + coalesce(estabs_50_99_count, 0) * 50
        + coalesce(estabs_100_249_count, 0) * 100
        + coalesce(estabs_250_499_count, 0) * 250
        + coalesce(estabs_500_999_count, 0) * 500
        + coalesce(estabs_ge1000_count, 0) * 1000 as emp_lower_count,
        case
            when
                coalesce(estabs_lt5_count, 0)
                + coalesce(estabs_5_9_count, 0)
                + coalesce(estabs_10_19_count, 0)
                + coalesce(estabs_20_49_count, 0)
                + coalesce(estabs_50_99_count, 0)
                + coalesce(estabs_100_249_count, 0)
                + coalesce(estabs_250_499_count, 0)
                + coalesce(estabs_500_999_count, 0)
                + coalesce(estabs_1000_1499_count, 0)
                + coalesce(estabs_1500_2499_count, 0)
                + coalesce(estabs_2500_4999_count, 0) = estabs_count
                then
                    coalesce(estabs_lt5_count, 0) * 4
                    + coalesce(estabs_5_9_count, 0) * 9
                    + coalesce(estabs_10_19_count, 0) * 19
                    + coalesce(estabs_20_49_count, 0) * 49
                    + coalesce(estabs_50_99_count, 0) * 99
                    + coalesce(estabs_100_249_count, 0) * 249
                    + coalesce(estabs_250_499_count, 0) * 499
                    + coalesce(estabs_500_999_count, 0) * 999
                    + coalesce(estabs_1000_1499_count, 0) * 1499
                    + coalesce(estabs_1500_2499_count, 0) * 2499
                    + coalesce(estabs_2500_4999_count, 0) * 4999
        end as emp_upper_count
    from hidden_industries
),

hidden_bounds as (
    select
        sized.period_year,
        sized.county_code_fips5,
        sized.naics_code,
        greatest(sized.emp_lower_count, coalesce(published_below.emp_count, 0)) as emp_lower_count,
        sized.emp_upper_count
    from sized
    left join published_below
        on sized.period_year = published_below.period_year
        and sized.county_code_fips5 = published_below.county_code_fips5
        and sized.naics_code = published_below.naics_code
),

-- From here on a cluster is a number: the grid below has a row for each county, cluster and
-- three-digit node, and grouping by long names would be most of its cost.
clusters as (
    select
        cluster_id,
        row_number() over (order by cluster_id) as cluster_no
    from industry_clusters
    group by cluster_id
),

numbered_industries as (
    select
        industry_clusters.period_year,
        industry_clusters.naics_code,
        cast(clusters.cluster_no as integer) as cluster_no
    from industry_clusters
    inner join clusters
        on industry_clusters.cluster_id = clusters.cluster_id
),

group_industries as (
    select
        period_year,
        cluster_no,
        substr(naics_code, 1, 3) as subsector_code,
        {{ naics_sector('naics_code') }} as sector_code,
        count(*) as industries_count
    from numbered_industries
    group by
        period_year,
        cluster_no,
        substr(naics_code, 1, 3),
        {{ naics_sector('naics_code') }}
),

group_published as (
    select
        industries.period_year,
        industries.county_code_fips5,
        numbered_industries.cluster_no,
        substr(industries.naics_code, 1, 3) as subsector_code,
        count(*) as rows_count,
        sum(case when industries.is_emp_withheld then 1 else 0 end) as withheld_count,
        sum(case when industries.is_emp_of_poor_quality then 1 else 0 end) as poor_quality_count,
        sum(case when industries.is_emp_noise_infused then 1 else 0 end) as noise_count,
        sum(coalesce(industries.emp_count, 0)) as emp_published_count,
        sum(coalesce(hidden_bounds.emp_lower_count, 0)) as emp_hidden_lower_count,
        sum(coalesce(hidden_bounds.emp_upper_count, 0)) as emp_hidden_upper_count,
        sum(
            case
                when industries.emp_count is null and hidden_bounds.emp_upper_count is null then 1
                else 0
            end
        ) as unbounded_count,
        sum(industries.estabs_count) as estabs_published_count
    from industries
    inner join numbered_industries
        on industries.period_year = numbered_industries.period_year
        and industries.naics_code = numbered_industries.naics_code
    left join hidden_bounds
        on industries.period_year = hidden_bounds.period_year
        and industries.county_code_fips5 = hidden_bounds.county_code_fips5
        and industries.naics_code = hidden_bounds.naics_code
    group by
        industries.period_year,
        industries.county_code_fips5,
        numbered_industries.cluster_no,
        substr(industries.naics_code, 1, 3)
),

published as (
    select
        period_year,
        county_code_fips5,
        cluster_no,
        sum(rows_count) as rows_count,
        sum(withheld_count) as withheld_count,
        sum(poor_quality_count) as poor_quality_count,
        sum(noise_count) as noise_count,
        sum(emp_published_count) as emp_published_count,
        sum(emp_hidden_lower_count) as emp_hidden_lower_count,
        sum(estabs_published_count) as estabs_published_count
    from group_published
    group by period_year, county_code_fips5, cluster_no
),

counties as (
    select * from nodes where naics_code = ''
),

subsectors as (
    select * from nodes where length(naics_code) = 3
),

sectors as (
    select * from nodes where length(naics_code) = 2
),

-- A node that is full, or that nothing lies below, hides nothing: it needs no row.
sector_groups as (
    select
        counties.period_year,
        counties.county_code_fips5,
        group_industries.cluster_no,
        group_industries.subsector_code,
        group_industries.industries_count,
        case
            when sectors.estabs_count is not null then sectors.naics_code
        end as estabs_anchor_code,
        coalesce(sectors.estabs_room_count, counties.estabs_room_count) as estabs_room_count,
        case
            when sectors.emp_count is not null then sectors.naics_code
        end as emp_anchor_code,
        coalesce(sectors.emp_room_count, counties.emp_room_count) as emp_room_count
    from counties
    inner join group_industries
        on counties.period_year = group_industries.period_year
    left join sectors
        on counties.period_year = sectors.period_year
        and counties.county_code_fips5 = sectors.county_code_fips5
        and group_industries.sector_code = sectors.naics_code
    where sectors.naics_code is not null or coalesce(counties.estabs_room_count, 1) > 0
),

-- The lowest published node above an industry holds all that is hidden of it.
subsector_groups as (
    select
        sector_groups.period_year,
        sector_groups.county_code_fips5,
        sector_groups.cluster_no,
        sector_groups.subsector_code,
        sector_groups.industries_count,
        case
            when subsectors.estabs_count is not null then subsectors.naics_code
            else sector_groups.estabs_anchor_code
        end as estabs_anchor_code,
        coalesce(
            subsectors.estabs_room_count, sector_groups.estabs_room_count
        ) as estabs_room_count,
        case
            when subsectors.emp_count is not null then subsectors.naics_code
            else sector_groups.emp_anchor_code
        end as emp_anchor_code,
        coalesce(subsectors.emp_room_count, sector_groups.emp_room_count) as emp_room_count
    from sector_groups
    left join subsectors
        on sector_groups.period_year = subsectors.period_year
        and sector_groups.county_code_fips5 = subsectors.county_code_fips5
        and sector_groups.subsector_code = subsectors.naics_code
    where subsectors.naics_code is not null or coalesce(sector_groups.estabs_room_count, 1) > 0
),

anchored as (
    select
        subsector_groups.period_year,
        subsector_groups.county_code_fips5,
        subsector_groups.cluster_no,
        subsector_groups.estabs_anchor_code,
        subsector_groups.estabs_room_count,
        subsector_groups.emp_anchor_code,
        subsector_groups.emp_room_count,
        subsector_groups.industries_count - coalesce(group_published.rows_count, 0) as gaps_count,
        coalesce(
            group_published.withheld_count + group_published.poor_quality_count, 0
        ) as hidden_rows_count,
        coalesce(group_published.emp_hidden_upper_count, 0) as emp_hidden_upper_count,
        coalesce(group_published.unbounded_count, 0) as unbounded_count
    from subsector_groups
    left join group_published
        on subsector_groups.period_year = group_published.period_year
        and subsector_groups.county_code_fips5 = group_published.county_code_fips5
        and subsector_groups.cluster_no = group_published.cluster_no
        and subsector_groups.subsector_code = group_published.subsector_code
),

-- An industry that is left out has one or two establishments, or none; none if its node is full.
judged as (
    select
        period_year,
        county_code_fips5,
        cluster_no,
        estabs_anchor_code,
        emp_anchor_code,
        estabs_room_count,
        emp_room_count,
        hidden_rows_count,
        emp_hidden_upper_count,
        unbounded_count,
        case when estabs_room_count = 0 then 0 else gaps_count end as absent_count
    from anchored
),

by_anchor as (
    select
        period_year,
        county_code_fips5,
        cluster_no,
        estabs_anchor_code,
        emp_anchor_code,
        max(estabs_room_count) as estabs_room_count,
        max(emp_room_count) as emp_room_count,
        sum(absent_count) as absent_count,
        sum(emp_hidden_upper_count) as emp_hidden_upper_count,
        sum(unbounded_count) as unbounded_count
    from judged
    where absent_count > 0 or hidden_rows_count > 0
    group by
        period_year, county_code_fips5, cluster_no, estabs_anchor_code, emp_anchor_code
),

estabs_by_anchor as (
    select
        period_year,
        county_code_fips5,
        cluster_no,
        sum(absent_count) as absent_count,
        least(
            2 * sum(absent_count), coalesce(max(estabs_room_count), 2 * sum(absent_count))
        ) as estabs_hidden_count
    from by_anchor
    group by period_year, county_code_fips5, cluster_no, estabs_anchor_code
),

estabs_hidden as (
    select
        period_year,
        county_code_fips5,
        cluster_no,
        sum(absent_count) as absent_count,
        sum(estabs_hidden_count) as estabs_hidden_count
    from estabs_by_anchor
    group by period_year, county_code_fips5, cluster_no
),

emp_by_anchor as (
    select
        period_year,
        county_code_fips5,
        cluster_no,
        max(emp_room_count) as emp_room_count,
        sum(emp_hidden_upper_count) as emp_hidden_upper_count,
        sum(absent_count) + sum(unbounded_count) as unbounded_count
    from by_anchor
    group by period_year, county_code_fips5, cluster_no, emp_anchor_code
),

emp_hidden as (
    select
        period_year,
        county_code_fips5,
        cluster_no,
        sum(
            case
                when unbounded_count > 0 then emp_room_count
                else least(emp_hidden_upper_count, coalesce(emp_room_count, emp_hidden_upper_count))
            end
        ) as emp_hidden_count,
        sum(
            case when unbounded_count > 0 and emp_room_count is null then 1 else 0 end
        ) as unbounded_count
    from emp_by_anchor
    group by period_year, county_code_fips5, cluster_no
),

year_clusters as (
    select distinct
        period_year,
        cluster_no
    from group_industries
),

grid as (
    select
        counties.period_year,
        counties.state_code_fips,
        counties.county_code_fips5,
        year_clusters.cluster_no
    from counties
    inner join year_clusters
        on counties.period_year = year_clusters.period_year
),

cells as (
    select
        grid.period_year,
        grid.state_code_fips,
        grid.county_code_fips5,
        clusters.cluster_id,
        coalesce(published.rows_count, 0) as rows_count,
        coalesce(published.withheld_count, 0) as withheld_count,
        coalesce(published.poor_quality_count, 0) as poor_quality_count,
        coalesce(published.noise_count, 0) as noise_count,
        coalesce(estabs_hidden.absent_count, 0) as absent_count,
        coalesce(published.emp_published_count, 0) as emp_published_count,
        coalesce(published.emp_hidden_lower_count, 0) as emp_hidden_lower_count,
        coalesce(emp_hidden.emp_hidden_count, 0) as emp_hidden_count,
        coalesce(emp_hidden.unbounded_count, 0) > 0 as is_unbounded,
        coalesce(published.estabs_published_count, 0) as estabs_published_count,
        coalesce(estabs_hidden.estabs_hidden_count, 0) as estabs_hidden_count
    from grid
    inner join clusters
        on grid.cluster_no = clusters.cluster_no
    left join published
        on grid.period_year = published.period_year
        and grid.county_code_fips5 = published.county_code_fips5
        and grid.cluster_no = published.cluster_no
    left join estabs_hidden
        on grid.period_year = estabs_hidden.period_year
        and grid.county_code_fips5 = estabs_hidden.county_code_fips5
        and grid.cluster_no = estabs_hidden.cluster_no
    left join emp_hidden
        on grid.period_year = emp_hidden.period_year
        and grid.county_code_fips5 = emp_hidden.county_code_fips5
        and grid.cluster_no = emp_hidden.cluster_no
)

select
    period_year,
    state_code_fips,
    county_code_fips5,
    cluster_id,
    cast(rows_count as bigint) as rows_count,
    cast(withheld_count as bigint) as withheld_count,
    cast(poor_quality_count as bigint) as poor_quality_count,
    cast(noise_count as bigint) as noise_count,
    cast(absent_count as bigint) as absent_count,
    cast(emp_published_count as bigint) as emp_published_count,
    cast(emp_published_count + emp_hidden_lower_count as bigint) as emp_lower_count,
    case
        when not is_unbounded
            then cast(
                emp_published_count + greatest(emp_hidden_count, emp_hidden_lower_count) as bigint
            )
    end as emp_upper_count,
    cast(estabs_published_count as bigint) as estabs_published_count,
    cast(estabs_published_count + estabs_hidden_count as bigint) as estabs_upper_count
from cells
