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

{#- `terms:` of an indicator's YAML: what the named terms are and which rows they come from. Each
    entry is looked at: a slip would otherwise be a passport that silently says less. -#}
{% macro checked_terms(entries, model) -%}
    {%- set known = ['term', 'term_name', 'unit', 'basis', 'series', 'table', 'rows', 'over', 'of'] -%}
    {%- set dimensions = ['geo', 'cluster', 'period'] -%}
    {%- set stated = entries.get('terms') or [] -%}
    {%- set names = stated | map(attribute='term') | list -%}
    {%- set bases = (entries.get('bases') or []) | map(attribute='basis') | list -%}
    {%- for entry in stated -%}
        {%- set where = "model " ~ model ~ ": meta.indicator.terms, '" ~ entry.get('term') ~ "': " -%}
        {%- for key in entry if key not in known -%}
            {{ exceptions.raise_compiler_error(where ~ "no entry '" ~ key ~ "'; there are " ~ known | join(', ')) }}
        {%- endfor -%}
        {%- for key in ['term', 'unit'] if not entry.get(key) -%}
            {{ exceptions.raise_compiler_error(where ~ "'" ~ key ~ "' is missing") }}
        {%- endfor -%}
        {%- if entry.get('basis') and entry['basis'] not in bases -%}
            {{ exceptions.raise_compiler_error(where ~ "basis '" ~ entry['basis'] ~ "' is none of " ~ bases | join(', ')) }}
        {%- endif -%}
        {%- for other in entry.get('of', []) if other not in names -%}
            {{ exceptions.raise_compiler_error(where ~ "it is made of '" ~ other ~ "', which is no term of this list") }}
        {%- endfor -%}
        {%- for dimension in entry.get('over', []) if dimension not in dimensions -%}
            {{ exceptions.raise_compiler_error(where ~ "it cannot sum over '" ~ dimension ~ "', only over " ~ dimensions | join(', ')) }}
        {%- endfor -%}
        {%- if entry.get('of') and (entry.get('series') or entry.get('rows')) -%}
            {{ exceptions.raise_compiler_error(where ~ "it is made of other terms or read from a series, not both") }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(stated) }}
{%- endmacro %}

{#- A list of texts, also from a single one. -#}
{% macro list_literal(value) -%}
    {%- set items = [] if not value else ([value] if value is string else value) -%}
    cast([{% for item in items %}{{ clusterkpi.text_literal(item) }}{{ ', ' if not loop.last }}{% endfor %}] as varchar[])
{%- endmacro %}
