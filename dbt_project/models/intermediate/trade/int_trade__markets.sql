-- A market is an importer and a product. Its imports of some years later and earlier are put beside
-- it here, so that each flow needs one join with one row, and never its own market's other flows.
{%- set window = var('trade_share_window_years') -%}
{%- set pulls = var('trade_pull_windows_years') %}

with imports as (
    select * from {{ ref('int_trade__importer_products') }}
),

importer_years as (
    select * from {{ ref('int_trade__importer_years') }}
),

product_clusters as (
    select * from {{ ref('int_trade__product_clusters') }}
),

markets as (
    select
        imports.period_year,
        imports.importer_code_baci,
        imports.product_code_hs,
        substr(imports.product_code_hs, 1, 4) as heading_code_hs4,
        product_clusters.cluster_key,
        imports.imports_kusd,
        imports.snapshot_id
    from imports
    inner join product_clusters
        on imports.product_code_hs = product_clusters.product_code_hs
),

headings as (
    select
        period_year,
        importer_code_baci,
        substr(product_code_hs, 1, 4) as heading_code_hs4,
        sum(imports_kusd) as imports_kusd
    from imports
    group by period_year, importer_code_baci, substr(product_code_hs, 1, 4)
),

-- A heading whose products belong to two clusters is two markets, one in each of them.
cluster_headings as (
    select
        period_year,
        importer_code_baci,
        heading_code_hs4,
        cluster_key,
        sum(imports_kusd) as imports_kusd
    from markets
    group by
        period_year, importer_code_baci, heading_code_hs4, cluster_key
),

heading_growth as (
    select
        headings.period_year,
        headings.importer_code_baci,
        headings.heading_code_hs4,
        cast(later.imports_kusd as double)
        / nullif(cast(headings.imports_kusd as double), 0) as forward,
        cast(earlier.imports_kusd as double)
        / nullif(cast(headings.imports_kusd as double), 0) as backward
    from headings
    left join headings as later
        on headings.period_year + {{ window }} = later.period_year
        and headings.importer_code_baci = later.importer_code_baci
        and headings.heading_code_hs4 = later.heading_code_hs4
    left join headings as earlier
        on headings.period_year - {{ window }} = earlier.period_year
        and headings.importer_code_baci = earlier.importer_code_baci
        and headings.heading_code_hs4 = earlier.heading_code_hs4
),

cluster_heading_growth as (
    select
        cluster_headings.period_year,
        cluster_headings.importer_code_baci,
        cluster_headings.heading_code_hs4,
        cluster_headings.cluster_key,
        cast(later.imports_kusd as double)
        / nullif(cast(cluster_headings.imports_kusd as double), 0) as forward,
        cast(earlier.imports_kusd as double)
        / nullif(cast(cluster_headings.imports_kusd as double), 0) as backward
    from cluster_headings
    left join cluster_headings as later
        on cluster_headings.period_year + {{ window }} = later.period_year
        and cluster_headings.importer_code_baci = later.importer_code_baci
        and cluster_headings.heading_code_hs4 = later.heading_code_hs4
        and cluster_headings.cluster_key = later.cluster_key
    left join cluster_headings as earlier
        on cluster_headings.period_year - {{ window }} = earlier.period_year
        and cluster_headings.importer_code_baci = earlier.importer_code_baci
        and cluster_headings.heading_code_hs4 = earlier.heading_code_hs4
        and cluster_headings.cluster_key = earlier.cluster_key
),

joined as (
    select
        markets.*,
        later_years.importer_code_baci is not null as has_later,
        earlier_years.importer_code_baci is not null as has_earlier,
        cast(later.imports_kusd as double)
        / nullif(cast(markets.imports_kusd as double), 0) as hs6_forward,
        cast(earlier.imports_kusd as double)
        / nullif(cast(markets.imports_kusd as double), 0) as hs6_backward,
        cluster_heading_growth.forward as hs4_in_cluster_forward,
        cluster_heading_growth.backward as hs4_in_cluster_backward,
        heading_growth.forward as hs4_forward,
        heading_growth.backward as hs4_backward{% for years in pulls %},
        case
            when later_years_{{ years }}.importer_code_baci is not null
                then coalesce(later_{{ years }}.imports_kusd, cast(0 as decimal(18, 3)))
        end as imports_kusd_{{ years }}y_later{% endfor %}
    from markets
    inner join heading_growth
        on markets.period_year = heading_growth.period_year
        and markets.importer_code_baci = heading_growth.importer_code_baci
        and markets.heading_code_hs4 = heading_growth.heading_code_hs4
    inner join cluster_heading_growth
        on markets.period_year = cluster_heading_growth.period_year
        and markets.importer_code_baci = cluster_heading_growth.importer_code_baci
        and markets.heading_code_hs4 = cluster_heading_growth.heading_code_hs4
        and markets.cluster_key = cluster_heading_growth.cluster_key
    left join imports as later
        on markets.period_year + {{ window }} = later.period_year
        and markets.importer_code_baci = later.importer_code_baci
        and markets.product_code_hs = later.product_code_hs
    left join imports as earlier
        on markets.period_year - {{ window }} = earlier.period_year
        and markets.importer_code_baci = earlier.importer_code_baci
        and markets.product_code_hs = earlier.product_code_hs
    left join importer_years as later_years
        on markets.period_year + {{ window }} = later_years.period_year
        and markets.importer_code_baci = later_years.importer_code_baci
    left join importer_years as earlier_years
        on markets.period_year - {{ window }} = earlier_years.period_year
        and markets.importer_code_baci = earlier_years.importer_code_baci
    {%- for years in pulls %}
    left join imports as later_{{ years }}
        on markets.period_year + {{ years }} = later_{{ years }}.period_year
        and markets.importer_code_baci = later_{{ years }}.importer_code_baci
        and markets.product_code_hs = later_{{ years }}.product_code_hs
    left join importer_years as later_years_{{ years }}
        on markets.period_year + {{ years }} = later_years_{{ years }}.period_year
        and markets.importer_code_baci = later_years_{{ years }}.importer_code_baci
    {%- endfor %}
)

-- A product that an importer does not buy in a year in which it is in the data is a true zero; of
-- a year in which it is not in the data nothing is known, and the ratio stays NULL.
select
    period_year,
    importer_code_baci,
    product_code_hs,
    cluster_key,
    imports_kusd,
    {%- for term in ['hs6', 'hs4_in_cluster', 'hs4'] %}
    case when has_later then coalesce({{ term }}_forward, 0) end as {{ term }}_forward,
    case when has_earlier then coalesce({{ term }}_backward, 0) end as {{ term }}_backward,
    {%- endfor %}
    {%- for years in pulls %}
    imports_kusd_{{ years }}y_later,
    {%- endfor %}
    snapshot_id
from joined
