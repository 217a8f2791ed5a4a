-- Australia: employing businesses of areas and states by division, and the jobs that their classes of
-- employment allow. Counts are perturbed by the office; a place that is not known is in no area.

with businesses as (
    select
        period_year,
        left(sa2_code_asgs, 3) as sa4_code,
        left(sa2_code_asgs, 1) as state_code,
        division_code_anzsic,
        sum(case when size_class = 'emp_1_4' then businesses_count end) as from_1_count,
        sum(case when size_class = 'emp_5_19' then businesses_count end) as from_5_count,
        sum(case when size_class = 'emp_20_199' then businesses_count end) as from_20_count,
        sum(case when size_class = 'emp_200_plus' then businesses_count end) as from_200_count,
        max(snapshot_id) as snapshot_id
    from {{ ref('stg_abs__businesses') }}
    where
        businesses_count is not null
        and sa2_code_asgs not like '%9499'
        and left(sa2_code_asgs, 1) <> '9'
    group by period_year, left(sa2_code_asgs, 3), left(sa2_code_asgs, 1), division_code_anzsic
),

placed as (
    select *, 'au_sa4' as geo_type, 'AUS-SA4-' || sa4_code as geo_id from businesses
    union all
    select *, 'au_state' as geo_type, 'AUS-STE-' || state_code as geo_id from businesses
    union all
    select *, 'economy' as geo_type, 'AUS' as geo_id from businesses
),

coded as (
    -- what no division is known of is in the total only
    select *, division_code_anzsic as industry_code from placed where division_code_anzsic <> 'U'
    union all
    select *, '' as industry_code from placed
),

sums as (
    select
        period_year,
        geo_type,
        geo_id,
        industry_code,
        sum(from_1_count) as from_1_count,
        sum(from_5_count) as from_5_count,
        sum(from_20_count) as from_20_count,
        sum(from_200_count) as from_200_count,
        max(snapshot_id) as snapshot_id
    from coded
    group by period_year, geo_type, geo_id, industry_code
),

-- Sizes of the nation follow one Pareto law an industry: its exponent is what the counts above the two
-- highest limits imply (metrics.concentration.plants_from_bins has the same law).
laws as (
    select
        period_year,
        industry_code,
        from_200_count,
        greatest(
            case
                when from_200_count > 0 and from_20_count > 0
                    then ln((from_20_count + from_200_count) / from_200_count) / ln(10)
            end,
            1.059
        ) as alpha
    from sums
    where geo_type = 'economy'
),

means as (
    select
        period_year,
        industry_code,
        {% for lower, upper in [(1, 4), (5, 19), (20, 199)] -%}
        alpha / (alpha - 1) * (pow({{ lower }}, 1 - alpha) - pow({{ upper }}, 1 - alpha))
        / (pow({{ lower }}, -alpha) - pow({{ upper }}, -alpha)) as mean_from_{{ lower }},
        {% endfor -%}
        coalesce(
            200 * list_avg(
                list_transform(
                    range(cast(from_200_count as bigint)),
                    lambda i: pow(1 - (i + 0.5) / from_200_count, -1 / alpha)
                )
            ),
            200
        ) as mean_from_200
    from laws
)

select
    'AUS' as economy_geo_id,
    'abs' as source_id,
    sums.geo_type,
    sums.geo_id,
    cast(sums.period_year as bigint) as period_year,
    'ANZSIC2006' as industry_scheme,
    sums.industry_code,
    cast(null as bigint) as emp_count,
    round(
        sums.from_1_count * means.mean_from_1 + sums.from_5_count * means.mean_from_5
        + sums.from_20_count * means.mean_from_20 + sums.from_200_count * means.mean_from_200,
        6
    ) as emp_estimate,
    cast(
        sums.from_1_count + sums.from_5_count * 5 + sums.from_20_count * 20
        + sums.from_200_count * 200 as bigint
    ) as emp_lower_count,
    case
        when sums.from_200_count = 0
            then cast(sums.from_1_count * 4 + sums.from_5_count * 19 + sums.from_20_count * 199 as bigint)
    end as emp_upper_count,
    'E' as emp_status,
    cast(
        sums.from_1_count + sums.from_5_count + sums.from_20_count + sums.from_200_count as bigint
    ) as estabs_count,
    cast(
        sums.from_1_count + sums.from_5_count + sums.from_20_count + sums.from_200_count as bigint
    ) as estabs_lower_count,
    cast(
        sums.from_1_count + sums.from_5_count + sums.from_20_count + sums.from_200_count as bigint
    ) as estabs_upper_count,
    'N' as estabs_status,
    sums.snapshot_id
from sums
inner join means
    on sums.period_year = means.period_year
    and sums.industry_code = means.industry_code
