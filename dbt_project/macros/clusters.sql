{#- Ids of clusters are unique over all taxonomies: those of the project's own stand as they are, the
    others follow the name of their taxonomy. -#}
{% macro cluster_id_of(scheme, cluster) -%}
    case when {{ scheme }} = 'clusterkpi' then {{ cluster }} else {{ scheme }} || ':' || {{ cluster }} end
{%- endmacro %}

{#- The row of dim_cluster that stands for all clusters of a taxonomy. -#}
{% macro all_clusters(scheme) -%}
    {{ cluster_id_of(scheme, "'all'") }}
{%- endmacro %}
