{#- Cells of the United States, completed to all members of APEC: `cells` is a relation with period_year and
    the listed columns; for the others no source has landed. -#}
{% macro with_other_members(cells, columns) -%}
    select
        apec_economies.geo_id,
        periods.period_year,
        {% for column in columns -%}
        {{ cells }}.{{ column }},
        {% endfor -%}
        apec_economies.geo_id = 'USA' as is_covered
    from {{ ref('apec_economies') }} as apec_economies
    cross join (select distinct period_year from {{ cells }}) as periods
    left join {{ cells }}
        on apec_economies.geo_id = 'USA'
        and periods.period_year = {{ cells }}.period_year
{%- endmacro %}
