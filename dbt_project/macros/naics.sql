{#- The sector row under which a code is summed: sectors of several two-digit codes are published
    under the first one (31 for 31-33, 44 for 44-45, 48 for 48-49). -#}
{% macro naics_sector(code) -%}
    case substr({{ code }}, 1, 2)
        when '32' then '31'
        when '33' then '31'
        when '45' then '44'
        when '49' then '48'
        else substr({{ code }}, 1, 2)
    end
{%- endmacro %}
