-- Growth of county clusters over three years beside specialisation and broadband: the newest period of the
-- cells, and the three years before as a placebo. Of each survey of broadband the newest release that is
-- not after the start of the growth is taken, or else the oldest there is.

with quotients as (
    select * from {{ ref('int_regions__location_quotients') }}
    where basis = 'cbp_employment' and geo_type = 'county'
),

cells as (
    select * from {{ ref('int_regions__cluster_cells') }} where geo_type = 'county'
),

households as (
    select
        area_code,
        period_year,
        max(case when line_no = 1 then estimate_count end) as households_count,
        max(case when line_no = 4 then estimate_count end) as broadband_count,
        max(snapshot_id) as snapshot_id
    from {{ ref('stg_acs__estimates') }}
    where table_code = 'B28002' and area_level = 'county' and line_no in (1, 4)
    group by area_code, period_year
),

surveyed as (
    select
        'acs' as survey,
        'USA-FIPS-' || area_code as geo_id,
        period_year,
        cast(broadband_count as double) / nullif(households_count, 0) as broadband_share,
        snapshot_id
    from households
    union all
    select
        'microsoft' as survey,
        'USA-FIPS-' || county_code_fips5 as geo_id,
        period_year,
        broadband_usage_share as broadband_share,
        snapshot_id
    from {{ ref('stg_microsoft__counties') }}
),

newest as (
    select max(period_year) as period_year from cells
),

releases as (
    select
        surveyed.survey,
        coalesce(
            max(case when surveyed.period_year <= newest.period_year - 3 then surveyed.period_year end),
            min(surveyed.period_year)
        ) as survey_year
    from surveyed
    cross join newest
    group by surveyed.survey
),

broadband as (
    select surveyed.*
    from surveyed
    inner join releases
        on surveyed.survey = releases.survey
        and surveyed.period_year = releases.survey_year
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
        broadband.survey,
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
    survey,
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
    survey,
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
