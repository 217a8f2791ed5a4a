-- Everything that is known of a region × cluster besides its quotients: shares, rivalry, growth and
-- sizes, each with the bounds that follow from what is hidden.

with cells as (
    select * from {{ ref('int_regions__cluster_cells') }}
),

quotients as (
    select * from {{ ref('int_regions__location_quotients') }} where basis = 'cbp_employment'
),

sizes as (
    select * from {{ ref('int_regions__cluster_sizes') }}
),

years as (
    select distinct period_year from cells
),

national as (
    select
        period_year,
        cluster_id,
        sum(emp_published_count) as emp_count,
        sum(estabs_published_count) as estabs_count
    from cells
    where geo_type = 'state'
    group by period_year, cluster_id
),

known as (
    select
        cells.*,
        cells.withheld_count + cells.poor_quality_count > 0 as is_withheld,
        quotients.scheme,
        quotients.cluster_class,
        quotients.is_small,
        quotients.snapshot_id,
        quotients.nation_cluster_count as nation_emp_count,
        national.estabs_count as nation_estabs_count,
        years.period_year is not null as has_year_before,
        before.geo_id is not null as has_cell_before,
        coalesce(before.rows_count, 0) as rows_before_count,
        coalesce(before.estabs_published_count, 0) as estabs_before_count,
        case
            when before.geo_id is null then 0
            else before.estabs_upper_count
        end as estabs_before_upper_count
    from cells
    inner join quotients
        on cells.period_year = quotients.period_year
        and cells.geo_id = quotients.geo_id
        and cells.cluster_id = quotients.cluster_id
    inner join national
        on cells.period_year = national.period_year
        and cells.cluster_id = national.cluster_id
    left join years
        on cells.period_year = years.period_year + 1
    left join cells as before
        on cells.period_year = before.period_year + 1
        and cells.geo_id = before.geo_id
        and cells.cluster_id = before.cluster_id
)

select
    known.period_year,
    known.geo_type,
    known.geo_id,
    known.scheme,
    known.cluster_class,
    known.cluster_id,
    known.rows_count,
    known.withheld_count + known.poor_quality_count as withheld_count,
    known.absent_count,
    known.members_missing_count,
    known.is_withheld,
    known.is_small,
    case
        when known.withheld_count > 0 then 'C'
        when known.poor_quality_count > 0 then 'Q'
        when known.is_small then 'U'
        when known.emp_upper_count is null or known.emp_upper_count > known.emp_published_count
            or known.estabs_upper_count is null
            or known.estabs_upper_count > known.estabs_published_count then 'E'
        when known.noise_count > 0 then 'N'
        else 'A'
    end as obs_status,
    case when not known.is_withheld then known.emp_published_count end as emp_count,
    known.emp_lower_count,
    known.emp_upper_count,
    known.estabs_published_count as estabs_count,
    known.estabs_upper_count,
    known.nation_emp_count,
    known.nation_estabs_count,
    -- the region's share of the cluster in the nation
    case
        when not known.is_withheld
            then cast(known.emp_published_count as double) / nullif(known.nation_emp_count, 0)
    end as nation_share,
    cast(known.emp_lower_count as double) / nullif(known.nation_emp_count, 0) as nation_share_lower,
    cast(known.emp_upper_count as double) / nullif(known.nation_emp_count, 0) as nation_share_upper,
    -- establishments a job, against the nation
    case
        when not known.is_withheld
            then cast(known.estabs_published_count as double) * known.nation_emp_count
                / nullif(cast(known.emp_published_count as double) * known.nation_estabs_count, 0)
    end as rivalry,
    coalesce(
        cast(known.estabs_published_count as double) * known.nation_emp_count
        / nullif(cast(known.emp_upper_count as double) * known.nation_estabs_count, 0),
        0
    ) as rivalry_lower,
    cast(known.estabs_upper_count as double) * known.nation_emp_count
    / nullif(cast(known.emp_lower_count as double) * known.nation_estabs_count, 0) as rivalry_upper,
    known.has_year_before,
    known.estabs_before_count,
    known.estabs_before_upper_count,
    -- symmetric growth of establishments; not known where all of the year before is left out
    case
        when known.has_year_before and (known.rows_before_count > 0 or known.estabs_before_upper_count = 0)
            then 2.0 * (known.estabs_published_count - known.estabs_before_count)
                / nullif(known.estabs_published_count + known.estabs_before_count, 0)
    end as estabs_growth,
    case
        when known.has_year_before
            then 2.0 * (known.estabs_published_count - known.estabs_before_upper_count)
                / nullif(known.estabs_published_count + known.estabs_before_upper_count, 0)
    end as estabs_growth_lower,
    case
        when known.has_year_before
            then 2.0 * (known.estabs_upper_count - known.estabs_before_count)
                / nullif(known.estabs_upper_count + known.estabs_before_count, 0)
    end as estabs_growth_upper,
    -- SME: fewer than 500 employees; a class that is not shown could be any
    case
        when sizes.estabs_lt500_count + sizes.estabs_ge500_count = sizes.estabs_count
            then cast(sizes.estabs_lt500_count as double) / nullif(sizes.estabs_count, 0)
    end as sme_estabs_share,
    cast(sizes.estabs_lt500_count as double) / nullif(sizes.estabs_count, 0) as sme_estabs_share_lower,
    cast(sizes.estabs_count - sizes.estabs_ge500_count as double)
    / nullif(sizes.estabs_count, 0) as sme_estabs_share_upper,
    cast(sizes.estabs_lt50_count as double) / nullif(sizes.estabs_count, 0) as small_estabs_share_lower,
    cast(sizes.estabs_count - sizes.estabs_ge50_count as double)
    / nullif(sizes.estabs_count, 0) as small_estabs_share_upper,
    known.snapshot_id
from known
left join sizes
    on known.period_year = sizes.period_year
    and known.geo_id = sizes.geo_id
    and known.cluster_id = sizes.cluster_id
where known.rows_count > 0
