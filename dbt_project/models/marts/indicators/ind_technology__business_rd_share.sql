with series_cells as (
    select * from {{ ref('int_economies__series_completed') }}
),

-- Shares that UNESCO's institute computes itself.
uis_performed as (
    select
        geo_id,
        period_year,
        'uis_performed_pct' as basis,
        value as business_amount,
        cast(100 as double) as all_amount,
        obs_status,
        snapshot_id
    from series_cells
    where series_id = 'uis/GERD.BUSENT.PERF'
),

oecd_pairs as (
    select
        geo_id,
        period_year,
        max(case when series_id = 'oecd/msti/B' then value end) as business_amount,
        max(case when series_id = 'oecd/msti/G' then value end) as all_amount,
        max(case when obs_status in ('E', 'P', 'B', 'U') then obs_status end) as source_mark,
        max(case when obs_status = 'C' then 'C' end) as obs_status,
        max(snapshot_id) as snapshot_id,
        min(case when obs_status = 'L' then 1 else 0 end) = 1 as is_not_covered
    from series_cells
    where series_id in ('oecd/msti/B', 'oecd/msti/G')
    group by geo_id, period_year
),

eurostat_pairs as (
    select
        geo_id,
        period_year,
        max(case when series_id = 'eurostat/rd_e_gerdreg/BES' then value end) as business_amount,
        max(case when series_id = 'eurostat/rd_e_gerdreg/TOTAL' then value end) as all_amount,
        max(case when obs_status in ('E', 'P', 'B', 'U') then obs_status end) as source_mark,
        max(case when obs_status = 'C' then 'C' end) as obs_status,
        max(snapshot_id) as snapshot_id,
        min(case when obs_status = 'L' then 1 else 0 end) = 1 as is_not_covered
    from series_cells
    where series_id in ('eurostat/rd_e_gerdreg/BES', 'eurostat/rd_e_gerdreg/TOTAL')
    group by geo_id, period_year
),

-- Who pays, in the institute's older export: the total is the sum of its sources, so that all of
-- them have to be there; "not specified" is mostly empty and then nothing.
financed_pairs as (
    select
        geo_id,
        period_year,
        max(case when series_id = 'uis/EXPPPP_CUR_SF_BUSENTFS' then value end) as business_amount,
        max(case when series_id = 'uis/EXPPPP_CUR_SF_BUSENTFS' then value end)
        + max(case when series_id = 'uis/EXPPPP_CUR_SF_GOVFS' then value end)
        + max(case when series_id = 'uis/EXPPPP_CUR_SF_HIEDUFS' then value end)
        + max(case when series_id = 'uis/EXPPPP_CUR_SF_PRNPFS' then value end)
        + max(case when series_id = 'uis/EXPPPP_CUR_SF_FUNABFS' then value end)
        + coalesce(max(case when series_id = 'uis/EXPPPP_CUR_SF_FSNS' then value end), 0)
            as all_amount,
        max(case when obs_status in ('E', 'P', 'B', 'U') then obs_status end) as source_mark,
        max(snapshot_id) as snapshot_id,
        min(case when obs_status = 'L' then 1 else 0 end) = 1 as is_not_covered
    from series_cells
    where series_id like 'uis/EXPPPP\_CUR\_SF\_%' escape '\'
    group by geo_id, period_year
),

pairs as (
    select
        geo_id, period_year, basis, business_amount, all_amount,
        case when obs_status in ('E', 'P', 'B', 'U') then obs_status end as source_mark,
        obs_status = 'L' as is_not_covered, obs_status = 'C' as is_withheld, snapshot_id
    from uis_performed
    union all
    select
        geo_id, period_year, 'oecd_performed_pct' as basis, business_amount, all_amount,
        source_mark, is_not_covered, coalesce(obs_status = 'C', false) as is_withheld, snapshot_id
    from oecd_pairs
    union all
    select
        geo_id, period_year, 'eurostat_performed_pct' as basis, business_amount, all_amount,
        source_mark, is_not_covered, coalesce(obs_status = 'C', false) as is_withheld, snapshot_id
    from eurostat_pairs
    union all
    select
        geo_id, period_year, 'uis_financed_pct' as basis, business_amount, all_amount,
        source_mark, is_not_covered, false as is_withheld, snapshot_id
    from financed_pairs
),

shared as (
    select
        *,
        100.0 * business_amount / nullif(all_amount, 0) as value
    from pairs
)

select
    'business_rd_share' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case
        when is_not_covered then 'L'
        when value is null and is_withheld then 'C'
        when value is null then 'M'
        when source_mark is not null then source_mark
        when value = 0 then 'Z'
        else 'A'
    end as obs_status,
    cast(case when business_amount is null then 0 else 1 end as bigint) as n_obs,
    {{ terms({'business_amount': 'business_amount', 'all_amount': 'all_amount'}) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from shared
