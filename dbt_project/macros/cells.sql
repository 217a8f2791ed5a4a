{#- What differs between engines when a cell of the fact is written. -#}

{#- Named terms of a formula as map(varchar, double). `pairs`: {'term': 'sql expression', …}. -#}
{% macro terms(pairs) -%}
    {{ return(adapter.dispatch('terms', 'clusterkpi')(pairs)) }}
{%- endmacro %}

{% macro default__terms(pairs) -%}
    map(
        [
            {% for name in pairs -%}
            '{{ name }}'{{ ', ' if not loop.last }}
            {%- endfor %}
        ],
        [
            {% for term in pairs.values() -%}
            cast({{ term }} as double){{ ', ' if not loop.last }}
            {%- endfor %}
        ]
    )
{%- endmacro %}

{% macro spark__terms(pairs) -%}
    map(
        {% for name, term in pairs.items() -%}
        '{{ name }}', cast({{ term }} as double){{ ', ' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- Snapshot ids as a list without NULLs: what is not there was not used. -#}
{% macro snapshot_list(expressions) -%}
    {{ return(adapter.dispatch('snapshot_list', 'clusterkpi')(expressions)) }}
{%- endmacro %}

{% macro default__snapshot_list(expressions) -%}
    list_filter(
        [
            {% for snapshot in expressions -%}
            cast({{ snapshot }} as varchar){{ ', ' if not loop.last }}
            {%- endfor %}
        ],
        lambda snapshot_id: snapshot_id is not null
    )
{%- endmacro %}

{% macro spark__snapshot_list(expressions) -%}
    filter(
        array(
            {% for snapshot in expressions -%}
            cast({{ snapshot }} as string){{ ', ' if not loop.last }}
            {%- endfor %}
        ),
        snapshot_id -> snapshot_id is not null
    )
{%- endmacro %}
