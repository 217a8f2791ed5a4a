with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
),

patent_cells as (
    select * from wdi_cells where indicator_code in ('IP.PAT.RESD', 'IP.PAT.NRES')
),

paired as (
    select
        geo_id,
        period_year,
        max(case when indicator_code = 'IP.PAT.RESD' then value end) as resident_count,
        max(case when indicator_code = 'IP.PAT.NRES' then value end) as non_resident_count,
        max(case when indicator_code = 'IP.PAT.RESD' then snapshot_id end) as resident_snapshot_id,
        max(
            case when indicator_code = 'IP.PAT.NRES' then snapshot_id end
        ) as non_resident_snapshot_id,
        min(case when obs_status = 'L' then 1 else 0 end) = 1 as is_not_covered,
        max(case when obs_status in ('E', 'P', 'B') then obs_status end) as source_mark
    from patent_cells
    group by geo_id, period_year
),

-- A NULL term leaves the sum NULL: filings that are not known are not zero.
shared as (
    select
        *,
        resident_count + non_resident_count as filings_count,
        resident_count / nullif(resident_count + non_resident_count, 0) as value
    from paired
)

select
    'indigenous_patent_share' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'wdi_filings' as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case
        when is_not_covered then 'L'
        when value is null then 'M'
        when filings_count < 50 then 'U'
        when source_mark is not null then source_mark
        when value = 0 then 'Z'
        else 'A'
    end as obs_status,
    cast(
        case when resident_count is null then 0 else 1 end
        + case when non_resident_count is null then 0 else 1 end as bigint
    ) as n_obs,
    {{ terms({
        'resident_filings': 'resident_count',
        'non_resident_filings': 'non_resident_count',
        'all_filings': 'filings_count',
    }) }} as components,
    {{ snapshot_list(['resident_snapshot_id', 'non_resident_snapshot_id']) }} as source_ids,
    '1' as method_version
from shared
