-- Location quotients of every region × cluster of which something is published, on three bases,
-- with the bounds that follow from what is hidden. The nation is held as published.

with cells as (
    select * from {{ ref('int_regions__cluster_cells') }}
),

region_totals as (
    select * from {{ ref('int_regions__region_totals') }}
),

clusters as (
    select * from {{ ref('dim_cluster') }} where cluster_id <> 'all'
),

-- States and their remainders hold all that the nation holds.
national_clusters as (
    select
        cells.period_year,
        cells.cluster_id,
        coalesce(clusters.scheme, '') as scheme,
        coalesce(clusters.cluster_class, '') as cluster_class,
        sum(cells.emp_published_count) as emp_count,
        sum(cells.estabs_published_count) as estabs_count
    from cells
    left join clusters
        on cells.cluster_id = clusters.cluster_id
    where cells.geo_type = 'state'
    group by
        cells.period_year,
        cells.cluster_id,
        coalesce(clusters.scheme, ''),
        coalesce(clusters.cluster_class, '')
),

national_classes as (
    select
        period_year,
        scheme,
        cluster_class,
        sum(emp_count) as emp_count
    from national_clusters
    group by period_year, scheme, cluster_class
),

national_totals as (
    select
        period_year,
        sum(emp_count) as emp_count,
        sum(estabs_count) as estabs_count
    from region_totals
    where geo_type = 'state'
    group by period_year
),

classed as (
    select
        cells.*,
        national_clusters.scheme,
        national_clusters.cluster_class,
        national_clusters.emp_count as nation_cluster_emp_count,
        national_clusters.estabs_count as nation_cluster_estabs_count,
        cells.withheld_count + cells.poor_quality_count > 0 as is_withheld
    from cells
    inner join national_clusters
        on cells.period_year = national_clusters.period_year
        and cells.cluster_id = national_clusters.cluster_id
),

-- A withheld cell stands in the sum of its class with the middle of its interval, or with its
-- least where no upper end is known: every point then lies within its bounds.
class_totals as (
    select
        period_year,
        geo_id,
        scheme,
        cluster_class,
        sum(
            case
                when is_withheld then coalesce((emp_lower_count + emp_upper_count) / 2.0, emp_lower_count)
                else emp_published_count
            end
        ) as emp_estimate,
        sum(emp_lower_count) as emp_lower_count,
        coalesce(sum(emp_upper_count), 0) as emp_bounded_upper_count,
        count(*) - count(emp_upper_count) as unbounded_count
    from classed
    group by period_year, geo_id, scheme, cluster_class
),

scheme_totals as (
    select
        period_year,
        geo_id,
        scheme,
        sum(emp_lower_count) as emp_lower_count
    from class_totals
    group by period_year, geo_id, scheme
),

-- A cluster of which nothing is published is no zero: one or two establishments of each of its
-- industries may be left out. A zero has a row where the release proves that none is, except in
-- counties and statistical areas: such rows would be most of the table.
known_cells as (
    select * from classed
    where rows_count > 0 or (geo_type not in ('county', 'cbsa') and estabs_upper_count = 0)
),

joined as (
    select
        known_cells.*,
        -- Fewer than 50 jobs or 3 establishments: computed, not to be ranked.
        known_cells.estabs_published_count < 3
        or coalesce(known_cells.emp_upper_count, 50) < 50
        or (not known_cells.is_withheld and known_cells.emp_published_count < 50) as is_small,
        coalesce(known_cells.estabs_upper_count = 0, false) as is_proven_zero,
        region_totals.emp_count as region_emp_count,
        region_totals.emp_upper_count as region_emp_upper_count,
        region_totals.is_emp_published,
        region_totals.estabs_count as region_estabs_count,
        region_totals.estabs_upper_count as region_estabs_upper_count,
        region_totals.is_estabs_published,
        region_totals.snapshot_id,
        class_totals.emp_estimate as class_emp_estimate,
        class_totals.emp_lower_count as class_emp_lower_count,
        case
            when class_totals.unbounded_count = 0 then class_totals.emp_bounded_upper_count
        end as class_emp_upper_count,
        case
            when class_totals.unbounded_count = case when known_cells.emp_upper_count is null then 1 else 0 end
                then class_totals.emp_bounded_upper_count - coalesce(known_cells.emp_upper_count, 0)
        end as class_others_emp_upper_count,
        scheme_totals.emp_lower_count - class_totals.emp_lower_count as other_classes_emp_lower_count,
        national_classes.emp_count as nation_class_emp_count,
        national_totals.emp_count as nation_emp_count,
        national_totals.estabs_count as nation_estabs_count
    from known_cells
    inner join region_totals
        on known_cells.period_year = region_totals.period_year
        and known_cells.geo_id = region_totals.geo_id
    inner join class_totals
        on known_cells.period_year = class_totals.period_year
        and known_cells.geo_id = class_totals.geo_id
        and known_cells.scheme = class_totals.scheme
        and known_cells.cluster_class = class_totals.cluster_class
    inner join scheme_totals
        on known_cells.period_year = scheme_totals.period_year
        and known_cells.geo_id = scheme_totals.geo_id
        and known_cells.scheme = scheme_totals.scheme
    inner join national_classes
        on known_cells.period_year = national_classes.period_year
        and known_cells.scheme = national_classes.scheme
        and known_cells.cluster_class = national_classes.cluster_class
    inner join national_totals
        on known_cells.period_year = national_totals.period_year
),

