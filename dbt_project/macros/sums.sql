{#- A sum of doubles that is the same whatever order its rows come in: engines add in parallel, and
    the last digits of a sum of doubles hang on the order. Each addend is rounded to `digits` places,
    then added exactly; 18 leave room for totals below 10^20, which shares and thousands of dollars
    never reach. -#}
{% macro order_free_sum(expression, digits=18) -%}
    {{ return(adapter.dispatch('order_free_sum', 'clusterkpi')(expression, digits)) }}
{%- endmacro %}

{% macro default__order_free_sum(expression, digits) -%}
    cast(sum(cast({{ expression }} as decimal(38, {{ digits }}))) as double)
{%- endmacro %}

{#- Spark makes a double a decimal by way of its shortest text, DuckDB by its exact product with a power
    of ten: the last digit differs, and where sums cancel it is all that is left. So DuckDB's way is
    gone here step by step: round the product, half away from zero (from 2^52 on it is whole); take it
    apart at 2^62, since only what fits 64 bits passes unchanged; add; turn the sum back in two parts. -#}
{% macro spark__order_free_sum(expression, digits) -%}
    {%- set scaled = '((' ~ expression ~ ') * 1e' ~ digits ~ ')' -%}
    {%- set whole = '(' ~ scaled ~ ' + if(abs(' ~ scaled ~ ') < 4503599627370496e0, sign(' ~ scaled ~ ') * 0.5e0, 0e0))' -%}
    {%- set high = 'cast(' ~ whole ~ ' / 4611686018427387904e0 as bigint)' -%}
    {%- set low = 'cast(' ~ whole ~ ' - ' ~ high ~ ' * 4611686018427387904e0 as bigint)' -%}
    {%- set total -%}
        sum(
            cast({{ high }} as decimal(19, 0)) * cast(4611686018427387904 as decimal(19, 0))
            + cast({{ low }} as decimal(19, 0))
        )
    {%- endset -%}
    {%- set power = 'cast(1' ~ '0' * digits ~ ' as decimal(19, 0))' -%}
    case
        when abs({{ total }}) <= 9007199254740992 then cast({{ total }} as double) / 1e{{ digits }}
        else
            cast({{ total }} div {{ power }} as double)
            + cast({{ total }} % {{ power }} as double) / 1e{{ digits }}
    end
{%- endmacro %}

{#- An aggregate of doubles over their sorted list, for what a sum of decimals cannot say (a standard
    deviation, products of any size). For small groups: each group's figures are held at once. -#}
{% macro in_order(aggregate, expression) -%}
    list_aggregate(list_sort(list({{ expression }})), '{{ aggregate }}')
{%- endmacro %}
