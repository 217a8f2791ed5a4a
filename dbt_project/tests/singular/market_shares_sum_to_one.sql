-- The shares of all exporters in the imports of a cluster sum to one, at both ends of a window. Each
-- share leaves out the exporter's own imports, so that it is weighted by what it is a share of.
with changes as (
    select * from {{ ref('int_trade__share_changes') }}
),

importers as (
    select * from {{ ref('int_trade__importer_clusters') }}
),

years as (
    select * from {{ ref('int_trade__importer_years') }}
),

windows as (
    select
        last_years.period_year,
        last_years.importer_code_baci
    from years as last_years
    inner join years as first_years
        on last_years.period_year - {{ var('trade_share_window_years') }} = first_years.period_year
        and last_years.importer_code_baci = first_years.importer_code_baci
),

world as (
    select
        importers.period_year,
        importers.cluster_key,
        cast(sum(importers.imports_kusd) as double) as imports_kusd
    from importers
    inner join windows
        on importers.period_year = windows.period_year
        and importers.importer_code_baci = windows.importer_code_baci
    group by
        importers.period_year, importers.cluster_key
),

shares as (
    select
        changes.period_year,
        changes.cluster_key,
        changes.product_level,
        sum(changes.last_share * changes.world_last_kusd / nullif(world.imports_kusd, 0)) as total
    from changes
    inner join world
        on changes.period_year = world.period_year
        and changes.cluster_key = world.cluster_key
    group by
        changes.period_year,
        changes.cluster_key,
        changes.product_level
)

select * from shares
where total is null or abs(total - 1) > 1e-9
