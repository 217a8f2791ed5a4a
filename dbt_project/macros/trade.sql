{#- What an indicator of exports needs of its cell and of its measure; see int_trade__exporter_grid. -#}

{#- `measure` beside the cell that it belongs to. -#}
{% macro on_exporter_cell(measure, code='exporter_code_baci') -%}
    grid.period_year = {{ measure }}.period_year
        and grid.economy_code_baci = {{ measure }}.{{ code }}
        and grid.cluster_key = {{ measure }}.cluster_key
{%- endmacro %}

{#- Status of a cell. `few` says when a value rests on too little to be ranked, `zero` when the value
    is a true zero; fewer than 30 exporters are no world to compare with. -#}
{% macro status_of_exporter_cell(value, few='false', zero='false') -%}
    case
        when not is_covered then 'L'
        when {{ value }} is null then 'M'
        when exporters_count < 30 or {{ few }} then 'U'
        when {{ zero }} then 'Z'
        else 'A'
    end
{%- endmacro %}
