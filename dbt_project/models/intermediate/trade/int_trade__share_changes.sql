-- Constant market shares after Fagerberg and Sollie (1987). With a an exporter's share in importer
-- j's purchases of product k, b the product's weight in j's purchases, c the importer's weight in
-- the world, m = sum of a × b, and 0 and 1 the first and the last year:
--   market share          sum c0 × sum (a1 - a0) × b0
--   commodity composition sum c0 × sum a0 × (b1 - b0)
--   commodity adaptation  sum c0 × sum (a1 - a0) × (b1 - b0)
--   market composition    sum (c1 - c0) × m0
--   market adaptation     sum (c1 - c0) × (m1 - m0)
-- Multiplied out, a flow stands alone in each term: a1 × b0 × M0 is the flow of the last year
-- carried back with its market, a0 × b1 × M1 that of the first year carried forward.
{%- set window = var('trade_share_window_years') %}

with bilateral as (
    select * from {{ ref('int_trade__bilateral_clusters') }} where cluster_id <> 'unmapped'
),

importer_clusters as (
    select * from {{ ref('int_trade__importer_clusters') }} where cluster_id <> 'unmapped'
),

importer_years as (
    select * from {{ ref('int_trade__importer_years') }}
),

-- An importer that is in the data of one of the two years only says nothing about the other one:
-- it is left out of both.
windows as (
    select
        last_years.period_year,
        last_years.importer_code_baci
    from importer_years as last_years
    inner join importer_years as first_years
        on last_years.period_year - {{ window }} = first_years.period_year
        and last_years.importer_code_baci = first_years.importer_code_baci
),

import_ends as (
    select
        period_year + {{ window }} as period_year,
        importer_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        imports_kusd as first_kusd,
        cast(0 as decimal(18, 3)) as last_kusd,
        snapshot_id
    from importer_clusters
    union all
    select
        period_year,
        importer_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        cast(0 as decimal(18, 3)) as first_kusd,
        imports_kusd as last_kusd,
        snapshot_id
    from importer_clusters
),

importers as (
    select
        import_ends.period_year,
        import_ends.importer_code_baci,
        import_ends.scheme,
        import_ends.scheme_version,
        import_ends.cluster_id,
        cast(sum(import_ends.first_kusd) as decimal(18, 3)) as first_kusd,
        cast(sum(import_ends.last_kusd) as decimal(18, 3)) as last_kusd,
        max(import_ends.snapshot_id) as snapshot_id
    from import_ends
    inner join windows
        on import_ends.period_year = windows.period_year
        and import_ends.importer_code_baci = windows.importer_code_baci
    group by
        import_ends.period_year,
        import_ends.importer_code_baci,
        import_ends.scheme,
        import_ends.scheme_version,
        import_ends.cluster_id
),

world as (
    select
        period_year,
        scheme,
        scheme_version,
        cluster_id,
        cast(sum(first_kusd) as decimal(18, 3)) as first_kusd,
        cast(sum(last_kusd) as decimal(18, 3)) as last_kusd
    from importers
    group by period_year, scheme, scheme_version, cluster_id
),

export_ends as (
    select
        period_year + {{ window }} as period_year,
        exporter_code_baci,
        importer_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        exports_kusd as first_kusd,
        cast(0 as decimal(18, 3)) as last_kusd,
        hs6_forward_kusd,
        hs4_forward_kusd,
        cast(0 as double) as hs6_backward_kusd,
        cast(0 as double) as hs4_backward_kusd
    from bilateral
    union all
    select
        period_year,
        exporter_code_baci,
        importer_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        cast(0 as decimal(18, 3)) as first_kusd,
        exports_kusd as last_kusd,
        cast(0 as double) as hs6_forward_kusd,
        cast(0 as double) as hs4_forward_kusd,
        hs6_backward_kusd,
        hs4_backward_kusd
    from bilateral
),

flows as (
    select
        period_year,
        exporter_code_baci,
        importer_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        cast(sum(first_kusd) as double) as first_kusd,
        cast(sum(last_kusd) as double) as last_kusd,
        sum(hs6_forward_kusd) as hs6_forward_kusd,
        sum(hs4_forward_kusd) as hs4_forward_kusd,
        sum(hs6_backward_kusd) as hs6_backward_kusd,
        sum(hs4_backward_kusd) as hs4_backward_kusd
    from export_ends
    group by
        period_year, exporter_code_baci, importer_code_baci, scheme, scheme_version, cluster_id
),

