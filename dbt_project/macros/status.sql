{#- What publishers' marks mean in the closed list of `obs_status`. Where several marks stand
    together the one that changes most what may be done with the figure wins. -#}

{#- Eurostat's letters, alone or combined (`bu`). `d` (definition differs), `i` and `r` leave the
    figure as good as it is; `z` and `n` without a figure are missing. -#}
{% macro status_of_eurostat_flags(flags, confidentiality, value) -%}
    case
        when {{ value }} is null and (contains(coalesce({{ flags }}, ''), 'c') or {{ confidentiality }} = 'C') then 'C'
        when {{ value }} is null then 'M'
        when contains(coalesce({{ flags }}, ''), 'u') or contains(coalesce({{ flags }}, ''), 'n') then 'U'
        when contains(coalesce({{ flags }}, ''), 'b') then 'B'
        when regexp_matches(coalesce({{ flags }}, ''), '[esf]') then 'E'
        when contains(coalesce({{ flags }}, ''), 'p') then 'P'
        when {{ value }} = 0 then 'Z'
        else 'A'
    end
{%- endmacro %}

{#- SDMX's CL_OBS_STATUS as the OECD uses it. -#}
{% macro status_of_sdmx(code, value) -%}
    case
        when {{ value }} is null and {{ code }} in ('Q', 'C') then 'C'
        when {{ value }} is null and {{ code }} = 'S' then 'Q'
        when {{ value }} is null then 'M'
        when {{ code }} = 'U' then 'U'
        when {{ code }} = 'B' then 'B'
        when {{ code }} in ('E', 'F') then 'E'
        when {{ code }} = 'I' then 'I'
        when {{ code }} = 'P' then 'P'
        when {{ value }} = 0 then 'Z'
        else 'A'
    end
{%- endmacro %}

{#- Statuses that the contracts write beside a numeric cell (`<name>_status`). -#}
{% macro status_of_cell(status, value) -%}
    case
        when {{ status }} = 'suppressed' then 'C'
        when {{ status }} = 'low_reliability' then 'Q'
        when {{ value }} is null then 'M'
        when {{ value }} = 0 then 'Z'
        else 'A'
    end
{%- endmacro %}

{#- Statistics Canada's letters: `x` withheld, `F` too unreliable to publish, `E` with caution, `p`
    preliminary. `0s` is a figure that was rounded to 0, so that its 0 is no true zero. -#}
{% macro status_of_statcan(status, symbol, value) -%}
    case
        when {{ value }} is null and {{ status }} = 'x' then 'C'
        when {{ value }} is null and {{ status }} = 'F' then 'Q'
        when {{ value }} is null then 'M'
        when {{ status }} = 'E' then 'U'
        when {{ status }} = 'p' or {{ symbol }} = 'p' then 'P'
        when {{ value }} = 0 and coalesce({{ status }}, '') != '0s' then 'Z'
        else 'A'
    end
{%- endmacro %}

{#- Counts that the office perturbs or rounds at random to protect respondents: never a true zero.
    `c` is confidential, `p` provisional. -#}
{% macro status_of_perturbed(flag, value) -%}
    case
        when {{ value }} is null and {{ flag }} in ('c', 'C', 'Q') then 'C'
        when {{ value }} is null then 'M'
        when {{ flag }} in ('p', 'P') then 'P'
        else 'N'
    end
{%- endmacro %}
