-- Who takes part in the eigenproblem of complexity in each year, and who does not and why.
with exporter_products as (
    select * from {{ ref('int_trade__exporter_products') }}
),

economies as (
    select * from {{ ref('int_economies__baci_codes') }}
),

people as (
    select * from {{ ref('int_economies__wdi_completed') }}
    where indicator_code = 'SP.POP.TOTL' and value is not null
),

filters as (
    select * from {{ ref('complexity_filters') }}
),

exceptions as (
    select * from {{ ref('complexity_exceptions') }} where applies_to = 'economy'
),

limits as (
    select
        max(case when filter_id = 'population_min' then value end) as population_min,
        max(case when filter_id = 'exports_min' then value end) as exports_min_kusd,
        max(case when filter_id = 'economies_min' then value end) as economies_min
    from filters
),

exporters as (
    select
        period_year,
        exporter_code_baci,
        cast(sum(exports_kusd) as decimal(18, 3)) as exports_kusd,
        max(snapshot_id) as snapshot_id
    from exporter_products
    group by period_year, exporter_code_baci
),

years as (
    select
        period_year,
        max(snapshot_id) as snapshot_id
    from exporters
    group by period_year
),

-- Members of APEC stand in every year; others in the years in which they exported.
grid as (
    select
        years.period_year,
        economies.geo_id,
        economies.economy_code_baci,
        economies.is_apec,
        economies.is_covered or exporters.exports_kusd is not null as is_covered,
        exporters.exports_kusd,
        years.snapshot_id
    from years
    cross join economies
    left join exporters
        on years.period_year = exporters.period_year
        and economies.economy_code_baci = exporters.exporter_code_baci
    where economies.is_apec or exporters.exports_kusd is not null
),

-- The newest figure that is not later than the year; the oldest one where all are later.
dated_people as (
    select
        grid.period_year,
        grid.geo_id,
        people.period_year as population_year,
        people.value as population_count,
        people.snapshot_id as population_snapshot_id,
        row_number() over (
            partition by grid.period_year, grid.geo_id
            order by
                case when people.period_year <= grid.period_year then 0 else 1 end,
                abs(people.period_year - grid.period_year)
        ) as rank_in_time
    from grid
    inner join people
        on grid.geo_id = people.geo_id
),

judged as (
    select
        grid.period_year,
        grid.geo_id,
        grid.economy_code_baci,
        grid.is_apec,
        grid.is_covered,
        grid.exports_kusd,
        dated_people.population_count,
        dated_people.population_year,
        case
            when grid.exports_kusd is null then 'no exports'
            when exceptions.decision = 'exclude' then 'left out by name'
            when grid.exports_kusd < limits.exports_min_kusd then 'exports too small'
            when exceptions.decision = 'include' then 'in the sample'
            when dated_people.population_count is null then 'population not known'
            when dated_people.population_count < limits.population_min then 'population too small'
            else 'in the sample'
        end as own_verdict,
        limits.economies_min,
        grid.snapshot_id,
        dated_people.population_snapshot_id
    from grid
    cross join limits
    left join exceptions
        on grid.geo_id = exceptions.code
    left join dated_people
        on grid.period_year = dated_people.period_year
        and grid.geo_id = dated_people.geo_id
        and dated_people.rank_in_time = 1
),

counted as (
    select
        *,
        sum(case when own_verdict = 'in the sample' then 1 else 0 end) over (
            partition by period_year
        ) as economies_passed_count
    from judged
)

select
    period_year,
    geo_id,
    economy_code_baci,
    is_apec,
    is_covered,
    exports_kusd,
    population_count,
    population_year,
    own_verdict = 'in the sample' and economies_passed_count >= economies_min as is_in_sample,
    case
        when own_verdict = 'in the sample' and economies_passed_count < economies_min
            then 'too few economies in the year'
        else own_verdict
    end as sample_verdict,
    case
        when economies_passed_count >= economies_min then economies_passed_count else 0
    end as sample_count,
    snapshot_id,
    population_snapshot_id
from counted
