{#- Amounts in another classification: each goes to its targets by weight, and what has no link is kept
    under the code `unmapped`, so that totals are conserved. `relation` has `code_column`, the columns
    of `keep` and the amounts; the result has `keep`, `to_code` and the amounts. Where a table is of one
    level only (six digits of NAICS), so have to be the codes. -#}
{% macro converted(relation, code_column, amounts, keep, from_scheme, to_scheme) -%}
    select
        {% for column in keep -%}
        amounts.{{ column }},
        {% endfor -%}
        coalesce(links.to_code, 'unmapped') as to_code
        {%- for amount in amounts %},
        sum(amounts.{{ amount }} * coalesce(links.weight, 1)) as {{ amount }}
        {%- endfor %}
    from {{ relation }} as amounts
    left join {{ ref('concordance') }} as links
        on amounts.{{ code_column }} = links.from_code
        and links.from_scheme = '{{ from_scheme }}'
        and links.to_scheme = '{{ to_scheme }}'
    group by {% for column in keep %}amounts.{{ column }}, {% endfor %}coalesce(links.to_code, 'unmapped')
{%- endmacro %}
