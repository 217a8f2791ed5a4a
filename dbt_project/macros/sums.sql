{#- A sum of doubles that is the same whatever order its rows come in: engines add in parallel, and
    the last digits of a sum of doubles hang on the order. Each addend is rounded to `digits` places,
    then added exactly; 18 leave room for totals below 10^20, which shares and thousands of dollars
    never reach. -#}
{% macro order_free_sum(expression, digits=18) -%}
    cast(sum(cast({{ expression }} as decimal(38, {{ digits }}))) as double)
{%- endmacro %}

{#- An aggregate of doubles over their sorted list, for what a sum of decimals cannot say (a standard
    deviation, products of any size). For small groups: each group's figures are held at once. -#}
{% macro in_order(aggregate, expression) -%}
    list_aggregate(list_sort(list({{ expression }})), '{{ aggregate }}')
{%- endmacro %}
