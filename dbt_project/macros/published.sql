{#- Cells of a figure that a publisher computed and that is passed on as it is: no formula of ours. -#}

{#- `cells`: a relation with geo_id, period_year, value, obs_status and snapshot_id in which the
    members of APEC stand in every period; `where`: which of its rows. -#}
{% macro published_cells(cells, where, indicator_id, basis, term) -%}
    select
        '{{ indicator_id }}' as indicator_id,
        geo_id,
        'all' as cluster_id,
        cast(period_year as varchar) as period,
        '{{ basis }}' as basis,
        value,
        cast(null as double) as value_lower,
        cast(null as double) as value_upper,
        obs_status,
        cast(case when value is null then 0 else 1 end as bigint) as n_obs,
        {{ terms({term: 'value'}) }} as components,
        {{ snapshot_list(['snapshot_id']) }} as source_ids,
        '1' as method_version
    from {{ cells }}
    where {{ where }}
{%- endmacro %}
