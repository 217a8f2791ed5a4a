{#- A sum of doubles that is the same whatever order its rows come in: engines add in parallel, and
    the last digits of a sum of doubles hang on the order. Each addend is rounded to `digits` places,
    then added exactly; 18 leave room for totals below 10^20, which shares and thousands of dollars
    never reach. -#}
{% macro order_free_sum(expression, digits=18) -%}
    cast(sum(cast({{ expression }} as decimal(38, {{ digits }}))) as double)
{%- endmacro %}
