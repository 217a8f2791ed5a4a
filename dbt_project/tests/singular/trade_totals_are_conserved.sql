-- Whatever trade is summed by, each year's total stays what the release says, to the dollar.
with flows as (
    select
        period_year,
        sum(value_kusd) as value_kusd
    from {{ ref('stg_baci__flows') }}
    group by period_year
),

clusters as (
    select * from {{ ref('int_trade__clusters') }}
),

parts as (
    select 'exporters' as summed_by, 0 as all_key, period_year, sum(exports_kusd) as value_kusd
    from {{ ref('int_trade__exporter_products') }}
    group by period_year
    union all
    select 'importers' as summed_by, 0 as all_key, period_year, sum(imports_kusd) as value_kusd
    from {{ ref('int_trade__importer_products') }}
    group by period_year
    {%- for model, column in [
        ('int_trade__bilateral_clusters', 'exports_kusd'),
        ('int_trade__importer_clusters', 'imports_kusd'),
        ('int_trade__economy_clusters', 'exports_kusd'),
    ] %}
    union all
    select
        concat(
            '{{ model }}',
            case when clusters.cluster_key = clusters.all_key then ', all' else ', clusters' end
        ) as summed_by,
        clusters.all_key,
        cells.period_year,
        sum(cells.{{ column }}) as value_kusd
    from {{ ref(model) }} as cells
    inner join clusters
        on cells.cluster_key = clusters.cluster_key
    group by 1, 2, 3
    {%- endfor %}
),

-- One row for each year and way of summing, so that one that is gone is found as well.
ways as (
    select 'exporters' as summed_by, 0 as all_key
    union all
    select 'importers', 0
    {%- for model in
        ['int_trade__bilateral_clusters', 'int_trade__importer_clusters', 'int_trade__economy_clusters']
    %}
    union all
    select '{{ model }}, all', cluster_key from clusters where cluster_key = all_key
    union all
    select '{{ model }}, clusters', cluster_key from clusters where cluster_key = all_key
    {%- endfor %}
)

select
    ways.summed_by,
    ways.all_key,
    flows.period_year,
    flows.value_kusd,
    parts.value_kusd as found_kusd
from flows
cross join ways
left join parts
    on ways.summed_by = parts.summed_by
    and ways.all_key = parts.all_key
    and flows.period_year = parts.period_year
where parts.value_kusd is distinct from flows.value_kusd
