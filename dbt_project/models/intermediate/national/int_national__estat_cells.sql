-- Japan: establishments and employees of prefectures by group of JSIC Rev. 13. A letter within a code
-- breaks down a group that is listed as well; 12A alone stands for two groups that are not (121, 122).

with counts as (
    select * from {{ ref('stg_estat__counts') }}
    where
        industry_level = 'group'
        and area_level in ('nation', 'prefecture')
        and measure in ('employees', 'establishments')
        and (industry_code_jsic = '12A' or not regexp_matches(industry_code_jsic, '[A-Z]'))
),

coded as (
    select *, industry_code_jsic as industry_code from counts
    union all
    select *, '' as industry_code from counts
),

sums as (
    select
        period_year,
        area_code_jis,
        area_level,
        industry_code,
        {% for name, measure in [('emp', 'employees'), ('estabs', 'establishments')] -%}
        count(*) filter (measure = '{{ measure }}') as {{ name }}_rows_count,
        count(value_count) filter (measure = '{{ measure }}') as {{ name }}_known_count,
        sum(value_count) filter (measure = '{{ measure }}') as {{ name }}_sum,
        bool_or(obs_status in ('C', 'Q')) filter (measure = '{{ measure }}') as is_{{ name }}_withheld,
        {% endfor -%}
        max(snapshot_id) as snapshot_id
    from coded
    group by period_year, area_code_jis, area_level, industry_code
)

select
    'JPN' as economy_geo_id,
    'estat' as source_id,
    case when area_level = 'nation' then 'economy' else 'jp_prefecture' end as geo_type,
    case when area_level = 'nation' then 'JPN' else 'JPN-PREF-' || left(area_code_jis, 2) end as geo_id,
    cast(period_year as bigint) as period_year,
    'JSIC2013' as industry_scheme,
    industry_code,
    {% for name in ['emp', 'estabs'] -%}
    case
        when {{ name }}_known_count = {{ name }}_rows_count and {{ name }}_rows_count > 0
            then cast({{ name }}_sum as bigint)
    end as {{ name }}_count,
    {% if name == 'emp' -%}
    cast(null as double) as emp_estimate,
    {% endif -%}
    case when {{ name }}_rows_count > 0 then cast(coalesce({{ name }}_sum, 0) as bigint) end as {{ name }}_lower_count,
    case
        when {{ name }}_known_count = {{ name }}_rows_count and {{ name }}_rows_count > 0
            then cast({{ name }}_sum as bigint)
    end as {{ name }}_upper_count,
    case
        when {{ name }}_rows_count = 0 then 'M'
        when is_{{ name }}_withheld then 'C'
        when {{ name }}_known_count < {{ name }}_rows_count then 'M'
        else 'A'
    end as {{ name }}_status,
    {% endfor -%}
    snapshot_id
from sums
