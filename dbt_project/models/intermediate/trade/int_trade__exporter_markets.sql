-- To whom an exporter sells the products of a cluster: concentration over markets, the part that
-- goes to high-income economies, and how many of a market's varieties it offers there.
with bilateral as (
    select * from {{ ref('int_trade__bilateral_clusters') }} where cluster_id <> 'unmapped'
),

importer_clusters as (
    select * from {{ ref('int_trade__importer_clusters') }} where cluster_id <> 'unmapped'
),

importer_years as (
    select * from {{ ref('int_trade__importer_years') }}
),

high_income as (
    select * from {{ ref('int_economies__high_income_codes') }}
),

-- Economies that buy anything in any year of the release, less the exporter itself.
potential as (
    select count(distinct importer_code_baci) as importers_count from importer_years
),

world as (
    select
        period_year,
        scheme,
        scheme_version,
        cluster_id,
        cast(sum(imports_kusd) as decimal(18, 3)) as imports_kusd
    from importer_clusters
    group by period_year, scheme, scheme_version, cluster_id
),

exporters as (
    select
        period_year,
        exporter_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        cast(sum(exports_kusd) as decimal(18, 3)) as exports_kusd
    from bilateral
    group by period_year, exporter_code_baci, scheme, scheme_version, cluster_id
),

-- The rest of the world, from where this exporter stands: everybody else's sales to the same
-- importer, and to all importers but the exporter itself.
rivals as (
    select
        bilateral.period_year,
        bilateral.exporter_code_baci,
        bilateral.scheme,
        bilateral.scheme_version,
        bilateral.cluster_id,
        bilateral.products_count,
        high_income.economy_code_baci is not null as is_high_income,
        cast(bilateral.exports_kusd as double) as exports_kusd,
        cast(exporters.exports_kusd as double) as all_exports_kusd,
        cast(bilateral.rivals_kusd as double) as rivals_in_same_products_kusd,
        cast(importer_clusters.imports_kusd - bilateral.exports_kusd as double)
            as rivals_kusd,
        cast(
            world.imports_kusd - coalesce(own.imports_kusd, 0) - exporters.exports_kusd as double
        ) as all_rivals_kusd,
        bilateral.snapshot_id
    from bilateral
    inner join exporters
        on bilateral.period_year = exporters.period_year
        and bilateral.exporter_code_baci = exporters.exporter_code_baci
        and bilateral.scheme = exporters.scheme
        and bilateral.scheme_version = exporters.scheme_version
        and bilateral.cluster_id = exporters.cluster_id
    inner join importer_clusters
        on bilateral.period_year = importer_clusters.period_year
        and bilateral.importer_code_baci = importer_clusters.importer_code_baci
        and bilateral.scheme = importer_clusters.scheme
        and bilateral.scheme_version = importer_clusters.scheme_version
        and bilateral.cluster_id = importer_clusters.cluster_id
    inner join world
        on bilateral.period_year = world.period_year
        and bilateral.scheme = world.scheme
        and bilateral.scheme_version = world.scheme_version
        and bilateral.cluster_id = world.cluster_id
    left join importer_clusters as own
        on bilateral.period_year = own.period_year
        and bilateral.exporter_code_baci = own.importer_code_baci
        and bilateral.scheme = own.scheme
        and bilateral.scheme_version = own.scheme_version
        and bilateral.cluster_id = own.cluster_id
    left join high_income
        on bilateral.importer_code_baci = high_income.economy_code_baci
),

shared as (
    select
        *,
        exports_kusd / nullif(all_exports_kusd, 0) as own_share,
        rivals_kusd / nullif(all_rivals_kusd, 0) as rivals_share,
        rivals_in_same_products_kusd / nullif(rivals_kusd, 0) as margin
    from rivals
),

-- Hummels and Klenow weigh the markets by the logarithmic mean of both shares.
weighted as (
    select
        *,
        case
            -- next to equality the quotient of two differences would lose its digits
            when abs(own_share - rivals_share) <= 1e-6 * own_share
                then (own_share + rivals_share) / 2
            when own_share > 0 and rivals_share > 0
                then (own_share - rivals_share) / nullif(ln(own_share) - ln(rivals_share), 0)
        end as weight
    from shared
)

select
    weighted.period_year,
    weighted.exporter_code_baci,
    weighted.scheme,
    weighted.scheme_version,
    weighted.cluster_id,
    max(weighted.all_exports_kusd) as exports_kusd,
    {{ order_free_sum('case when weighted.is_high_income then weighted.exports_kusd else 0 end') }}
        as high_income_exports_kusd,
    {{ order_free_sum('weighted.own_share * weighted.own_share') }} as shares_squared,
    count(*) as importers_count,
    max(potential.importers_count)
    - max(case when own_years.importer_code_baci is not null then 1 else 0 end)
        as potential_importers_count,
    cast(sum(weighted.products_count) as bigint) as varieties_count,
    max(weighted.all_rivals_kusd) as rivals_kusd,
    {{ order_free_sum('weighted.rivals_in_same_products_kusd') }} as rivals_in_same_varieties_kusd,
    {{ order_free_sum('case when weighted.margin > 0 then weighted.weight end') }} as margin_weight,
    {{ order_free_sum('weighted.weight') }} as weight,
    {{ order_free_sum(
        'case when weighted.margin > 0 then weighted.weight * ln(nullif(weighted.margin, 0)) end'
    ) }}
        as margin_log_sum,
    max(weighted.snapshot_id) as snapshot_id
from weighted
cross join potential
left join (select distinct importer_code_baci from importer_years) as own_years
    on weighted.exporter_code_baci = own_years.importer_code_baci
group by
    weighted.period_year,
    weighted.exporter_code_baci,
    weighted.scheme,
    weighted.scheme_version,
    weighted.cluster_id
