with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
),

-- What makes two economies comparable before any policy: wealth, size, what they produce and sell,
-- and what nature gave.
dimensions as (
    select 'NY.GDP.PCAP.PP.KD' as indicator_code, 'income' as dimension, true as is_log
    union all
    select 'SP.POP.TOTL' as indicator_code, 'population' as dimension, true as is_log
    union all
    select 'NV.IND.TOTL.ZS' as indicator_code, 'industry_share' as dimension, false as is_log
    union all
    select 'NE.EXP.GNFS.ZS' as indicator_code, 'exports_share' as dimension, true as is_log
    union all
    select 'NY.GDP.TOTL.RT.ZS' as indicator_code, 'resource_rents' as dimension, false as is_log
),

observed as (
    select
        dimensions.dimension,
        wdi_cells.geo_id,
        wdi_cells.period_year,
        case
            when not dimensions.is_log then wdi_cells.value
            when wdi_cells.value > 0 then ln(wdi_cells.value)
        end as amount
    from wdi_cells
    inner join dimensions
        on wdi_cells.indicator_code = dimensions.indicator_code
    where wdi_cells.value is not null
),

newest_years as (
    select
        dimension,
        max(period_year) as newest_year
    from observed
    group by dimension
),

-- The newest figure of each economy, at most five years behind the newest of anybody.
latest as (
    select
        observed.dimension,
        observed.geo_id,
        observed.amount,
        row_number() over (
            partition by observed.dimension, observed.geo_id
            order by observed.period_year desc
        ) as recency
    from observed
    inner join newest_years
        on observed.dimension = newest_years.dimension
        and observed.period_year >= newest_years.newest_year - 5
    where observed.amount is not null
),

moments as (
    select
        dimension,
        {{ in_order('avg', 'amount') }} as mean_amount,
        {{ in_order('stddev_pop', 'amount') }} as sd_amount
    from latest
    where recency = 1
    group by dimension
),

standardised as (
    select
        latest.dimension,
        latest.geo_id,
        (latest.amount - moments.mean_amount) / nullif(moments.sd_amount, 0) as z
    from latest
    inner join moments
        on latest.dimension = moments.dimension
    where latest.recency = 1
),

members as (
    select geo_id from {{ ref('apec_economies') }}
),

differences as (
    select
        mine.geo_id,
        theirs.geo_id as similar_geo_id,
        mine.dimension,
        theirs.z - mine.z as difference
    from standardised as mine
    inner join standardised as theirs
        on mine.dimension = theirs.dimension
        and mine.geo_id <> theirs.geo_id
    where
        mine.geo_id in (select geo_id from members)
        and mine.z is not null
        and theirs.z is not null
),

-- Root of the mean of squares, so that a pair with a dimension less is not nearer for that; with
-- fewer than three dimensions there is no distance.
distances as (
    select
        geo_id,
        similar_geo_id,
        sqrt({{ in_order('avg', 'difference * difference') }}) as distance,
        count(*) as dimensions_count,
        max(case when dimension = 'income' then difference end) as income_difference,
        max(case when dimension = 'population' then difference end) as population_difference,
        max(case when dimension = 'industry_share' then difference end) as industry_difference,
        max(case when dimension = 'exports_share' then difference end) as exports_difference,
        max(case when dimension = 'resource_rents' then difference end) as resources_difference
    from differences
    group by geo_id, similar_geo_id
    having count(*) >= 3
),

ranked as (
    select
        *,
        row_number() over (partition by geo_id order by distance, similar_geo_id) as similarity_rank
    from distances
)

select
    geo_id,
    similar_geo_id,
    cast(similarity_rank as integer) as similarity_rank,
    distance,
    cast(dimensions_count as integer) as dimensions_count,
    income_difference,
    population_difference,
    industry_difference,
    exports_difference,
    resources_difference
from ranked
where similarity_rank <= 10
