{#- One query for each rule over a whole table: many one-column tests would cost more time than
    the models. A failing row says which rule it breaks. -#}

{#- Key columns are filled and, together, unique. -#}
{% test unique_combination(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as rows_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1{% for column in columns %} or {{ column }} is null{% endfor %}
{% endtest %}

{#- Every filled combination of columns exists in another table. -#}
{% test references_exist(model, references) %}
{% for reference in references -%}
{%- set targets = reference.get('to_columns', reference['columns']) -%}
select distinct
    '{{ reference['columns'] | join(', ') }}' as broken_reference,
    concat_ws(', ', {{ reference['columns'] | join(', ') }}) as orphan
from {{ model }} as cells
where
    {% for column in reference['columns'] %}{{ column }} is not null and {% endfor -%}
    not exists (
        select 1 from {{ reference['to'] }} as targets
        where
            {%- for column in reference['columns'] %}
            targets.{{ targets[loop.index0] }} = cells.{{ column }}{{ ' and' if not loop.last }}
            {%- endfor %}
    )
{{ 'union all' if not loop.last }}
{% endfor %}
{% endtest %}

{#- A condition that every row meets; NULL is a breach. -#}
{% test rule_holds(model, rule) %}
select * from {{ model }} where ({{ rule }}) is not true
{% endtest %}

{#- At most one value in the whole table. -#}
{% test one_value(model, column, why) %}
-- {{ why }}
select count(distinct {{ column }}) as values_count from {{ model }}
having count(distinct {{ column }}) > 1
{% endtest %}

{% test row_count_is(model, count, where='true') %}
select count(*) as rows_count from {{ model }} where {{ where }}
having count(*) <> {{ count }}
{% endtest %}

{#- 1/0 is infinity in DuckDB and passes every NOT NULL test. -#}
{% test no_inf_nan(model, columns) %}
select * from {{ model }}
where
    {% for column in columns -%}
    isinf({{ column }}) or isnan({{ column }}){{ ' or ' if not loop.last }}
    {%- endfor %}
{% endtest %}

{#- Sums by `by` equal those of the relation that the rows were made from, in each of `within`. -#}
{% test sum_conserved(model, column, of, of_column, by, within) %}
with parts as (
    select {{ (by + within) | join(', ') }}, sum({{ column }}) as amount
    from {{ model }}
    group by {{ (by + within) | join(', ') }}
),

schemes as (
    select distinct {{ within | join(', ') }} from parts
),

wholes as (
    select {{ by | join(', ') }}, sum({{ of_column }}) as amount
    from {{ of }}
    group by {{ by | join(', ') }}
)

select
    {% for name in by %}wholes.{{ name }}, {% endfor -%}
    {% for name in within %}schemes.{{ name }}, {% endfor -%}
    wholes.amount as expected_amount,
    parts.amount as found_amount
from wholes
left join schemes on true
left join parts
    on {% for name in by %}wholes.{{ name }} = parts.{{ name }} and {% endfor -%}
    {% for name in within -%}
    schemes.{{ name }} = parts.{{ name }}{{ ' and ' if not loop.last }}
    {%- endfor %}
where parts.amount is distinct from wholes.amount
{% endtest %}
