with concentrations as (
    select * from {{ ref('int_regions__concentrations') }} where kind = 'cluster'
),

snapshots as (
    select
        'USA' as economy_geo_id,
        period_year,
        max(snapshot_id) as snapshot_id
    from {{ ref('int_regions__region_totals') }}
    group by period_year
    union all
    select
        'AUS' as economy_geo_id,
        period_year,
        max(snapshot_id) as snapshot_id
    from {{ ref('stg_abs__businesses') }}
    group by period_year
),

cells as (
    select
        apec_economies.geo_id,
        apec_economies.geo_id = concentrations.economy_geo_id as is_covered,
        concentrations.*,
        snapshots.snapshot_id
    from {{ ref('apec_economies') }} as apec_economies
    cross join concentrations
    inner join snapshots
        on concentrations.period_year = snapshots.period_year
        and concentrations.economy_geo_id = snapshots.economy_geo_id
)

select
    'ellison_glaeser_gamma' as indicator_id,
    geo_id,
    industry as cluster_id,
    cast(period_year as varchar) as period,
    case geo_type
        when 'state' then 'cbp_states'
        when 'county' then 'cbp_counties'
        when 'au_sa2' then 'abs_businesses_sa2'
        when 'au_sa4' then 'abs_businesses_sa4'
        when 'au_state' then 'abs_businesses_states'
    end as basis,
    case when is_covered then gamma end as value,
    case when is_covered and gamma_lower is not null then least(gamma_lower, gamma) end as value_lower,
    case when is_covered and gamma_upper is not null then greatest(gamma_upper, gamma) end as value_upper,
    case
        when not is_covered then 'L'
        when gamma is null then 'M'
        when withheld_count > 0 then 'I'
        else 'E'
    end as obs_status,
    cast(case when is_covered then regions_count else 0 end as bigint) as n_obs,
    {{ terms({
        'raw_concentration': 'case when is_covered then raw_concentration end',
        'herfindahl_of_plants': 'case when is_covered then herfindahl_plants end',
        'year_of_plant_sizes': 'case when is_covered then size_year end',
        'plants': 'case when is_covered then plants_count end',
        'regions_with_the_cluster': 'case when is_covered then regions_count end',
        'regions_withheld': 'case when is_covered then withheld_count end',
        'mean_size_open_class': 'case when is_covered then mean_size_open_class end',
        'perturbation_part': 'case when is_covered then perturbation_part end',
        'chance_lower': 'case when is_covered then chance_lower end',
        'chance_upper': 'case when is_covered then chance_upper end',
        'p_value': 'case when is_covered then p_value end',
    }) }} as components,
    {{ snapshot_list(['case when is_covered then snapshot_id end']) }} as source_ids,
    '1' as method_version
from cells
