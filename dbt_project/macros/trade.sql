{#- What an indicator of exports needs of its cell and of its measure; see int_trade__exporter_grid. -#}

{#- `measure` beside the cell that it belongs to. -#}
{% macro on_exporter_cell(measure, code='exporter_code_baci') -%}
    grid.period_year = {{ measure }}.period_year
        and grid.economy_code_baci = {{ measure }}.{{ code }}
        and grid.scheme = {{ measure }}.scheme
        and grid.scheme_version = {{ measure }}.scheme_version
        and grid.cluster_id = {{ measure }}.cluster_id
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

{#- A market as one number: year, importer and product side by side. BACI's codes are digits, three at
    most of an economy and six of a product (its contract holds rows with others back). -#}
{% macro number_of_market(rows) -%}
    ((cast({{ rows }}.period_year as bigint) * 1000 + cast({{ rows }}.importer_code_baci as bigint)) * 1000000
    + cast({{ rows }}.product_code_hs as bigint))
{%- endmacro %}

{#- A row of the flows as one number: its market's, and its exporter behind it. -#}
{% macro number_of_flow(rows) -%}
    ({{ number_of_market(rows) }} * 1000 + cast({{ rows }}.exporter_code_baci as bigint))
{%- endmacro %}

{#- What a year is worth in the number of a flow. -#}
{% macro number_of_a_year() -%}
    1000000000000
{%- endmacro %}
