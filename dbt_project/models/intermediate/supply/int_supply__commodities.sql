-- How much of each commodity comes from abroad.

with supply as (
    select * from {{ ref('stg_bea__cells') }} where table_name = 'supply' and is_row_industry
),

sums as (
    select
        period_year as io_year,
        row_code as bea_summary_code,
        sum(case when column_code = 'MCIF' then coalesce(value_musd, 0) end) as imports_musd,
        sum(case when column_code = 'T013' then value_musd end) as supply_musd
    from supply
    where column_code in ('MCIF', 'T013')
    group by period_year, row_code
)

select
    io_year,
    bea_summary_code,
    imports_musd,
    supply_musd,
    greatest(imports_musd, 0) / nullif(supply_musd, 0) as import_share
from sums
