{#- Shares from a survey of the United States as cells of the fact: their margins of error become the
    bounds, cut at 0 and 100, and the 20 other members stand beside the nation as not covered. -#}
{% macro acs_cells(shares, members, measure, indicator_id, basis) -%}
    select
        '{{ indicator_id }}' as indicator_id,
        geo_id,
        'all' as cluster_id,
        cast(period_year as varchar) as period,
        '{{ basis }}' as basis,
        share_pct as value,
        -- greatest and least skip NULL, so that an unknown margin has to be asked for
        case when share_moe_90_pct is not null then greatest(share_pct - share_moe_90_pct, 0) end
            as value_lower,
        case when share_moe_90_pct is not null then least(share_pct + share_moe_90_pct, 100) end
            as value_upper,
        obs_status,
        cast(case when numerator_count is null then 0 else 1 end as bigint) as n_obs,
        {{ terms({
            'with_attribute': 'numerator_count',
            'all_people_or_households': 'denominator_count',
            'margin_of_error_90_pct': 'share_moe_90_pct',
        }) }} as components,
        {{ snapshot_list(['snapshot_id']) }} as source_ids,
        '1' as method_version
    from {{ shares }}
    where measure = '{{ measure }}'
    union all
    select
        '{{ indicator_id }}' as indicator_id,
        {{ members }}.geo_id,
        'all' as cluster_id,
        cast(years.period_year as varchar) as period,
        '{{ basis }}' as basis,
        cast(null as double) as value,
        cast(null as double) as value_lower,
        cast(null as double) as value_upper,
        'L' as obs_status,
        cast(0 as bigint) as n_obs,
        {{ terms({
            'with_attribute': 'null',
            'all_people_or_households': 'null',
            'margin_of_error_90_pct': 'null',
        }) }} as components,
        {{ snapshot_list(['null']) }} as source_ids,
        '1' as method_version
    from {{ members }}
    cross join (
        select distinct period_year from {{ shares }} where measure = '{{ measure }}'
    ) as years
    where {{ members }}.geo_id <> 'USA'
{%- endmacro %}
