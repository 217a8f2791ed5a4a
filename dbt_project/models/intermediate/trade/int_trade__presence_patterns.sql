-- In which years each flow was there, as one number: bit n is the n-th year of the release. Flows
-- with the same pattern in the same cluster are counted together, so that the millions of lines of
-- a release become a table that the steps after this one can take year by year.
with flows as (
    select * from {{ ref('stg_baci__flows') }}
),

exporter_products as (
    select * from {{ ref('int_trade__exporter_products') }}
),

importer_years as (
    select * from {{ ref('int_trade__importer_years') }}
),

product_clusters as (
    select * from {{ ref('int_trade__product_clusters') }}
),

release as (
    select max(snapshot_id) as snapshot_id from {{ ref('stg_baci__economies') }}
),

in_the_data as (
    select distinct
        period_year,
        exporter_code_baci as economy_code_baci
    from exporter_products
    union
    select
        period_year,
        importer_code_baci as economy_code_baci
    from importer_years
),

bounds as (
    select min(period_year) as first_year from in_the_data
),

years as (
    select distinct
        in_the_data.period_year,
        cast(power(2, in_the_data.period_year - bounds.first_year) as bigint) as year_bit
    from in_the_data
    cross join bounds
),

-- A flow of less than 1,000 dollars is below what the publisher's unit can tell from none.
lines as (
    select
        flows.exporter_code_baci,
        flows.importer_code_baci,
        flows.product_code_hs,
        cast(sum(years.year_bit) as bigint) as presence_bits
    from flows
    inner join years
        on flows.period_year = years.period_year
    where flows.value_kusd >= 1
    group by flows.exporter_code_baci, flows.importer_code_baci, flows.product_code_hs
),

partners as (
    select distinct
        exporter_code_baci,
        importer_code_baci
    from lines
),

-- An absent flow is a zero in the years in which either side is in the data at all.
known_partners as (
    select
        partners.exporter_code_baci,
        partners.importer_code_baci,
        cast(sum(years.year_bit) as bigint) as known_bits
    from partners
    cross join years
    left join in_the_data as exporters
        on partners.exporter_code_baci = exporters.economy_code_baci
        and years.period_year = exporters.period_year
    left join in_the_data as importers
        on partners.importer_code_baci = importers.economy_code_baci
        and years.period_year = importers.period_year
    where exporters.economy_code_baci is not null or importers.economy_code_baci is not null
    group by partners.exporter_code_baci, partners.importer_code_baci
),

patterns as (
    select
        lines.exporter_code_baci,
        product_clusters.cluster_key,
        lines.presence_bits,
        known_partners.known_bits,
        count(*) as lines_count
    from lines
    inner join product_clusters
        on lines.product_code_hs = product_clusters.product_code_hs
    inner join known_partners
        on lines.exporter_code_baci = known_partners.exporter_code_baci
        and lines.importer_code_baci = known_partners.importer_code_baci
    group by
        lines.exporter_code_baci,
        product_clusters.cluster_key,
        lines.presence_bits,
        known_partners.known_bits
)

select
    patterns.exporter_code_baci,
    patterns.cluster_key,
    bounds.first_year,
    patterns.presence_bits,
    patterns.known_bits,
    patterns.lines_count,
    release.snapshot_id
from patterns
cross join bounds
cross join release
