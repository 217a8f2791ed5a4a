-- Contestability of every sector in every state: the state's place among all states in churn and in the
-- part of employment that is in small firms. The share of the four largest firms is in no source.

with rates as (
    select * from {{ ref('int_entry__bds_rates') }} where cut = 'state_sector'
),

size_rows as (
    select * from {{ ref('stg_susb__states') }}
    where not is_nation and enterprise_size_code in ('02', '03', '04', '06', '07', '09')
),

-- Classes of enterprises that do not overlap; 09 begins at 500 employees. Sectors by their first code.
sizes as (
    select
        period_year,
        'USA-FIPS-' || state_code_fips as geo_id,
        substr(naics_code, 1, 2) as sector_code,
        sum(case when enterprise_size_code <> '09' then emp_count else 0 end) as small_emp_count,
        sum(emp_count) as emp_count,
        count(*) - count(emp_count) as withheld_count,
        max(snapshot_id) as snapshot_id
    from size_rows
    where length(naics_code) = 2 or naics_code like '%-%'
    group by period_year, state_code_fips, substr(naics_code, 1, 2)
),

joined as (
    select
        sizes.period_year,
        sizes.geo_id,
        sizes.sector_code,
        rates.churn_rate_pct,
        case
            when sizes.withheld_count = 0
                then cast(sizes.small_emp_count as double) / nullif(sizes.emp_count, 0)
        end as small_firm_share,
        sizes.snapshot_id as sizes_snapshot_id,
        rates.snapshot_id as rates_snapshot_id
    from sizes
    left join rates
        on sizes.period_year = rates.period_year
        and sizes.geo_id = rates.geo_id
        and sizes.sector_code = substr(rates.sector_code_naics, 1, 2)
),

-- A place is (below + half of the equal ones) / all with a figure.
churn_places as (
    select
        period_year,
        geo_id,
        sector_code,
        (
            rank() over (partition by period_year, sector_code order by churn_rate_pct) - 1
            + 0.5 * count(*) over (partition by period_year, sector_code, churn_rate_pct)
        ) / count(*) over (partition by period_year, sector_code) as churn_percentile
    from joined
    where churn_rate_pct is not null
),

small_places as (
    select
        period_year,
        geo_id,
        sector_code,
        (
            rank() over (partition by period_year, sector_code order by small_firm_share) - 1
            + 0.5 * count(*) over (partition by period_year, sector_code, small_firm_share)
        ) / count(*) over (partition by period_year, sector_code) as small_firm_percentile
    from joined
    where small_firm_share is not null
)

select
    joined.period_year,
    joined.geo_id,
    joined.sector_code,
    joined.churn_rate_pct,
    joined.small_firm_share,
    cast(churn_places.churn_percentile as double) as churn_percentile,
    cast(small_places.small_firm_percentile as double) as small_firm_percentile,
    -- two of the three parts at least
    cast((churn_places.churn_percentile + small_places.small_firm_percentile) / 2 as double)
        as contestability,
    joined.sizes_snapshot_id,
    joined.rates_snapshot_id
from joined
left join churn_places
    on joined.period_year = churn_places.period_year
    and joined.geo_id = churn_places.geo_id
    and joined.sector_code = churn_places.sector_code
left join small_places
    on joined.period_year = small_places.period_year
    and joined.geo_id = small_places.geo_id
    and joined.sector_code = small_places.sector_code
