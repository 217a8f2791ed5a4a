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

-- Industries of a cluster below one three-digit node.
group_industries as (
    select
        period_year,
        scheme,
        scheme_version,
        cluster_id,
        substr(naics_code, 1, 3) as subsector_code,
        {{ naics_sector('naics_code') }} as sector_code,
        count(*) as industries_count
    from industry_clusters
    group by
        period_year,
        scheme,
        scheme_version,
        cluster_id,
        substr(naics_code, 1, 3),
        {{ naics_sector('naics_code') }}
),

group_published as (
    select
        industries.period_year,
        industries.county_code_fips5,
        industry_clusters.scheme,
        industry_clusters.scheme_version,
        industry_clusters.cluster_id,
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
    inner join industry_clusters
        on industries.period_year = industry_clusters.period_year
        and industries.naics_code = industry_clusters.naics_code
    left join hidden_bounds
        on industries.period_year = hidden_bounds.period_year
        and industries.county_code_fips5 = hidden_bounds.county_code_fips5
        and industries.naics_code = hidden_bounds.naics_code
    group by
        industries.period_year,
        industries.county_code_fips5,
        industry_clusters.scheme,
        industry_clusters.scheme_version,
        industry_clusters.cluster_id,
        substr(industries.naics_code, 1, 3)
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

-- The lowest published node above an industry holds all that is hidden of it.
anchored as (
    select
        counties.period_year,
        counties.state_code_fips,
        counties.county_code_fips5,
        counties.snapshot_id,
        group_industries.scheme,
        group_industries.scheme_version,
        group_industries.cluster_id,
        group_industries.industries_count,
        coalesce(group_published.rows_count, 0) as rows_count,
        coalesce(group_published.withheld_count, 0) as withheld_count,
        coalesce(group_published.poor_quality_count, 0) as poor_quality_count,
        coalesce(group_published.noise_count, 0) as noise_count,
        coalesce(group_published.emp_published_count, 0) as emp_published_count,
        coalesce(group_published.emp_hidden_lower_count, 0) as emp_hidden_lower_count,
        coalesce(group_published.emp_hidden_upper_count, 0) as emp_hidden_upper_count,
        coalesce(group_published.unbounded_count, 0) as unbounded_count,
        coalesce(group_published.estabs_published_count, 0) as estabs_published_count,
        case
            when subsectors.estabs_count is not null then group_industries.subsector_code
            when sectors.estabs_count is not null then group_industries.sector_code
            when counties.estabs_count is not null then 'total'
        end as estabs_anchor_code,
        coalesce(
            subsectors.estabs_room_count, sectors.estabs_room_count, counties.estabs_room_count
        ) as estabs_room_count,
        case
            when subsectors.emp_count is not null then group_industries.subsector_code
            when sectors.emp_count is not null then group_industries.sector_code
            when counties.emp_count is not null then 'total'
        end as emp_anchor_code,
        coalesce(
            subsectors.emp_room_count, sectors.emp_room_count, counties.emp_room_count
        ) as emp_room_count
    from counties
    inner join group_industries
        on counties.period_year = group_industries.period_year
    left join group_published
        on counties.period_year = group_published.period_year
        and counties.county_code_fips5 = group_published.county_code_fips5
        and group_industries.scheme = group_published.scheme
        and group_industries.scheme_version = group_published.scheme_version
        and group_industries.cluster_id = group_published.cluster_id
        and group_industries.subsector_code = group_published.subsector_code
    left join subsectors
        on counties.period_year = subsectors.period_year
        and counties.county_code_fips5 = subsectors.county_code_fips5
        and group_industries.subsector_code = subsectors.naics_code
    left join sectors
        on counties.period_year = sectors.period_year
        and counties.county_code_fips5 = sectors.county_code_fips5
        and group_industries.sector_code = sectors.naics_code
),

-- An industry that is left out has one or two establishments, or none; none if its node is full.
judged as (
    select
        *,
        case
            when coalesce(estabs_room_count, 1) = 0 then 0
            else industries_count - rows_count
        end as absent_count
    from anchored
),

estabs_by_anchor as (
    select
        period_year,
        county_code_fips5,
        scheme,
        scheme_version,
        cluster_id,
        least(
            2 * sum(absent_count), coalesce(max(estabs_room_count), 2 * sum(absent_count))
        ) as estabs_hidden_count
    from judged
    group by
        period_year, county_code_fips5, scheme, scheme_version, cluster_id, estabs_anchor_code
),

estabs_hidden as (
    select
        period_year,
        county_code_fips5,
        scheme,
        scheme_version,
        cluster_id,
        sum(estabs_hidden_count) as estabs_hidden_count
    from estabs_by_anchor
    group by period_year, county_code_fips5, scheme, scheme_version, cluster_id
),

emp_by_anchor as (
    select
        period_year,
        county_code_fips5,
        scheme,
        scheme_version,
        cluster_id,
        max(emp_room_count) as emp_room_count,
        sum(emp_hidden_upper_count) as emp_hidden_upper_count,
        sum(absent_count) + sum(unbounded_count) as unbounded_count
    from judged
    where absent_count > 0 or withheld_count > 0 or poor_quality_count > 0
    group by
        period_year, county_code_fips5, scheme, scheme_version, cluster_id, emp_anchor_code
),

emp_hidden as (
    select
        period_year,
        county_code_fips5,
        scheme,
        scheme_version,
        cluster_id,
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
    group by period_year, county_code_fips5, scheme, scheme_version, cluster_id
),

cells as (
    select
        period_year,
        state_code_fips,
        county_code_fips5,
        scheme,
        scheme_version,
        cluster_id,
        max(snapshot_id) as snapshot_id,
        sum(industries_count) as industries_count,
        sum(rows_count) as rows_count,
        sum(withheld_count) as withheld_count,
        sum(poor_quality_count) as poor_quality_count,
        sum(noise_count) as noise_count,
        sum(absent_count) as absent_count,
        sum(emp_published_count) as emp_published_count,
        sum(emp_hidden_lower_count) as emp_hidden_lower_count,
        sum(estabs_published_count) as estabs_published_count
    from judged
    group by
        period_year, state_code_fips, county_code_fips5, scheme, scheme_version, cluster_id
)

select
    cells.period_year,
    cells.state_code_fips,
    cells.county_code_fips5,
    cells.scheme,
    cells.scheme_version,
    cells.cluster_id,
    cast(cells.industries_count as bigint) as industries_count,
    cast(cells.rows_count as bigint) as rows_count,
    cast(cells.withheld_count as bigint) as withheld_count,
    cast(cells.poor_quality_count as bigint) as poor_quality_count,
    cast(cells.noise_count as bigint) as noise_count,
    cast(cells.absent_count as bigint) as absent_count,
    cast(cells.emp_published_count as bigint) as emp_published_count,
    cast(cells.emp_published_count + cells.emp_hidden_lower_count as bigint) as emp_lower_count,
    case
        when coalesce(emp_hidden.unbounded_count, 0) = 0
            then cast(
                cells.emp_published_count
                + greatest(coalesce(emp_hidden.emp_hidden_count, 0), cells.emp_hidden_lower_count)
                as bigint
            )
    end as emp_upper_count,
    cast(cells.estabs_published_count as bigint) as estabs_published_count,
    cast(
        cells.estabs_published_count + estabs_hidden.estabs_hidden_count as bigint
    ) as estabs_upper_count,
    cells.snapshot_id
from cells
inner join estabs_hidden
    on cells.period_year = estabs_hidden.period_year
    and cells.county_code_fips5 = estabs_hidden.county_code_fips5
    and cells.scheme = estabs_hidden.scheme
    and cells.scheme_version = estabs_hidden.scheme_version
    and cells.cluster_id = estabs_hidden.cluster_id
left join emp_hidden
    on cells.period_year = emp_hidden.period_year
    and cells.county_code_fips5 = emp_hidden.county_code_fips5
    and cells.scheme = emp_hidden.scheme
    and cells.scheme_version = emp_hidden.scheme_version
    and cells.cluster_id = emp_hidden.cluster_id
