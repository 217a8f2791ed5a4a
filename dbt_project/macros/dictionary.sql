{#- The dictionary of indicators is what stands in `meta: indicator:` beside each indicator's SQL.
    The graph is known only when dbt executes; while it parses, the lists are empty. -#}

{% macro indicator_nodes() -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() | sort(attribute='name') -%}
            {%- if node.resource_type == 'model' and node.config.meta.get('indicator') -%}
                {%- do found.append(node) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{#- A text literal with single spaces, or NULL; YAML folds and indents. -#}
{% macro text_literal(value) -%}
    {%- if value is none or value is undefined -%}
        cast(null as varchar)
    {%- else -%}
        '{{ (value | string).split() | join(' ') | replace("'", "''") }}'
    {%- endif -%}
{%- endmacro %}

{#- An indicator whose YAML lacks an entry must not reach a dictionary with an empty cell. -#}
{% macro required_entry(entries, name, model) -%}
    {%- if entries.get(name) is none -%}
        {{ exceptions.raise_compiler_error(
            "model " ~ model ~ ": meta.indicator lacks '" ~ name ~ "'; add it to the model's YAML"
        ) }}
    {%- endif -%}
    {{ return(clusterkpi.text_literal(entries[name])) }}
{%- endmacro %}
