-- Generated from `meta: indicator: bases:` beside each indicator's SQL; see macros/dictionary.sql.
{%- set rows = [] -%}
{%- for node in indicator_nodes() -%}
    {%- set entries = node.config.meta['indicator'] -%}
    {%- set bases = entries.get('bases') or exceptions.raise_compiler_error(
        "model " ~ node.name ~ ": meta.indicator has no 'bases'; name at least one in its YAML"
    ) -%}
    {%- for basis in bases -%}
        {%- do rows.append((node.name, entries, basis)) -%}
    {%- endfor -%}
{%- endfor %}

with bases as (
    {% for model_name, entries, basis in rows -%}
    select
        {{ required_entry(entries, 'indicator_id', model_name) }} as indicator_id,
        {% for name in ['basis', 'basis_name', 'unit', 'description'] -%}
        {{ required_entry(basis, name, model_name) }} as {{ name }}{{ ',' if not loop.last }}
        {% endfor -%}
    {{ 'union all' if not loop.last }}
    {% else %}
    select
        cast(null as varchar) as indicator_id,
        cast(null as varchar) as basis,
        cast(null as varchar) as basis_name,
        cast(null as varchar) as unit,
        cast(null as varchar) as description
    where false
    {% endfor %}
)

select
    indicator_id,
    basis,
    basis_name,
    unit,
    description
from bases
