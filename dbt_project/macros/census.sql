{#- Measures of Business Dynamics Statistics, the same in every cut. -#}
{% macro bds_measures() -%}
    firms_count,
    estabs_count,
    emp_count,
    estabs_entry_count,
    estabs_exit_count,
    job_creation_count,
    job_destruction_count,
    estabs_entry_rate_pct,
    estabs_exit_rate_pct,
    {{ status_of_cell('estabs_entry_rate_pct_status', 'estabs_entry_rate_pct') }} as estabs_entry_rate_status,
    bds_release,
    _snapshot_id as snapshot_id
{%- endmacro %}

{#- A figure under its noise flag: the file prints 0 where it withholds, and that 0 is no zero. -#}
{% macro unless_withheld(value, flag) -%}
    case when {{ flag }} in ('D', 'S', 'N') then null else {{ value }} end
{%- endmacro %}

{#- Why a figure is not there, or how it was changed: D withheld, S below the standard; G, H and J
    noise below 2, below 5 and from 5 percent. -#}
{% macro status_of_noise_flag(flag, value) -%}
    case
        when {{ flag }} = 'D' then 'C'
        when {{ flag }} = 'S' then 'Q'
        when {{ flag }} = 'N' or {{ value }} is null then 'M'
        when {{ flag }} in ('G', 'H', 'J') then 'N'
        when {{ value }} = 0 then 'Z'
        else 'A'
    end
{%- endmacro %}
