-- In which clusters an economy has a revealed comparative advantage. The decision is that of
-- `rsca_export`, taken on exact products.
with cells as (
    select * from {{ ref('ind_structure__rsca_export') }}
    where cluster_id <> 'all' and basis = 'baci_gross_exports'
),

clusters as (
    select * from {{ ref('dim_cluster') }}
),

economies as (
    select * from {{ ref('int_complexity__economies') }}
)

select
    economies.period_year,
    cells.geo_id,
    clusters.scheme,
    clusters.scheme_version,
    cells.cluster_id,
    cells.obs_status,
    cast(cells.components['rca_is_at_least_1'] as integer) as has_advantage,
    economies.is_in_sample,
    economies.sample_count,
    economies.snapshot_id,
    economies.is_covered
from cells
inner join clusters
    on cells.cluster_id = clusters.cluster_id
inner join economies
    on cells.period = cast(economies.period_year as {{ text_type() }})
    and cells.geo_id = economies.geo_id
