-- A new source with corrections is one more part of `found`.
with corrections as (
    select * from {{ ref('correction') }}
),

wdi_observations as (
    select * from {{ ref('stg_wdi__observations') }}
),

usda_attainment as (
    select * from {{ ref('stg_usda__attainment') }}
),

found as (
    select
        correction_id,
        snapshot_id
    from wdi_observations
    where correction_id is not null
    union all
    select
        correction_id,
        snapshot_id
    from usda_attainment
    where correction_id is not null
),

counted as (
    select
        correction_id,
        count(*) as cells_count,
        max(snapshot_id) as snapshot_id
    from found
    group by correction_id
)

select
    corrections.correction_id,
    corrections.source_id,
    corrections.table_name,
    corrections.row_key,
    corrections.column_name,
    corrections.wrong_value,
    corrections.right_value,
    corrections.reason,
    corrections.reference,
    corrections.added_on,
    cast(coalesce(counted.cells_count, 0) as bigint) as cells_count,
    counted.snapshot_id
from corrections
left join counted
    on corrections.correction_id = counted.correction_id
