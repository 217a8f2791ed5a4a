with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
    where indicator_code in ('BX.GSR.ROYL.CD', 'BM.GSR.ROYL.CD')
),

paired as (
    select
        geo_id,
        period_year,
        max(case when indicator_code = 'BX.GSR.ROYL.CD' then value end) as receipts_usd,
        max(case when indicator_code = 'BM.GSR.ROYL.CD' then value end) as payments_usd,
        max(case when indicator_code = 'BX.GSR.ROYL.CD' then snapshot_id end) as receipts_snapshot_id,
        max(case when indicator_code = 'BM.GSR.ROYL.CD' then snapshot_id end) as payments_snapshot_id,
        min(case when obs_status = 'L' then 1 else 0 end) = 1 as is_not_covered,
        max(case when obs_status in ('E', 'P', 'B') then obs_status end) as source_mark
    from wdi_cells
    group by geo_id, period_year
),

balanced as (
    select
        *,
        -- a negative flow is a correction of earlier years; the ratio would leave its ends
        case
            when receipts_usd >= 0 and payments_usd >= 0
                then (receipts_usd - payments_usd) / nullif(receipts_usd + payments_usd, 0)
        end as value
    from paired
)

select
    'tech_balance' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'wdi_ip_charges' as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case
        when is_not_covered then 'L'
        when value is null then 'M'
        when source_mark is not null then source_mark
        when value = 0 then 'Z'
        else 'A'
    end as obs_status,
    cast(
        case when receipts_usd is null then 0 else 1 end
        + case when payments_usd is null then 0 else 1 end as bigint
    ) as n_obs,
    {{ terms({'receipts_usd': 'receipts_usd', 'payments_usd': 'payments_usd'}) }} as components,
    {{ snapshot_list(['receipts_snapshot_id', 'payments_snapshot_id']) }} as source_ids,
    '1' as method_version
from balanced
