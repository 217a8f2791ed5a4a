-- Generated from `meta: indicator: bases:` beside each indicator's SQL; see macros/dictionary.sql.
{%- set rows = [] -%}
{%- for node in indicator_nodes() -%}
    {%- for basis in node.config.meta['indicator']['bases'] -%}
        {%- do rows.append((node, basis)) -%}
    {%- endfor -%}
{%- endfor %}

with bases as (
    {% for node, basis in rows -%}
    select
        {{ required_entry(node.config.meta['indicator'], 'indicator_id', node.name) }} as indicator_id,
        {% for name in ['basis', 'basis_name', 'unit', 'description'] -%}
        {{ required_entry(basis, name, node.name) }} as {{ name }}{{ ',' if not loop.last }}
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
