with links as (
    select * from {{ ref('int_supply__missing_links') }} where supplier_code_bea is not null
),

weights as (
    select * from {{ ref('int_supply__input_weights') }}
),

names as (
    select * from {{ ref('bea_summary_names') }}
),

measures as (
    select * from {{ ref('int_regions__cluster_measures') }}
)

select
    links.geo_id,
    measures.geo_type,
    links.cluster_id,
    cast(links.period_year as varchar) as period,
    links.supplier_code_bea,
    coalesce(names.bea_summary_name, links.supplier_code_bea) as supplier_name,
    links.weight,
    links.value as cilq,
    links.value_lower as cilq_lower,
    links.value_upper as cilq_upper,
    links.is_sure,
    weights.import_share,
    cast(weights.io_year as integer) as io_year,
    measures.is_small,
    measures.snapshot_id
from links
inner join weights
    on links.period_year = weights.period_year
    and links.cluster_id = weights.cluster_id
    and links.supplier_code_bea = weights.supplier_code_bea
inner join measures
    on links.period_year = measures.period_year
    and links.geo_id = measures.geo_id
    and links.cluster_id = measures.cluster_id
left join names
    on links.supplier_code_bea = names.bea_summary_code
