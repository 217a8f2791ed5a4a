with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
),

series_cells as (
    select * from {{ ref('int_economies__series_completed') }}
),

shares as (
    select * from {{ ref('int_regions__acs_shares') }}
),

members as (
    select geo_id from {{ ref('apec_economies') }}
),

-- The file has the four levels of every area and period, or none of them.
schooled as (
    select
        case area_level
            when 'nation' then 'USA'
            when 'state' then 'USA-FIPS-' || left(area_code_fips5, 2)
            else 'USA-FIPS-' || area_code_fips5
        end as geo_id,
        period_year,
        max(adults_count) filter (where level_code = 'bachelor_or_more') as bachelors_count,
        case when count(adults_count) = 4 then sum(adults_count) end as adults_count,
        max(snapshot_id) as snapshot_id
    from {{ ref('stg_usda__attainment') }}
    group by area_code_fips5, area_level, period_year
),

schooling as (
    select
        geo_id,
        period_year,
        bachelors_count,
        adults_count,
        100.0 * bachelors_count / nullif(adults_count, 0) as value,
        case
            when bachelors_count is null or coalesce(adults_count, 0) = 0 then 'M'
            -- another question from 1990 on, and a survey in place of the census after 2000
            when period_year in (1990, 2018) then 'B'
            when bachelors_count = 0 then 'Z'
            else 'A'
        end as obs_status,
        snapshot_id
    from schooled
    union all
    select
        members.geo_id,
        years.period_year,
        null as bachelors_count,
        null as adults_count,
        null as value,
        'L' as obs_status,
        null as snapshot_id
    from members
    cross join (select distinct period_year from schooled) as years
    where members.geo_id != 'USA'
)

{{ published_cells(
    'wdi_cells', "indicator_code = 'SE.TER.CUAT.BA.ZS'",
    'tertiary_attainment', 'wdi_bachelor_25plus_pct', 'bachelor_or_more_pct'
) }}
union all
{{ published_cells(
    'series_cells', "series_id = 'eurostat/edat_lfse_04/ED5-8'",
    'tertiary_attainment', 'eurostat_tertiary_25_64_pct', 'tertiary_25_64_pct'
) }}
union all
{{ acs_cells('shares', 'members', 'tertiary', 'tertiary_attainment', 'acs_bachelor_25plus_pct') }}
union all
select
    'tertiary_attainment' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'usda_bachelor_25plus_pct' as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    obs_status,
    cast(case when value is null then 0 else 4 end as bigint) as n_obs,
    {{ terms({
        'with_attribute': 'bachelors_count',
        'all_people_or_households': 'adults_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from schooling
