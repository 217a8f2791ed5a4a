with interactions as (
    select * from {{ ref('int_regions__ict_interactions') }}
),

snapshots as (
    select
        period_year,
        survey,
        outcome,
        max(cells_snapshot_id) as cells_snapshot_id,
        max(survey_snapshot_id) as survey_snapshot_id
    from {{ ref('int_regions__ict_cells') }}
    group by period_year, survey, outcome
),

cells as (
    select
        apec_economies.geo_id,
        apec_economies.geo_id = 'USA' as is_covered,
        interactions.*,
        snapshots.cells_snapshot_id,
        snapshots.survey_snapshot_id
    from {{ ref('apec_economies') }} as apec_economies
    cross join interactions
    inner join snapshots
        on interactions.period_year = snapshots.period_year
        and interactions.survey = snapshots.survey
        and interactions.outcome = snapshots.outcome
)

select
    'ict_cluster_interaction' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'cbp_' || survey || '_' || outcome as basis,
    case when is_covered then delta end as value,
    case when is_covered then delta_lower end as value_lower,
    case when is_covered then delta_upper end as value_upper,
    case
        when not is_covered then 'L'
        when delta is null then 'M'
        else 'E'
    end as obs_status,
    cast(case when is_covered then observations_count else 0 end as bigint) as n_obs,
    {{ terms({
        'p_value': 'case when is_covered then p_value end',
        'effect_of_cluster': 'case when is_covered then cluster_effect end',
        'effect_of_broadband_alone': 'case when is_covered then broadband_effect end',
        'effect_of_broadband_at_lq_p25': 'case when is_covered then broadband_at_p25 end',
        'effect_of_broadband_at_lq_p75': 'case when is_covered then broadband_at_p75 end',
        'regions': 'case when is_covered then regions_count end',
    }) }} as components,
    {{ snapshot_list([
        'case when is_covered then cells_snapshot_id end',
        'case when is_covered then survey_snapshot_id end',
    ]) }} as source_ids,
    '1' as method_version
from cells
