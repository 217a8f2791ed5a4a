with cells as (
    select * from {{ ref('fct_indicator_value') }}
),

bridge as (
    select * from {{ ref('bridge_guideline_indicator') }}
),

places as (
    select * from {{ ref('dim_geo') }}
),

members as (
    select geo_id from places where is_apec
),

-- Newest period of a basis in which anybody has a value: what "up to date" means on it.
frames as (
    select
        indicator_id,
        basis,
        max(period) as newest_period
    from cells
    where value is not null
    group by indicator_id, basis
),

-- One row per place and basis: clusters and periods are gone.
summed as (
    select
        cells.indicator_id,
        cells.basis,
        cells.geo_id,
        split_part(cells.geo_id, '-', 1) as economy_id,
        places.geo_type,
        max(case when cells.value is not null then cells.period end) as latest_period,
        count(cells.value) as values_count,
        count(*) as cells_count,
        count(*) filter (cells.obs_status in ('C', 'Q')) as withheld_count,
        count(*) filter (cells.obs_status = 'L') as not_covered_count
    from cells
    inner join places
        on cells.geo_id = places.geo_id
    group by cells.indicator_id, cells.basis, cells.geo_id, places.geo_type
),

-- A period is compared by its year; a period that is no year counts by the year that it begins with.
judged as (
    select
        summed.*,
        frames.newest_period,
        cast(substr(frames.newest_period, 1, 4) as integer)
        - cast(substr(summed.latest_period, 1, 4) as integer) as years_behind
    from summed
    left join frames
        on summed.indicator_id = frames.indicator_id
        and summed.basis = frames.basis
),

-- Three years is as long as a figure may be carried forward.
by_basis as (
    select
        *,
        case
            when latest_period is not null and years_behind = 0 then 'observed'
            when latest_period is not null and years_behind <= 3 then 'carried'
            when latest_period is not null then 'outdated'
            when withheld_count > 0 then 'suppressed'
            when not_covered_count = cells_count then 'no source'
            else 'missing'
        end as coverage_status
    from judged
),

-- The best basis speaks for a place: values before none, new before old, many before few.
ranked as (
    select
        *,
        row_number() over (
            partition by indicator_id, geo_id
            order by
                case coverage_status
                    when 'observed' then 1
                    when 'carried' then 2
                    when 'outdated' then 3
                    when 'suppressed' then 4
                    when 'missing' then 5
                    else 6
                end,
                latest_period desc nulls last,
                values_count desc,
                basis
        ) as place
    from by_basis
),

best as (
    select * from ranked where place = 1
),

-- Values of an economy's regions, for indicators whose economy itself has none.
of_regions as (
    select
        indicator_id,
        economy_id,
        count(*) filter (latest_period is not null) as regions_with_value_count,
        min(case when latest_period is not null then years_behind end) as years_behind,
        max(latest_period) as latest_period
    from best
    where geo_type <> 'economy'
    group by indicator_id, economy_id
),

economy_rows as (
    select
        bridge.indicator_id,
        members.geo_id,
        'economy' as geo_type,
        best.basis,
        coalesce(
            case when best.latest_period is not null then best.latest_period end,
            of_regions.latest_period
        ) as latest_period,
        best.newest_period,
        coalesce(best.values_count, 0) as values_count,
        coalesce(of_regions.regions_with_value_count, 0) as regions_with_value_count,
        case
            when best.latest_period is not null then 'economy'
            when of_regions.regions_with_value_count > 0 then 'regions'
        end as observed_at,
        case
            when best.latest_period is not null then best.coverage_status
            when of_regions.regions_with_value_count > 0 and of_regions.years_behind = 0 then 'observed'
            when of_regions.regions_with_value_count > 0 and of_regions.years_behind <= 3 then 'carried'
            when of_regions.regions_with_value_count > 0 then 'outdated'
            else coalesce(best.coverage_status, 'no source')
        end as coverage_status
    from bridge
    cross join members
    left join best
        on bridge.indicator_id = best.indicator_id
        and members.geo_id = best.geo_id
    left join of_regions
        on bridge.indicator_id = of_regions.indicator_id
        and members.geo_id = of_regions.economy_id
),

region_rows as (
    select
        indicator_id,
        geo_id,
        geo_type,
        basis,
        latest_period,
        newest_period,
        values_count,
        0 as regions_with_value_count,
        case when latest_period is not null then 'regions' end as observed_at,
        coverage_status
    from best
    where geo_type <> 'economy'
),

rows_of_both as (
    select * from economy_rows
    union all
    select * from region_rows
)

select
    rows_of_both.indicator_id,
    rows_of_both.geo_id,
    rows_of_both.geo_type,
    bridge.block,
    bridge.is_core,
    bridge.core_no,
    rows_of_both.basis,
    rows_of_both.latest_period,
    rows_of_both.newest_period,
    cast(rows_of_both.values_count as bigint) as values_count,
    cast(rows_of_both.regions_with_value_count as bigint) as regions_with_value_count,
    rows_of_both.observed_at,
    rows_of_both.coverage_status,
    case rows_of_both.coverage_status
        when 'observed' then null
        when 'carried'
            then 'newest figure is of ' || rows_of_both.latest_period || '; others have newer ones'
        when 'outdated'
            then 'newest figure is of ' || rows_of_both.latest_period || ', more than three years behind'
        when 'suppressed' then 'withheld by the source'
        when 'missing' then 'the source covers the place and has no figure'
        else
            'no landed source covers it; what fills it: '
            || coalesce(bridge.what_fills_it, 'not stated')
    end as reason
from rows_of_both
inner join bridge
    on rows_of_both.indicator_id = bridge.indicator_id