-- Nobody exports to oneself: the world of an exporter is that of all other importers.
weighted as (
    select
        flows.*,
        cast(importers.first_kusd as double) as importer_first_kusd,
        cast(importers.last_kusd as double) as importer_last_kusd,
        cast(world.first_kusd - coalesce(own.first_kusd, 0) as double) as world_first_kusd,
        cast(world.last_kusd - coalesce(own.last_kusd, 0) as double) as world_last_kusd,
        importers.snapshot_id
    from flows
    inner join importers
        on flows.period_year = importers.period_year
        and flows.importer_code_baci = importers.importer_code_baci
        and flows.scheme = importers.scheme
        and flows.scheme_version = importers.scheme_version
        and flows.cluster_id = importers.cluster_id
    inner join world
        on flows.period_year = world.period_year
        and flows.scheme = world.scheme
        and flows.scheme_version = world.scheme_version
        and flows.cluster_id = world.cluster_id
    left join importers as own
        on flows.period_year = own.period_year
        and flows.exporter_code_baci = own.importer_code_baci
        and flows.scheme = own.scheme
        and flows.scheme_version = own.scheme_version
        and flows.cluster_id = own.cluster_id
),

-- A ratio to an importer that bought nothing of the cluster in one of the years has nothing to be
-- multiplied with: its flows are zero in that year.
rated as (
    select
        *,
        coalesce(importer_first_kusd / nullif(importer_last_kusd, 0), 0) as shrinkage,
        coalesce(first_kusd / nullif(importer_first_kusd, 0), 0) as first_share,
        coalesce(last_kusd / nullif(importer_last_kusd, 0), 0) as last_share,
        importer_first_kusd / nullif(world_first_kusd, 0) as first_weight,
        importer_last_kusd / nullif(world_last_kusd, 0) as last_weight
    from weighted
),

summed as (
    select
        period_year,
        exporter_code_baci,
        scheme,
        scheme_version,
        cluster_id,
        max(world_first_kusd) as world_first_kusd,
        max(world_last_kusd) as world_last_kusd,
        {{ order_free_sum('first_kusd') }} as first_kusd,
        {{ order_free_sum('last_kusd') }} as last_kusd,
        {{ order_free_sum('hs6_backward_kusd') }} as hs6_backward_kusd,
        {{ order_free_sum('hs4_backward_kusd') }} as hs4_backward_kusd,
        {{ order_free_sum('shrinkage * hs6_forward_kusd') }} as hs6_forward_kusd,
        {{ order_free_sum('shrinkage * hs4_forward_kusd') }} as hs4_forward_kusd,
        {{ order_free_sum('shrinkage * last_kusd') }} as last_shrunk_kusd,
        {{ order_free_sum('(last_weight - first_weight) * first_share') }} as market_composition,
        {{ order_free_sum('(last_weight - first_weight) * (last_share - first_share)') }}
            as market_adaptation,
        count(*) as importers_count,
        max(snapshot_id) as snapshot_id
    from rated
    group by period_year, exporter_code_baci, scheme, scheme_version, cluster_id
),

levels as (
    select
        *,
        'hs6' as product_level,
        hs6_backward_kusd as backward_kusd,
        hs6_forward_kusd as forward_kusd
    from summed
    union all
    select
        *,
        'hs4' as product_level,
        hs4_backward_kusd as backward_kusd,
        hs4_forward_kusd as forward_kusd
    from summed
)

select
    period_year,
    exporter_code_baci,
    scheme,
    scheme_version,
    cluster_id,
    product_level,
    first_kusd,
    last_kusd,
    world_first_kusd,
    world_last_kusd,
    first_kusd / nullif(world_first_kusd, 0) as first_share,
    last_kusd / nullif(world_last_kusd, 0) as last_share,
    (backward_kusd - first_kusd) / nullif(world_first_kusd, 0) as market_share_effect,
    (forward_kusd - first_kusd) / nullif(world_first_kusd, 0) as commodity_composition_effect,
    market_composition as market_composition_effect,
    (last_shrunk_kusd - backward_kusd - forward_kusd + first_kusd)
    / nullif(world_first_kusd, 0) as commodity_adaptation_effect,
    market_adaptation as market_adaptation_effect,
    importers_count,
    snapshot_id
from levels
