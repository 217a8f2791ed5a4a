with source_rows as (
    select * from {{ source('comtrade', 'flows') }}
)

select
    period_year,
    reporter_code as reporter_code_comtrade,
    partner_code as partner_code_comtrade,
    partner_code = '0' as is_world,
    flow_code = 'X' as is_export,
    product_code as product_code_hs6,
    classification_code as hs_edition_code,
    value_usd,
    net_weight_kg,
    quantity,
    quantity_unit_code,
    case
        when value_usd = 0 then 'Z'
        when is_reported = 'false' or coalesce(estimation_flag, '0') not in ('0', '') then 'E'
        else 'A'
    end as obs_status,
    _snapshot_id as snapshot_id
from source_rows
-- the sum over all products stands among them where it was asked for
where product_code != 'TOTAL'
