{#- Of rows that agree in some columns, no two hold in the same year; and no row ends before it begins. -#}
{% test one_at_a_time(model, columns, where='true') %}
with held as (
    select
        *,
        coalesce(valid_from_year, 0) as first_year,
        coalesce(valid_to_year, 9999) as last_year
    from {{ model }}
    where {{ where }}
),

ordered as (
    select
        *,
        lag(last_year) over (
            partition by {{ columns | join(', ') }} order by first_year, last_year
        ) as last_year_before
    from held
)

select * from ordered
where last_year_before >= first_year or last_year < first_year
{% endtest %}

{#- Weights of the rows that agree in some columns sum to 1. -#}
{% test weights_sum_to_one(model, columns, weight='weight', tolerance=1e-9) %}
select
    {{ columns | join(', ') }},
    sum({{ weight }}) as weights_sum
from {{ model }}
group by {{ columns | join(', ') }}
having not (abs(sum({{ weight }}) - 1) <= {{ tolerance }})
{% endtest %}
