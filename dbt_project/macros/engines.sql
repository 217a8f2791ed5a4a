{#- What differs between DuckDB and Spark in the heavy models (tag `heavy`), and nothing else:
    default__ is DuckDB's, spark__ Spark's. docs/spark.md says why each of them is here; the other two
    that differ, `terms` and `snapshot_list`, stand in cells.sql. -#}

{#- The type of a text. Spark's varchar needs a length. -#}
{% macro text_type() -%}
    {{ return(adapter.dispatch('text_type', 'clusterkpi')()) }}
{%- endmacro %}

{% macro default__text_type() -%}
    varchar
{%- endmacro %}

{% macro spark__text_type() -%}
    string
{%- endmacro %}

{#- Whether a text contains a match of a regular expression. -#}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches', 'clusterkpi')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{#- Spark reads a backslash in a literal as the start of an escape. -#}
{% macro spark__matches(text, pattern) -%}
    regexp_like({{ text }}, '{{ pattern | replace("\\", "\\\\") }}')
{%- endmacro %}

{#- On Spark a model stands alone: what it reads and Spark does not build (raw rows, lists, small
    models) lies as Parquet below a folder that the caller filled. Each such relation is made known to
    the session before the first model that reads it. The catalogue lives as long as the build. -#}
{% macro spark__create_table_as(temporary, relation, compiled_code, language='sql') -%}
    {%- do clusterkpi.register_inputs() -%}
    {{ return(dbt.spark__create_table_as(temporary, relation, compiled_code, language)) }}
{%- endmacro %}

{% macro register_inputs() -%}
    {%- set folders = fromjson(env_var('CLUSTERKPI_SPARK_INPUTS')) -%}
    {%- for unique_id in model.depends_on.nodes -%}
        {%- set node = graph.nodes.get(unique_id) or graph.sources[unique_id] -%}
        {%- set name = node.schema ~ '.' ~ (node.identifier or node.alias) -%}
        {%- if name in folders -%}
            {%- do run_query('create database if not exists ' ~ node.schema) -%}
            {%- do run_query(
                'create table if not exists ' ~ name ~ " using parquet location '" ~ folders[name] ~ "'"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
