{#- Corrections of publishers' errors, seeds/corrections. A staging model reads its source through
    `corrected_rows`: the figure is replaced where the publisher still sends the wrong one. -#}

{% macro row_key(columns, relation) -%}
    concat_ws(
        '|'
        {%- for column in columns -%}
        , cast({{ relation }}.{{ column }} as varchar)
        {%- endfor -%}
    )
{%- endmacro %}

{#- Rows of `relation` with `value_column` corrected, and `correction_id` (NULL where none). -#}
{% macro corrected_rows(relation, source_id, table_name, key_columns, value_column, other_columns) -%}
    select
        {% for column in key_columns + other_columns -%}
        {{ relation }}.{{ column }},
        {% endfor -%}
        case
            when {{ relation }}.{{ value_column }} = corrections.wrong_value
                then corrections.right_value
            else {{ relation }}.{{ value_column }}
        end as {{ value_column }},
        case
            when {{ relation }}.{{ value_column }} = corrections.wrong_value
                then corrections.correction_id
        end as correction_id
    from {{ relation }}
    left join (
        select * from {{ ref('correction') }}
        where
            source_id = '{{ source_id }}'
            and table_name = '{{ table_name }}'
            and column_name = '{{ value_column }}'
    ) as corrections
        on {{ row_key(key_columns, relation) }} = corrections.row_key
{%- endmacro %}
