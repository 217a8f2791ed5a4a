with headings as (
    select * from {{ ref('int_complexity__headings') }}
),

economies as (
    select * from {{ ref('int_complexity__economies') }}
),

scores as (
    select * from {{ ref('int_complexity__scores') }} where item = 'product'
),

flows as (
    select max(hs_revision) as hs_revision from {{ ref('stg_baci__flows') }}
),

products as (
    select
        period_year,
        product_code_hs4,
        cast(sum(exports_kusd) as double) as world_exports_kusd,
        count(*) as exporters_count,
        max(snapshot_id) as snapshot_id
    from headings
    group by period_year, product_code_hs4
),

samples as (
    select
        period_year,
        max(sample_count) as sample_count,
        max(population_snapshot_id) as population_snapshot_id
    from economies
    group by period_year
)

select
    cast(products.period_year as varchar) as period,
    flows.hs_revision,
    products.product_code_hs4,
    'baci_hs4_gross_exports' as basis,
    scores.complexity as pci,
    case when samples.sample_count > 0 then coalesce(scores.degree, 0) end as ubiquity_count,
    cast(samples.sample_count as bigint) as economies_count,
    cast(products.exporters_count as bigint) as exporters_count,
    products.world_exports_kusd,
    case when scores.complexity is null then 'M' else 'A' end as obs_status,
    {{ snapshot_list(['products.snapshot_id', 'samples.population_snapshot_id']) }} as source_ids,
    '1' as method_version
from products
cross join flows
left join samples
    on products.period_year = samples.period_year
left join scores
    on products.period_year = scores.period_year
    and products.product_code_hs4 = scores.code
