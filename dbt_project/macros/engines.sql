{#- What differs between DuckDB and Spark in the heavy models (staging of BACI, trade), and nothing
    else: default__ is DuckDB's, spark__ Spark's. docs/spark.md lists why each of them is here. -#}

{#- Whether a text matches a regular expression. -#}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches', 'clusterkpi')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro spark__matches(text, pattern) -%}
    regexp_like({{ text }}, '{{ pattern | replace("\\", "\\\\") }}')
{%- endmacro %}

{#- Seeds on Spark. The adapter's own macros write a missing cell as the text None, do not escape
    quotes, and know no varchar without a length. -#}
{% macro spark__seed_type(model, agate_table, position) -%}
    {%- set stated = model['config'].get('column_types', {}).get(agate_table.column_names[position]) -%}
    {%- set type = stated or adapter.convert_type(agate_table, position) -%}
    {{ return('string' if type | lower == 'varchar' else type) }}
{%- endmacro %}

{% macro spark__literal(value) -%}
    {%- if value is none -%}
        {{ return('null') }}
    {%- endif -%}
    {{ return("'" ~ (value | string | replace("\\", "\\\\") | replace("'", "\\'")) ~ "'") }}
{%- endmacro %}

{% macro spark__create_csv_table(model, agate_table) -%}
    {%- set sql -%}
        create table {{ this.render() }} (
            {%- for name in agate_table.column_names %}
            {{ name }} {{ clusterkpi.spark__seed_type(model, agate_table, loop.index0) }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) using parquet
    {%- endset -%}
    {%- call statement('_') -%}
        {{ sql }}
    {%- endcall -%}
    {{ return(sql) }}
{%- endmacro %}

{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- do types.append(clusterkpi.spark__seed_type(model, agate_table, loop.index0)) -%}
    {%- endfor -%}
    {%- set sql -%}
        insert into {{ this.render() }}
        select /*+ coalesce(1) */
            {%- for name in agate_table.column_names %}
            cast({{ name }} as {{ types[loop.index0] }}) as {{ name }}{{ ',' if not loop.last }}
            {%- endfor %}
        from values
            {%- for row in agate_table.rows %}
            ({% for value in row %}{{ clusterkpi.spark__literal(value) }}{{ ', ' if not loop.last }}{% endfor %}){{ ',' if not loop.last }}
            {%- endfor %}
        as seed_rows ({{ agate_table.column_names | join(', ') }})
    {%- endset -%}
    {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {{ return(sql) }}
{%- endmacro %}
