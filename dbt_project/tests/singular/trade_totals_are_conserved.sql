-- Whatever trade is summed by, each year's total stays what the release says, to the dollar.
with flows as (
    select
        period_year,
        sum(value_kusd) as value_kusd
    from {{ ref('stg_baci__flows') }}
    group by period_year
),

schemes as (
    select distinct scheme, scheme_version from {{ ref('int_trade__product_clusters') }}
),

parts as (
    select 'exporters' as summed_by, '' as scheme, period_year, sum(exports_kusd) as value_kusd
    from {{ ref('int_trade__exporter_products') }}
    group by period_year
    union all
    select 'importers' as summed_by, '' as scheme, period_year, sum(imports_kusd) as value_kusd
    from {{ ref('int_trade__importer_products') }}
    group by period_year
    union all
    select
        case when cluster_id = 'all' then 'pairs' else 'pairs and clusters' end as summed_by,
        concat(scheme, ' ', scheme_version) as scheme,
        period_year,
        sum(exports_kusd) as value_kusd
    from {{ ref('int_trade__bilateral_clusters') }}
    group by 1, 2, 3
    union all
    select
        case when cluster_id = 'all' then 'buyers' else 'buyers and clusters' end as summed_by,
        concat(scheme, ' ', scheme_version) as scheme,
        period_year,
        sum(imports_kusd) as value_kusd
    from {{ ref('int_trade__importer_clusters') }}
    group by 1, 2, 3
),

-- One row for each year and way of summing, so that one that is gone is found as well.
expected as (
    select ways.summed_by, ways.scheme, flows.period_year, flows.value_kusd
    from flows
    cross join (
        select 'exporters' as summed_by, '' as scheme
        union all
        select 'importers', ''
        union all
        select ways.summed_by, concat(schemes.scheme, ' ', schemes.scheme_version)
        from schemes
        cross join (
            select 'pairs' as summed_by
            union all select 'pairs and clusters'
            union all select 'buyers'
            union all select 'buyers and clusters'
        ) as ways
    ) as ways
)

select
    expected.*,
    parts.value_kusd as found_kusd
from expected
left join parts
    on expected.summed_by = parts.summed_by
    and expected.scheme = parts.scheme
    and expected.period_year = parts.period_year
where parts.value_kusd is distinct from expected.value_kusd
