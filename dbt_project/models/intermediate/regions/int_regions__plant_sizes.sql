-- Establishments of the nation by size class, for each cluster and sector, from the files of states: they
-- show more classes than those of counties do.

with state_industries as (
    select * from {{ ref('stg_cbp__state_industries') }} where legal_form_code = '-'
),

industry_clusters as (
    select * from {{ ref('int_regions__cbp_industry_clusters') }}
),

rows_of as (
    select
        'cluster' as kind,
        industry_clusters.cluster_id as industry,
        state_industries.*
    from state_industries
    inner join industry_clusters
        on state_industries.period_year = industry_clusters.period_year
        and state_industries.naics_code = industry_clusters.naics_code
    where state_industries.naics_level = 4
    union all
    select
        'sector' as kind,
        {{ naics_sector('state_industries.naics_code') }} as industry,
        state_industries.*
    from state_industries
    where state_industries.naics_level = 2
),

sums as (
    select
        period_year,
        kind,
        industry,
        sum(estabs_count) as estabs_count,
        sum(coalesce(estabs_lt5_count, 0)) as lt5_count,
        sum(coalesce(estabs_5_9_count, 0)) as from_5_count,
        sum(coalesce(estabs_10_19_count, 0)) as from_10_count,
        sum(coalesce(estabs_20_49_count, 0)) as from_20_count,
        sum(coalesce(estabs_50_99_count, 0)) as from_50_count,
        sum(coalesce(estabs_100_249_count, 0)) as from_100_count,
        sum(coalesce(estabs_250_499_count, 0)) as from_250_count,
        sum(coalesce(estabs_500_999_count, 0)) as from_500_count,
        sum(coalesce(estabs_ge1000_count, 0)) as from_1000_count
    from rows_of
    group by period_year, kind, industry
),

classes as (
    {% for lower, upper, column in [
        (1, 4, 'lt5_count'), (5, 9, 'from_5_count'), (10, 19, 'from_10_count'),
        (20, 49, 'from_20_count'), (50, 99, 'from_50_count'), (100, 249, 'from_100_count'),
        (250, 499, 'from_250_count'), (500, 999, 'from_500_count'),
        (1000, none, 'from_1000_count'),
    ] -%}
    select
        period_year,
        kind,
        industry,
        {{ lower }} as size_lower,
        {{ upper if upper is not none else 'cast(null as integer)' }} as size_upper,
        {{ column }} as plants_count,
        estabs_count as plants_all_count
    from sums
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    period_year,
    kind,
    industry,
    cast(size_lower as bigint) as size_lower,
    cast(size_upper as bigint) as size_upper,
    cast(plants_count as bigint) as plants_count,
    cast(plants_all_count as bigint) as plants_all_count
from classes
