-- Growth of county clusters over three years beside specialisation and broadband: the newest period of the
-- cells with the newest release of the survey, and the three years before as a placebo.

with quotients as (
    select * from {{ ref('int_regions__location_quotients') }}
    where basis = 'cbp_employment' and geo_type = 'county'
),

cells as (
    select * from {{ ref('int_regions__cluster_cells') }} where geo_type = 'county'
),

households as (
    select
        'USA-FIPS-' || area_code as geo_id,
        period_year,
        max(case when line_no = 1 then estimate_count end) as households_count,
        max(case when line_no = 4 then estimate_count end) as broadband_count,
        max(snapshot_id) as snapshot_id
    from {{ ref('stg_acs__estimates') }}
    where table_code = 'B28002' and area_level = 'county' and line_no in (1, 4)
    group by area_code, period_year
),

newest as (
    select
        max(cells.period_year) as period_year,
        max(households.period_year) as survey_year
    from cells
    cross join (select max(period_year) as period_year from households) as households
),

broadband as (
    select
        households.geo_id,
        cast(households.broadband_count as double) / nullif(households.households_count, 0)
            as broadband_share,
        households.snapshot_id
    from households
    inner join newest
        on households.period_year = newest.survey_year
),

spans as (
    select
        period_year,
        period_year - 3 as start_year,
        '' as suffix
    from newest
    union all
    select
        period_year - 3 as period_year,
        period_year - 6 as start_year,
        '_placebo' as suffix
    from newest
),

pairs as (
    select
        newest.period_year,
        spans.suffix,
        after.geo_id,
        after.cluster_id,
        case
            when before.withheld_count + before.poor_quality_count
                + after.withheld_count + after.poor_quality_count = 0
                then before.emp_published_count
        end as emp_before_count,
        after.emp_published_count as emp_after_count,
        before.estabs_published_count as estabs_before_count,
        after.estabs_published_count as estabs_after_count,
        quotients.quotient as lq,
        broadband.broadband_share,
        quotients.snapshot_id as cells_snapshot_id,
        broadband.snapshot_id as survey_snapshot_id
    from spans
    cross join newest
    inner join cells as after
        on spans.period_year = after.period_year
    inner join cells as before
        on spans.start_year = before.period_year
        and after.geo_id = before.geo_id
        and after.cluster_id = before.cluster_id
    inner join quotients
        on spans.start_year = quotients.period_year
        and after.geo_id = quotients.geo_id
        and after.cluster_id = quotients.cluster_id
    inner join broadband
        on after.geo_id = broadband.geo_id
    -- small cells jump; the regression would be about them
    where before.emp_lower_count >= 50 and after.emp_lower_count >= 50
)

select
    period_year,
    'employment' || suffix as outcome,
    geo_id,
    cluster_id,
    case
        when emp_before_count > 0 and emp_after_count > 0
            then ln(cast(emp_after_count as double) / emp_before_count)
    end as growth,
    lq,
    broadband_share,
    cells_snapshot_id,
    survey_snapshot_id
from pairs
union all
select
    period_year,
    'establishments' || suffix as outcome,
    geo_id,
    cluster_id,
    case
        when estabs_before_count > 0 and estabs_after_count > 0
            then ln(cast(estabs_after_count as double) / estabs_before_count)
    end as growth,
    lq,
    broadband_share,
    cells_snapshot_id,
    survey_snapshot_id
from pairs
