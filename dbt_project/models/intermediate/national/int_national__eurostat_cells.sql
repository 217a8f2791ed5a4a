-- Europe: local units and persons employed of NUTS 2 regions by division of NACE Rev. 2. What is not
-- published lies between 0 and what the region's section, or the country's division, leaves.

with observations as (
    select
        area_code_eurostat as area,
        left(area_code_eurostat, 2) as country,
        length(area_code_eurostat) = 2 as is_nation,
        cast(period as bigint) as period_year,
        dimensions ->> 'nace_r2' as nace,
        case dimensions ->> 'indic_sb' when 'V16110' then 'emp' when 'V11210' then 'estabs' end as measure,
        value,
        obs_status,
        snapshot_id
    from {{ ref('stg_eurostat__observations') }}
    where
        dataset_code = 'sbs_r_nuts06_r2'
        and length(area_code_eurostat) in (2, 4)
        -- extra-regional units are in the country only
        and area_code_eurostat not like '%ZZ'
),

-- S95 is a division without its section: it counts as both.
levelled as (
    select
        *,
        case when nace = 'S95' then nace else left(nace, 1) end as section,
        length(nace) = 1 or nace = 'S95' as is_section,
        length(nace) = 3 as is_division
    from observations
    where measure is not null and length(nace) in (1, 3)
),

framed as (
    select
        *,
        max(case when is_section then value end)
            over (partition by area, period_year, measure, section) as section_value,
        sum(case when is_division then value end)
            over (partition by area, period_year, measure, section) as divisions_value,
        max(case when is_nation then value end)
            over (partition by country, period_year, measure, nace) as nation_value,
        sum(case when not is_nation then value end)
            over (partition by country, period_year, measure, nace) as regions_value,
        max(case when is_nation and is_section then value end)
            over (partition by country, period_year, measure, section) as nation_section_value
    from levelled
),

-- A residual below 0 says that a whole and its parts are of different vintages: it bounds nothing.
bounded as (
    select
        *,
        coalesce(value, case when is_section then divisions_value end, 0) as lower_value,
        coalesce(
            value,
            least(
                case
                    when not is_section and section_value >= coalesce(divisions_value, 0)
                        then section_value - coalesce(divisions_value, 0)
                end,
                case
                    when not is_nation and nation_value >= coalesce(regions_value, 0)
                        then nation_value - coalesce(regions_value, 0)
                end
            )
        ) as upper_value
    from framed
    -- only what the country publishes is part of both its total and its regions'
    where nation_section_value is not null
),

cells as (
    select
        area,
        country,
        is_nation,
        period_year,
        nace as industry_code,
        measure,
        value,
        lower_value,
        upper_value,
        obs_status,
        snapshot_id
    from bounded
    where is_division and (value is not null or obs_status = 'C')
    union all
    select
        area,
        country,
        is_nation,
        period_year,
        '' as industry_code,
        measure,
        case when count(value) = count(*) then sum(value) end as value,
        sum(lower_value) as lower_value,
        case when count(upper_value) = count(*) then sum(greatest(upper_value, lower_value)) end as upper_value,
        case
            when count(value) = count(*) then 'A'
            when bool_or(obs_status = 'C') then 'C'
            else 'M'
        end as obs_status,
        max(snapshot_id) as snapshot_id
    from bounded
    where is_section
    group by area, country, is_nation, period_year, measure
),

wide as (
    select
        area,
        country,
        is_nation,
        period_year,
        industry_code,
        {% for name in ['emp', 'estabs'] -%}
        max(value) filter (measure = '{{ name }}') as {{ name }}_value,
        max(lower_value) filter (measure = '{{ name }}') as {{ name }}_lower,
        max(upper_value) filter (measure = '{{ name }}') as {{ name }}_upper,
        max(obs_status) filter (measure = '{{ name }}') as {{ name }}_status,
        {% endfor -%}
        max(snapshot_id) as snapshot_id
    from cells
    group by area, country, is_nation, period_year, industry_code
),

codes as (
    select
        code as country,
        geo_id
    from {{ ref('economy_code') }}
    where code_scheme = 'EUROSTAT'
)

select
    codes.geo_id as economy_geo_id,
    'eurostat' as source_id,
    case when wide.is_nation then 'economy' else 'nuts2' end as geo_type,
    case when wide.is_nation then codes.geo_id else codes.geo_id || '-NUTS-' || wide.area end as geo_id,
    wide.period_year,
    'NACE2' as industry_scheme,
    wide.industry_code,
    cast(wide.emp_value as bigint) as emp_count,
    cast(null as double) as emp_estimate,
    cast(wide.emp_lower as bigint) as emp_lower_count,
    cast(wide.emp_upper as bigint) as emp_upper_count,
    coalesce(wide.emp_status, 'M') as emp_status,
    cast(wide.estabs_value as bigint) as estabs_count,
    cast(wide.estabs_lower as bigint) as estabs_lower_count,
    cast(wide.estabs_upper as bigint) as estabs_upper_count,
    coalesce(wide.estabs_status, 'M') as estabs_status,
    wide.snapshot_id
from wide
inner join codes
    on wide.country = codes.country
