with county_clusters as (
    select * from {{ ref('int_regions__cbp_county_clusters') }}
),

county_totals as (
    select * from {{ ref('int_regions__cbp_county_totals') }}
),

regional_totals as (
    select
        period_year,
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

-- A state is the sum of its counties and of what could not be placed in a county.
regional_clusters as (
    select
        period_year,
        'USA-FIPS-' || county_code_fips5 as geo_id,
        false as is_state,
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
    union all
    select
        period_year,
        'USA-FIPS-' || state_code_fips as geo_id,
        true as is_state,
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

national_clusters as (
    select
        period_year,
        cluster_id,
        sum(emp_published_count) as emp_count,
        sum(estabs_published_count) as estabs_count
    from county_clusters
    group by period_year, cluster_id
),

national_totals as (
    select
        period_year,
        sum(emp_count) as emp_count,
        sum(estabs_count) as estabs_count
    from county_totals
    group by period_year
),

-- A cluster of which nothing is published is no zero: one or two establishments of each of its
-- industries may be left out. A state's zero has a row where the release proves that none is; a
-- county's has not: such rows would be most of the fact.
known_cells as (
    select * from regional_clusters
    where rows_count > 0 or (is_state and estabs_upper_count = 0)
),

joined as (
    select
        known_cells.*,
        -- Fewer than 50 jobs or 3 establishments: computed, not to be ranked.
        known_cells.estabs_published_count < 3
        or coalesce(known_cells.emp_upper_count, 50) < 50
        or (
            known_cells.withheld_count + known_cells.poor_quality_count = 0
            and known_cells.emp_published_count < 50
        ) as is_small,
        known_cells.estabs_upper_count = 0 as is_proven_zero,
        regional_totals.emp_count as region_emp_count,
        regional_totals.emp_upper_count as region_emp_upper_count,
        regional_totals.is_emp_published,
        regional_totals.estabs_count as region_estabs_count,
        regional_totals.estabs_upper_count as region_estabs_upper_count,
        regional_totals.is_estabs_published,
        regional_totals.snapshot_id,
        national_clusters.emp_count as nation_cluster_emp_count,
        national_clusters.estabs_count as nation_cluster_estabs_count,
        national_totals.emp_count as nation_emp_count,
        national_totals.estabs_count as nation_estabs_count
    from known_cells
    inner join regional_totals
        on known_cells.period_year = regional_totals.period_year
        and known_cells.geo_id = regional_totals.geo_id
    inner join national_clusters
        on known_cells.period_year = national_clusters.period_year
        and known_cells.cluster_id = national_clusters.cluster_id
    inner join national_totals
        on known_cells.period_year = national_totals.period_year
),

by_basis as (
    select
        period_year,
        geo_id,
        cluster_id,
        'cbp_employment' as basis,
        emp_published_count as cluster_count,
        emp_lower_count as cluster_lower,
        emp_upper_count as cluster_upper,
        region_emp_count as region_count,
        region_emp_upper_count as region_upper,
        is_emp_published as is_region_published,
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
        geo_id,
        cluster_id,
        'cbp_establishments' as basis,
        estabs_published_count as cluster_count,
        estabs_published_count as cluster_lower,
        estabs_upper_count as cluster_upper,
        region_estabs_count as region_count,
        region_estabs_upper_count as region_upper,
        is_estabs_published as is_region_published,
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
),

bounded as (
    select
        *,
        withheld_count + poor_quality_count > 0 as is_withheld,
        coalesce(is_region_published and cluster_upper = cluster_count, false) as is_exact,
        -- The cluster is part of the region: where the region's total is open, what is hidden in
        -- the cluster moves numerator and denominator together, and the rest of the region
        -- stands at its other end.
        case
            when is_region_published then region_count
            when cluster_lower = 0 then greatest(region_count, 1)
            when cluster_upper is null then region_upper
            else cluster_lower + region_upper - cluster_upper
        end as region_at_lower,
        case
            -- `least` and `greatest` skip NULL; noise can lift a part above its whole.
            when is_region_published and cluster_upper is not null
                then greatest(least(cluster_upper, region_count), cluster_lower)
            else cluster_upper
        end as cluster_at_upper,
        case
            when is_region_published then region_count
            else cluster_upper + region_count - cluster_count
        end as region_at_upper
    from by_basis
),

measured as (
    select
        *,
        cast(cluster_count as double) * nation_count
        / nullif(cast(region_count as double) * nation_cluster_count, 0) as published_quotient,
        cast(cluster_lower as double) * nation_count
        / nullif(cast(region_at_lower as double) * nation_cluster_count, 0) as lower_quotient,
        cast(cluster_at_upper as double) * nation_count
        / nullif(cast(region_at_upper as double) * nation_cluster_count, 0) as upper_quotient
    from bounded
)

select
    'location_quotient' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    basis,
    case when not is_withheld then published_quotient end as value,
    case
        when is_withheld then coalesce(lower_quotient, 0)
        when not is_exact then lower_quotient
    end as value_lower,
    case when not is_exact then upper_quotient end as value_upper,
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
    cast(rows_used_count as bigint) as n_obs,
    {{ terms({
        'cluster_in_region': 'case when not is_withheld then cluster_count end',
        'cluster_in_region_lower': 'cluster_lower',
        'cluster_in_region_upper': 'cluster_upper',
        'all_in_region': 'region_count',
        'all_in_region_upper': 'region_upper',
        'cluster_in_nation': 'nation_cluster_count',
        'all_in_nation': 'nation_count',
        'industries_withheld': 'withheld_count + poor_quality_count',
        'industries_maybe_hidden': 'absent_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from measured
