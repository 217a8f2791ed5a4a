{%- set cohorts_count = 5 %}

with grid as (
    select * from {{ ref('int_trade__exporter_grid') }}
),

cohorts as (
    select * from {{ ref('int_trade__spell_cohorts') }}
),

years as (
    select distinct period_year from grid
),

bounds as (
    select min(period_year) as first_year from years
),

gaps as (
    select 0 as gap_years
    union all
    select 1 as gap_years
),

-- The first year of which three ages of some cohort are known: two years of zeros, the beginning,
-- three years after it, and one more where a gap has to be told from an end.
windows as (
    select
        years.period_year,
        gaps.gap_years
    from years
    cross join gaps
    cross join bounds
    where years.period_year >= bounds.first_year + 5 + gaps.gap_years
),

-- What was known at the end of a year, of the flows that began in the {{ cohorts_count }} years before it.
life_tables as (
    select
        windows.period_year,
        windows.gap_years,
        cohorts.exporter_code_baci,
        cohorts.scheme,
        cohorts.scheme_version,
        cohorts.cluster_id,
        cohorts.age_years,
        sum(cohorts.at_risk_count) as at_risk_count,
        sum(cohorts.ended_count) as ended_count
    from windows
    inner join cohorts
        on windows.gap_years = cohorts.gap_years
        and cohorts.start_year >= windows.period_year - {{ cohorts_count }}
        and cohorts.start_year + cohorts.age_years + cohorts.gap_years <= windows.period_year
    group by
        windows.period_year,
        windows.gap_years,
        cohorts.exporter_code_baci,
        cohorts.scheme,
        cohorts.scheme_version,
        cohorts.cluster_id,
        cohorts.age_years
),

wide as (
    select
        period_year,
        gap_years,
        exporter_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        {%- for age in [1, 2, 3] %}
        cast(coalesce(max(case when age_years = {{ age }} then at_risk_count end), 0) as double)
            as at_risk_{{ age }},
        cast(coalesce(max(case when age_years = {{ age }} then ended_count end), 0) as double)
            as ended_{{ age }}{{ ',' if not loop.last }}
        {%- endfor %}
    from life_tables
    group by period_year, gap_years, exporter_code_baci, scheme, scheme_version, cluster_id
),

survived as (
    select
        *,
        1 - ended_1 / nullif(at_risk_1, 0) as survival_1y,
        -- once nobody is left, nobody is at risk, and survival stays zero
        case
            when at_risk_1 > 0 and at_risk_1 = ended_1 then 0
            else
                (1 - ended_1 / nullif(at_risk_1, 0)) * (1 - ended_2 / nullif(at_risk_2, 0))
        end as survival_2y,
        case
            when at_risk_1 > 0 and at_risk_1 = ended_1 then 0
            when at_risk_2 > 0 and at_risk_2 = ended_2 then 0
            else
                (1 - ended_1 / nullif(at_risk_1, 0))
                * (1 - ended_2 / nullif(at_risk_2, 0))
                * (1 - ended_3 / nullif(at_risk_3, 0))
        end as survival_3y,
        ended_1 / nullif(at_risk_1 * (at_risk_1 - ended_1), 0)
        + ended_2 / nullif(at_risk_2 * (at_risk_2 - ended_2), 0)
        + ended_3 / nullif(at_risk_3 * (at_risk_3 - ended_3), 0) as greenwood_sum
    from wide
),

joined as (
    select
        grid.period_year,
        grid.geo_id,
        grid.cluster_id,
        grid.is_covered,
        grid.exporters_count,
        grid.snapshot_id,
        windows.gap_years,
        case when grid.economy_exports_kusd is not null then survived.survival_3y end as value,
        survived.survival_1y,
        survived.survival_2y,
        survived.at_risk_1,
        survived.at_risk_2,
        survived.at_risk_3,
        survived.ended_1,
        survived.ended_2,
        survived.ended_3,
        -- No end at all, or nothing but ends, has no variance: that is not certainty.
        case
            when survived.survival_3y > 0 and survived.greenwood_sum > 0
                then survived.survival_3y * sqrt(survived.greenwood_sum)
        end as standard_error
    from grid
    inner join windows
        on grid.period_year = windows.period_year
    left join survived
        on {{ on_exporter_cell('survived') }}
        and windows.gap_years = survived.gap_years
)

select
    'export_survival_3y' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as {{ text_type() }}) as period,
    case when gap_years = 0 then 'baci_hs6_strict' else 'baci_hs6_gap_1y' end as basis,
    value,
    case
        when value is null or standard_error is null then null
        when value - 1.959963984540054 * standard_error < 0 then 0
        else value - 1.959963984540054 * standard_error
    end as value_lower,
    case
        when value is null or standard_error is null then null
        when value + 1.959963984540054 * standard_error > 1 then 1
        else value + 1.959963984540054 * standard_error
    end as value_upper,
    {{ status_of_exporter_cell('value', few='at_risk_1 < 100', zero='value = 0') }} as obs_status,
    cast(coalesce(at_risk_1, 0) as bigint) as n_obs,
    {{ terms({
        'survival_1y': 'survival_1y',
        'survival_2y': 'survival_2y',
        'standard_error': 'case when value is not null then standard_error end',
        'at_risk_1': 'at_risk_1',
        'at_risk_2': 'at_risk_2',
        'at_risk_3': 'at_risk_3',
        'ended_1': 'ended_1',
        'ended_2': 'ended_2',
        'ended_3': 'ended_3',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from joined
