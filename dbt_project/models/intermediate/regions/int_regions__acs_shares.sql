with estimates as (
    select * from {{ ref('stg_acs__estimates') }}
),

-- Lines 22 to 25 of B15003 are bachelor's degree and more; line 4 of B28002 is broadband of any type.
measured as (
    select
        *,
        case
            when table_code = 'B15003' and line_no between 22 and 25 then 'tertiary'
            when table_code = 'B28002' and line_no = 4 then 'broadband'
        end as measure,
        case table_code when 'B15003' then 4 else 1 end as lines_count
    from estimates
    where area_level in ('nation', 'state', 'county')
),

totals as (
    select
        period_year,
        table_code,
        geo_code_census,
        estimate_count as denominator_count,
        margin_of_error_90_count as denominator_moe_count
    from estimates
    where line_no = 1
),

-- Margin of a sum: the root of the summed squares (handbook of the survey, chapter 8).
numerators as (
    select
        period_year,
        table_code,
        measure,
        area_level,
        area_code,
        geo_code_census,
        case
            when count(estimate_count) = max(lines_count) then sum(estimate_count)
        end as numerator_count,
        case
            when count(margin_of_error_90_count) = max(lines_count)
                then sqrt(sum(margin_of_error_90_count * margin_of_error_90_count))
        end as numerator_moe_count,
        max(case when obs_status in ('C', 'Q') then obs_status end) as withheld_status,
        max(snapshot_id) as snapshot_id
    from measured
    where measure is not null
    group by period_year, table_code, measure, area_level, area_code, geo_code_census
),

shares as (
    select
        numerators.period_year,
        numerators.measure,
        numerators.area_level,
        numerators.area_code,
        numerators.numerator_count,
        totals.denominator_count,
        numerators.numerator_moe_count,
        -- a controlled total has no sampling error
        coalesce(totals.denominator_moe_count, 0) as denominator_moe_count,
        numerators.withheld_status,
        numerators.snapshot_id,
        numerators.numerator_count / nullif(totals.denominator_count, 0) as share
    from numerators
    left join totals
        on numerators.period_year = totals.period_year
        and numerators.table_code = totals.table_code
        and numerators.geo_code_census = totals.geo_code_census
),

-- Margin of a proportion, and of a ratio where the term under the root is negative (the same
-- chapter).
with_margins as (
    select
        *,
        sqrt(
            case
                when
                    numerator_moe_count * numerator_moe_count
                    >= share * share * denominator_moe_count * denominator_moe_count
                    then
                        numerator_moe_count * numerator_moe_count
                        - share * share * denominator_moe_count * denominator_moe_count
                else
                    numerator_moe_count * numerator_moe_count
                    + share * share * denominator_moe_count * denominator_moe_count
            end
        ) / nullif(denominator_count, 0) as share_moe
    from shares
)

select
    period_year,
    measure,
    case area_level
        when 'nation' then 'USA'
        else 'USA-FIPS-' || area_code
    end as geo_id,
    area_level,
    numerator_count,
    denominator_count,
    100.0 * share as share_pct,
    100.0 * share_moe as share_moe_90_pct,
    case
        when share is null then coalesce(withheld_status, 'M')
        -- a coefficient of variation over 40 percent: shown, not ranked
        when share_moe / 1.645 > 0.4 * share then 'U'
        when share = 0 then 'Z'
        else 'A'
    end as obs_status,
    snapshot_id
from with_margins
