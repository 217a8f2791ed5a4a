-- Generated from `meta: indicator:` beside each indicator's SQL; see macros/dictionary.sql.
{%- set texts = [
    'indicator_id', 'indicator_name', 'unit', 'direction', 'level', 'guideline_id', 'role',
    'formula', 'interpretation', 'caveat', 'reference', 'source_ids_text', 'method_version',
] %}

with indicators as (
    {% for node in indicator_nodes() -%}
    {%- set entries = node.config.meta['indicator'] -%}
    select
        {% for name in texts -%}
        {{ required_entry(entries, name, node.name) }} as {{ name }},
        {% endfor -%}
        {{ text_literal(node.description) }} as description,
        {{ text_literal(node.original_file_path) }} as sql_model
    {{ 'union all' if not loop.last }}
    {% else %}
    select
        {% for name in texts -%}
        cast(null as varchar) as {{ name }},
        {% endfor -%}
        cast(null as varchar) as description,
        cast(null as varchar) as sql_model
    where false
    {% endfor %}
)

select
    indicator_id,
    indicator_name,
    description,
    unit,
    direction,
    level,
    guideline_id,
    role,
    formula,
    interpretation,
    caveat,
    reference,
    source_ids_text,
    sql_model,
    method_version
from indicators
