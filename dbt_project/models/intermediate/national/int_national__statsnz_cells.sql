-- New Zealand: business locations, and employees where they are published, by region and division.
-- Counts are rounded at random.

with counts as (
    select * from {{ ref('stg_statsnz__region_industries') }}
    where length(industry_code_anzsic) = 1
),

placed as (
    select
        *,
        'nz_region' as geo_type,
        'NZL-RC-' || region_code_statsnz as geo_id
    from counts
    where region_code_statsnz <> '99'
    union all
    -- what lies outside all regions is part of the nation
    select *, 'economy' as geo_type, 'NZL' as geo_id from counts
),

coded as (
    select *, industry_code_anzsic as industry_code from placed
    union all
    select *, '' as industry_code from placed
),

sums as (
    select
        period_year,
        geo_type,
        geo_id,
        industry_code,
        {% for name, measure in [('emp', 'Employee Count'), ('estabs', 'Geographic Units')] -%}
        count(*) filter (measure = '{{ measure }}') as {{ name }}_rows_count,
        count(value_count) filter (measure = '{{ measure }}') as {{ name }}_known_count,
        sum(value_count) filter (measure = '{{ measure }}') as {{ name }}_sum,
        bool_or(obs_status = 'C') filter (measure = '{{ measure }}') as is_{{ name }}_withheld,
        {% endfor -%}
        max(snapshot_id) as snapshot_id
    from coded
    group by period_year, geo_type, geo_id, industry_code
)

select
    'NZL' as economy_geo_id,
    'statsnz' as source_id,
    geo_type,
    geo_id,
    cast(period_year as bigint) as period_year,
    'ANZSIC2006' as industry_scheme,
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
        else 'N'
    end as {{ name }}_status,
    {% endfor -%}
    snapshot_id
from sums
