-- Generated from `meta: indicator: terms:` beside each indicator's SQL; see macros/dictionary.sql.
{%- set rows = [] -%}
{%- for node in indicator_nodes() -%}
    {%- set entries = node.config.meta['indicator'] -%}
    {%- for term in checked_terms(entries, node.name) -%}
        {%- do rows.append((entries['indicator_id'], term)) -%}
    {%- endfor -%}
{%- endfor %}

with stated as (
    {% for indicator_id, term in rows -%}
    select
        {{ text_literal(indicator_id) }} as indicator_id,
        {{ text_literal(term.get('basis') or 'all') }} as basis,
        {{ text_literal(term['term']) }} as term,
        {{ text_literal(term.get('term_name') or term['term'] | replace('_', ' ') | capitalize) }} as term_name,
        {{ text_literal(term['unit']) }} as unit,
        {{ list_literal(term.get('series')) }} as series,
        {{ text_literal(term.get('table')) }} as raw_table,
        {{ text_literal(term.get('rows')) }} as rows_filter,
        {{ list_literal(term.get('over')) }} as summed_over,
        {{ list_literal(term.get('of')) }} as made_of
    {{ 'union all' if not loop.last }}
    {% else %}
    select
        cast(null as varchar) as indicator_id,
        cast(null as varchar) as basis,
        cast(null as varchar) as term,
        cast(null as varchar) as term_name,
        cast(null as varchar) as unit,
        cast(null as varchar[]) as series,
        cast(null as varchar) as raw_table,
        cast(null as varchar) as rows_filter,
        cast(null as varchar[]) as summed_over,
        cast(null as varchar[]) as made_of
    where false
    {% endfor %}
)

select
    indicator_id,
    basis,
    term,
    term_name,
    unit,
    series,
    raw_table,
    rows_filter,
    summed_over,
    made_of
from stated
