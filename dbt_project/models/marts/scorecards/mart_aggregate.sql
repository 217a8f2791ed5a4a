with cells as (
    select * from {{ ref('fct_indicator_value') }}
    where cluster_id = 'all' and regexp_full_match(period, '[0-9]{4}')
),

bridge as (
    select * from {{ ref('bridge_guideline_indicator') }}
),

members as (
    select * from {{ ref('dim_geo') }} where is_apec
),

population as (
    select
        geo_id,
        period_year,
        value as population_count
    from {{ ref('int_economies__wdi_completed') }}
    where indicator_code = 'SP.POP.TOTL' and value is not null
),

unit_groups as (
    select
        'apec' as unit_group,
        geo_id
    from members
    union all
    select
        'apec_income_' || lower(income_level_code) as unit_group,
        geo_id
    from members
    where income_level_code is not null
),

-- The population of the year, or the newest one before it: it is a weight, and moves slowly.
weights as (
    select
        cells.indicator_id,
        cells.basis,
        cells.period,
        cells.geo_id,
        cells.value,
        cells.obs_status,
        max(population.population_count) as population_count
    from cells
    inner join members
        on cells.geo_id = members.geo_id
    left join (
        select
            population.*,
            lead(period_year) over (partition by geo_id order by period_year) as next_year
        from population
    ) as population
        on cells.geo_id = population.geo_id
        and cast(cells.period as integer) >= population.period_year
        and (population.next_year is null or cast(cells.period as integer) < population.next_year)
    group by
        cells.indicator_id, cells.basis, cells.period, cells.geo_id, cells.value, cells.obs_status
),

summed as (
    select
        unit_groups.unit_group,
        weights.indicator_id,
        weights.basis,
        weights.period,
        count(*) as units_count,
        count(weights.value) as units_with_value_count,
        {{ in_order('sum', 'weights.population_count') }} as all_weight,
        {{ in_order('sum', 'case when weights.value is not null then weights.population_count end') }}
            as known_weight,
        {{ in_order('sum', 'weights.value * weights.population_count') }} as weighted_sum,
        median(weights.value) as median_value,
        count(*) filter (weights.obs_status in ('C', 'Q')) as withheld_count,
        count(*) filter (weights.obs_status = 'Z') as nil_count
    from weights
    inner join unit_groups
        on weights.geo_id = unit_groups.geo_id
    group by unit_groups.unit_group, weights.indicator_id, weights.basis, weights.period
),

covered as (
    select
        summed.*,
        summed.units_with_value_count * 1.0 / summed.units_count as units_share,
        coalesce(summed.known_weight / nullif(summed.all_weight, 0), 0) as weight_share
    from summed
    -- an index, or a number without a direction of its own, has no mean that says anything
    inner join bridge
        on summed.indicator_id = bridge.indicator_id
        and not bridge.is_index
),

-- Two thirds of the units and two thirds of the weight, as in StatsAPEC.
judged as (
    select
        *,
        units_share >= 2.0 / 3.0 and weight_share >= 2.0 / 3.0 as is_enough
    from covered
)

select
    unit_group,
    indicator_id,
    basis,
    period,
    case when is_enough then weighted_sum / nullif(known_weight, 0) end as weighted_mean,
    case when is_enough then median_value end as median_value,
    cast(units_count as integer) as units_count,
    cast(units_with_value_count as integer) as units_with_value_count,
    units_share,
    weight_share,
    case
        when is_enough and nil_count = units_with_value_count then '-'
        when is_enough and abs(weighted_sum / nullif(known_weight, 0)) < 0.05 then '0.0'
        when is_enough then ''
        when withheld_count > 0 and units_with_value_count + withheld_count >= 2.0 / 3.0 * units_count
            then '(c)'
        else '…'
    end as notation
from judged
