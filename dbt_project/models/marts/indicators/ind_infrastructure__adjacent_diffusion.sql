with diffusions as (
    select * from {{ ref('int_regions__diffusions') }}
),

snapshots as (
    select
        period_year,
        max(snapshot_id) as snapshot_id
    from {{ ref('int_regions__region_totals') }}
    group by period_year
),

cells as (
    select
        apec_economies.geo_id,
        apec_economies.geo_id = 'USA' as is_covered,
        diffusions.*,
        before.snapshot_id as before_snapshot_id,
        after.snapshot_id as after_snapshot_id
    from {{ ref('apec_economies') }} as apec_economies
    cross join diffusions
    inner join snapshots as after
        on diffusions.period_year = after.period_year
    inner join snapshots as before
        on diffusions.period_year - diffusions.years = before.period_year
)

select
    'adjacent_diffusion' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    case years when 3 then 'cbp_counties_3y' else 'cbp_counties_5y' end as basis,
    case when is_covered then 100 * excess end as value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case
        when not is_covered then 'L'
        when excess is null then 'M'
        when excess = 0 then 'Z'
        else 'E'
    end as obs_status,
    cast(case when is_covered then new_count else 0 end as bigint) as n_obs,
    {{ terms({
        'new_regions': 'case when is_covered then new_count end',
        'regions_that_could': 'case when is_covered then eligible_count end',
        'of_them_beside_a_specialised_one': 'case when is_covered then adjacent_count end',
        'observed_share': 'case when is_covered then observed end',
        'expected_share': 'case when is_covered then expected end',
        'chance_lower_pp': 'case when is_covered then 100 * chance_lower end',
        'chance_upper_pp': 'case when is_covered then 100 * chance_upper end',
        'p_value': 'case when is_covered then p_value end',
        'permutations': 'case when is_covered then permutations_count end',
    }) }} as components,
    {{ snapshot_list([
        'case when is_covered then before_snapshot_id end',
        'case when is_covered then after_snapshot_id end',
    ]) }} as source_ids,
    '1' as method_version
from cells
