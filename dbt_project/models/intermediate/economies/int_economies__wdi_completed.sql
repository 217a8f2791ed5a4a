with observations as (
    select * from {{ ref('stg_wdi__observations') }}
),

listed_economies as (
    select * from {{ ref('stg_wdi__economies') }} where not is_aggregate
),

apec_economies as (
    select * from {{ ref('apec_economies') }}
),

supplements as (
    select * from {{ ref('stg_supplement__observations') }}
),

published as (
    select * from observations where value is not null
),

known as (
    select indicator_code, period_year, snapshot_id from published
    union all
    select indicator_code, period_year, cast(null as varchar) from supplements
),

-- From the first to the last year in which anybody has a figure.
spans as (
    select
        indicator_code,
        min(period_year) as first_year,
        max(period_year) as last_year,
        max(snapshot_id) as snapshot_id
    from known
    group by indicator_code
),

span_years as (
    select
        indicator_code,
        snapshot_id,
        unnest(generate_series(first_year, last_year)) as period_year
    from spans
),

-- An empty list is a list that did not arrive: then having a code is the best that is known.
list_state as (
    select count(*) > 0 as is_landed from listed_economies
),

apec_covered as (
    select
        apec_economies.geo_id,
        apec_economies.economy_code_wdi,
        apec_economies.economy_code_wdi is not null
        and (
            not list_state.is_landed
            or apec_economies.economy_code_wdi in (select economy_code_wdi from listed_economies)
        ) as is_covered
    from apec_economies
    cross join list_state
),

-- The 21 members stand in every year of an indicator, with or without a figure.
apec_cells as (
    select
        span_years.indicator_code,
        apec_covered.geo_id,
        cast(span_years.period_year as integer) as period_year,
        published.value,
        published.source_status_code,
        apec_covered.is_covered,
        case when apec_covered.is_covered then span_years.snapshot_id end as snapshot_id
    from span_years
    cross join apec_covered
    left join published
        on span_years.indicator_code = published.indicator_code
        and span_years.period_year = published.period_year
        and apec_covered.economy_code_wdi = published.economy_code_wdi
),

-- Peers outside APEC come with the figures that they have.
peer_cells as (
    select
        published.indicator_code,
        published.economy_code_wdi as geo_id,
        published.period_year,
        published.value,
        published.source_status_code,
        true as is_covered,
        published.snapshot_id
    from published
    where
        published.economy_code_wdi not in (
            select economy_code_wdi from apec_economies where economy_code_wdi is not null
        )
        and published.economy_code_wdi not in (select geo_id from apec_economies)
),

published_cells as (
    select * from apec_cells
    union all
    select * from peer_cells
),

-- An office's own figure fills a gap; it never replaces a figure that the World Bank has.
cells as (
    select
        published_cells.indicator_code,
        published_cells.geo_id,
        published_cells.period_year,
        coalesce(published_cells.value, supplements.value) as value,
        published_cells.source_status_code,
        published_cells.is_covered,
        case when published_cells.value is null then supplements.obs_status end as filled_status,
        case
            when published_cells.value is null and supplements.value is not null
                then supplements.snapshot_id
            else published_cells.snapshot_id
        end as snapshot_id
    from published_cells
    left join supplements
        on published_cells.indicator_code = supplements.indicator_code
        and published_cells.geo_id = supplements.geo_id
        and published_cells.period_year = supplements.period_year
)

select
    indicator_code,
    geo_id,
    period_year,
    value,
    case
        when filled_status is not null then filled_status
        when not is_covered then 'L'
        when value is null then 'M'
        when source_status_code in ('E', 'F') then 'E'
        when source_status_code in ('P', 'B') then source_status_code
        when value = 0 then 'Z'
        else 'A'
    end as obs_status,
    snapshot_id
from cells
