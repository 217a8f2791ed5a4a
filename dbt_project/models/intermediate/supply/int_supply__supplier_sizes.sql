-- Jobs of each industry of the accounts in each state that are in establishments under 50 employees, as
-- an interval: establishments are counted by size class, and a class that is not shown hides some.

with state_industries as (
    select * from {{ ref('stg_cbp__state_industries') }}
    where legal_form_code = '-' and naics_level = 4
),

prefixes as (
    select * from {{ ref('int_supply__naics_prefixes') }}
),

counted as (
    select
        *,
        coalesce(estabs_lt5_count, 0) + coalesce(estabs_5_9_count, 0) + coalesce(estabs_10_19_count, 0)
        + coalesce(estabs_20_49_count, 0) as small_estabs_count,
        1 * coalesce(estabs_lt5_count, 0) + 5 * coalesce(estabs_5_9_count, 0)
        + 10 * coalesce(estabs_10_19_count, 0) + 20 * coalesce(estabs_20_49_count, 0) as small_least_count,
        4 * coalesce(estabs_lt5_count, 0) + 9 * coalesce(estabs_5_9_count, 0)
        + 19 * coalesce(estabs_10_19_count, 0) + 49 * coalesce(estabs_20_49_count, 0) as small_most_count,
        50 * coalesce(estabs_50_99_count, 0) + 100 * coalesce(estabs_100_249_count, 0)
        + 250 * coalesce(estabs_250_499_count, 0) + 500 * coalesce(estabs_500_999_count, 0)
        + 1000 * coalesce(estabs_ge1000_count, 0) as large_least_count,
        coalesce(estabs_50_99_count, 0) + coalesce(estabs_100_249_count, 0)
        + coalesce(estabs_250_499_count, 0) + coalesce(estabs_500_999_count, 0)
        + coalesce(estabs_ge1000_count, 0) as large_estabs_count
    from state_industries
),

-- An establishment in no class that is shown is small with 0 to 49 jobs, or not small.
bounded as (
    select
        *,
        small_most_count + 49 * greatest(estabs_count - small_estabs_count - large_estabs_count, 0)
            as small_room_count
    from counted
),

-- With a known total, large establishments leave the rest. Noise in the total may contradict the
-- counts; it is then the end that the counts give which holds.
fitted as (
    select
        *,
        case
            when emp_count is null then small_least_count
            else least(small_least_count, emp_count)
        end as small_lower_count,
        case
            when emp_count is null then small_room_count
            else greatest(
                least(small_least_count, emp_count),
                least(small_room_count, emp_count - large_least_count)
            )
        end as small_upper_count
    from bounded
)

select
    fitted.period_year,
    'USA-FIPS-' || fitted.state_code_fips as geo_id,
    prefixes.bea_summary_code,
    cast(sum(fitted.small_lower_count) as bigint) as small_lower_count,
    cast(sum(fitted.small_upper_count) as bigint) as small_upper_count,
    -- the middle of each class, within the bounds
    sum(
        least(
            greatest((fitted.small_least_count + fitted.small_most_count) / 2.0, fitted.small_lower_count),
            fitted.small_upper_count
        )
    ) as small_middle_count,
    cast(sum(fitted.large_least_count) as bigint) as large_lower_count,
    case
        when count(fitted.emp_count) = count(*) then cast(sum(fitted.emp_count) as bigint)
    end as emp_count,
    max(fitted.snapshot_id) as snapshot_id
from fitted
inner join prefixes
    on prefixes.naics_prefix = substr(fitted.naics_code, 1, length(prefixes.naics_prefix))
group by fitted.period_year, fitted.state_code_fips, prefixes.bea_summary_code