by_basis as (
    select
        period_year,
        geo_type,
        geo_id,
        scheme,
        cluster_class,
        cluster_id,
        'cbp_employment' as basis,
        emp_published_count as cluster_count,
        emp_lower_count as cluster_lower,
        emp_upper_count as cluster_upper,
        cast(region_emp_count as double) as region_count,
        region_emp_upper_count as region_upper,
        is_emp_published as is_region_published,
        region_emp_count - emp_published_count as others_lower,
        region_emp_upper_count - emp_upper_count as others_upper,
        nation_cluster_emp_count as nation_cluster_count,
        nation_emp_count as nation_count,
        rows_count - withheld_count - poor_quality_count as rows_used_count,
        withheld_count,
        poor_quality_count,
        noise_count,
        absent_count,
        is_small,
        is_proven_zero,
        snapshot_id
    from joined
    union all
    select
        period_year,
        geo_type,
        geo_id,
        scheme,
        cluster_class,
        cluster_id,
        'cbp_establishments' as basis,
        estabs_published_count as cluster_count,
        estabs_published_count as cluster_lower,
        estabs_upper_count as cluster_upper,
        cast(region_estabs_count as double) as region_count,
        region_estabs_upper_count as region_upper,
        is_estabs_published as is_region_published,
        region_estabs_count - estabs_published_count as others_lower,
        region_estabs_upper_count - estabs_upper_count as others_upper,
        nation_cluster_estabs_count as nation_cluster_count,
        nation_estabs_count as nation_count,
        rows_count as rows_used_count,
        0 as withheld_count,
        0 as poor_quality_count,
        0 as noise_count,
        absent_count,
        is_small,
        is_proven_zero,
        snapshot_id
    from joined
    union all
    -- The class has no total of its own in the source: it is exact where all its clusters are.
    select
        period_year,
        geo_type,
        geo_id,
        scheme,
        cluster_class,
        cluster_id,
        'cbp_employment_in_class' as basis,
        emp_published_count as cluster_count,
        emp_lower_count as cluster_lower,
        emp_upper_count as cluster_upper,
        cast(class_emp_estimate as double) as region_count,
        class_emp_upper_count as region_upper,
        coalesce(class_emp_upper_count = class_emp_lower_count, false) as is_region_published,
        class_emp_lower_count - emp_lower_count as others_lower,
        least(
            class_others_emp_upper_count,
            case
                when is_emp_published
                    then greatest(
                        region_emp_count - other_classes_emp_lower_count - emp_lower_count,
                        class_emp_lower_count - emp_lower_count
                    )
            end
        ) as others_upper,
        nation_cluster_emp_count as nation_cluster_count,
        nation_class_emp_count as nation_count,
        rows_count - withheld_count - poor_quality_count as rows_used_count,
        withheld_count,
        poor_quality_count,
        noise_count,
        absent_count,
        is_small,
        is_proven_zero,
        snapshot_id
    from joined
),

bounded as (
    select
        *,
        withheld_count + poor_quality_count > 0 as is_withheld,
        is_proven_zero
        or coalesce(is_region_published and cluster_upper = cluster_count, false) as is_exact,
        -- The cluster is part of the region: where the region's total is open, what is hidden in
        -- the cluster moves numerator and denominator together, and the rest of the region
        -- stands at its other end.
        case
            when is_region_published then region_count
            when cluster_lower = 0 then greatest(region_count, 1)
            else coalesce(cluster_lower + others_upper, region_upper)
        end as region_at_lower,
        case
            -- `least` and `greatest` skip NULL; noise can lift a part above its whole.
            when is_region_published and cluster_upper is not null
                then greatest(least(cluster_upper, region_count), cluster_lower)
            else cluster_upper
        end as cluster_at_upper,
        case
            when is_region_published then region_count
            else cluster_upper + others_lower
        end as region_at_upper
    from by_basis
),

measured as (
    select
        *,
        cast(cluster_count as double) * nation_count
        / nullif(region_count * nation_cluster_count, 0) as published_quotient,
        cast(cluster_lower as double) * nation_count
        / nullif(cast(region_at_lower as double) * nation_cluster_count, 0) as lower_quotient,
        cast(cluster_at_upper as double) * nation_count
        / nullif(cast(region_at_upper as double) * nation_cluster_count, 0) as upper_quotient
    from bounded
)

select
    period_year,
    geo_type,
    geo_id,
    scheme,
    cluster_class,
    cluster_id,
    basis,
    case when not is_withheld then published_quotient end as quotient,
    case
        when is_withheld then coalesce(lower_quotient, 0)
        when not is_exact then lower_quotient
    end as quotient_lower,
    case when not is_exact then upper_quotient end as quotient_upper,
    case
        when withheld_count > 0 then 'C'
        when poor_quality_count > 0 then 'Q'
        when published_quotient is null then 'M'
        when is_proven_zero then 'Z'
        when is_small then 'U'
        when not is_exact then 'E'
        when noise_count > 0 then 'N'
        else 'A'
    end as obs_status,
    cast(rows_used_count as bigint) as rows_used_count,
    case when not is_withheld then cluster_count end as cluster_count,
    cluster_lower,
    cluster_upper,
    region_count,
    region_upper,
    nation_cluster_count,
    nation_count,
    withheld_count + poor_quality_count as withheld_count,
    absent_count,
    is_small,
    snapshot_id
from measured
