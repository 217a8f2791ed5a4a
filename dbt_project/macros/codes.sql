{#- Whether a row of a code list with years of validity is meant by a code in a year: the condition of
    a join. `codes` is the list's alias, `scheme` a text, `code` and `year` are expressions. -#}
{% macro code_holds(codes, scheme, code, year) -%}
    {{ codes }}.code_scheme = '{{ scheme }}'
    and {{ codes }}.code = {{ code }}
    and {{ year }} >= coalesce({{ codes }}.valid_from_year, 0)
    and {{ year }} <= coalesce({{ codes }}.valid_to_year, 9999)
{%- endmacro %}
