with source_rows as (
    select * from {{ source('baci', 'flows') }}
)

select
    period_year,
    exporter_code as exporter_code_baci,
    importer_code as importer_code_baci,
    product_code as product_code_hs,
    value_kusd,
    quantity_tonnes,
    hs_revision,
    baci_version,
    _snapshot_id as snapshot_id
from source_rows
