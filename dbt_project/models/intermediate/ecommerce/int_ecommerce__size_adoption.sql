with series_cells as (
    select * from {{ ref('int_economies__series_completed') }}
),

-- Two surveys ask in the same three classes of size: Eurostat about electronic sales, the OECD
-- about websites that take orders.
adoption_cells as (
    select
        'eurostat_esales' as basis,
        geo_id,
        period_year,
        case
            when series_id like '%/10-49' then 'small'
            when series_id like '%/50-249' then 'medium'
            when series_id like '%/GE250' then 'large'
        end as size_class,
        value,
        obs_status,
        snapshot_id
    from series_cells
    where series_id like 'eurostat/isoc_ec_esels/E_AESELL/%'
    union all
    select
        'oecd_online_orders' as basis,
        geo_id,
        period_year,
        case
            when series_id like '%/S10T49' then 'small'
            when series_id like '%/S50T249' then 'medium'
            when series_id like '%/S_GE250' then 'large'
        end as size_class,
        value,
        obs_status,
        snapshot_id
    from series_cells
    where series_id like 'oecd/ict_businesses/B2_B/%'
),

adoption as (
    select
        basis,
        geo_id,
        period_year,
        max(case when size_class = 'small' then value end) as small_pct,
        max(case when size_class = 'medium' then value end) as medium_pct,
        max(case when size_class = 'large' then value end) as large_pct,
        min(case when obs_status = 'L' then 1 else 0 end) = 1 as is_not_covered,
        max(case when obs_status in ('C', 'Q') then obs_status end) as withheld_status,
        max(case when obs_status in ('E', 'P', 'B', 'U') then obs_status end) as source_mark,
        max(snapshot_id) as snapshot_id
    from adoption_cells
    where size_class is not null
    group by basis, geo_id, period_year
),

-- Enterprises of 10 to 49 and of 50 to 249, without which small and medium cannot be put together.
counts as (
    select
        geo_id,
        period_year,
        max(case when series_id = 'oecd/sdbs/ENTR/S10T19' then value end)
        + max(case when series_id = 'oecd/sdbs/ENTR/S20T49' then value end) as small_count,
        max(case when series_id = 'oecd/sdbs/ENTR/S50T249' then value end) as medium_count,
        max(snapshot_id) as snapshot_id
    from series_cells
    where series_id in ('oecd/sdbs/ENTR/S10T19', 'oecd/sdbs/ENTR/S20T49', 'oecd/sdbs/ENTR/S50T249')
    group by geo_id, period_year
),

usable_counts as (
    select * from counts
    where small_count > 0 and medium_count >= 0
),

-- The structure of sizes moves slowly: the nearest year with counts, at most three years away; the
-- earlier one of two that are equally near.
ranked as (
    select
        adoption.*,
        usable_counts.small_count,
        usable_counts.medium_count,
        usable_counts.period_year as counts_year,
        usable_counts.snapshot_id as counts_snapshot_id,
        row_number() over (
            partition by adoption.basis, adoption.geo_id, adoption.period_year
            order by
                abs(usable_counts.period_year - adoption.period_year),
                usable_counts.period_year
        ) as nearness
    from adoption
    left join usable_counts
        on adoption.geo_id = usable_counts.geo_id
        and usable_counts.period_year between adoption.period_year - 3 and adoption.period_year + 3
)

select
    basis,
    geo_id,
    period_year,
    small_pct,
    medium_pct,
    large_pct,
    (small_pct * small_count + medium_pct * medium_count) / nullif(small_count + medium_count, 0)
        as sme_pct,
    small_count,
    medium_count,
    counts_year,
    case
        when is_not_covered then 'L'
        when small_pct is null or medium_pct is null or large_pct is null
            then coalesce(withheld_status, 'M')
        when small_count is null then 'M'
        when source_mark is not null then source_mark
        when counts_year <> period_year then 'E'
        else 'A'
    end as obs_status,
    case when not is_not_covered then snapshot_id end as snapshot_id,
    case when not is_not_covered then counts_snapshot_id end as counts_snapshot_id
from ranked
where nearness = 1
