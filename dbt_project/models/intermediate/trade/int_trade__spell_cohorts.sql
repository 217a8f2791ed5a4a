-- Life table of new flows by the year in which they began. A flow is new after two years of true
-- zeros, so that what was there when the data begin is left out. Only the bits of the years around
-- a beginning are looked at: division and remainder, which every engine has and which are exact.
{%- set ages = [1, 2, 3] %}

with patterns as (
    select * from {{ ref('int_trade__presence_patterns') }}
),

importer_years as (
    select * from {{ ref('int_trade__importer_years') }}
),

trade_clusters as (
    select * from {{ ref('int_trade__clusters') }}
),

start_years as (
    select distinct period_year as start_year from importer_years
),

positions as (
    select
        patterns.*,
        start_years.start_year,
        power(2, start_years.start_year - patterns.first_year) as start_bit
    from patterns
    inner join start_years
        on start_years.start_year >= patterns.first_year + 2
),

decoded as (
    select
        exporter_code_baci,
        cluster_key,
        start_year,
        lines_count,
        snapshot_id,
        {%- for offset in range(-2, 5) %}
        {%- set name = 'before_' ~ (-offset) if offset < 0 else 'after_' ~ offset %}
        mod(floor(presence_bits / (start_bit * power(2, {{ offset }}))), 2) = 1 as is_there_{{ name }},
        mod(floor(known_bits / (start_bit * power(2, {{ offset }}))), 2) = 1
            as is_known_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from positions
),

starts as (
    select *
    from decoded
    where
        is_there_after_0
        and not is_there_before_1
        and not is_there_before_2
        and is_known_before_1
        and is_known_before_2
),

-- At risk at age n: still there the year before, and it is known whether it is there in year n.
-- Where gaps of one year are passed over, the year after has to be known as well.
spells as (
    {% for gap_years in [0, 1] -%}
    {% for age in ages -%}
    select
        exporter_code_baci,
        cluster_key,
        start_year,
        {{ gap_years }} as gap_years,
        {{ age }} as age_years,
        lines_count,
        {%- if gap_years == 0 %}
        not is_there_after_{{ age }} as is_ended,
        {%- else %}
        not is_there_after_{{ age }} and not is_there_after_{{ age + 1 }} as is_ended,
        {%- endif %}
        snapshot_id
    from starts
    where
        is_known_after_{{ age }}
        {%- if gap_years == 1 %}
        and is_known_after_{{ age + 1 }}
        {%- endif %}
        {%- for earlier in range(1, age) %}
        {%- if gap_years == 0 %}
        and is_there_after_{{ earlier }}
        {%- else %}
        and (is_there_after_{{ earlier }} or is_there_after_{{ earlier + 1 }})
        {%- endif %}
        {%- endfor %}
    {{ 'union all' if not (loop.last and gap_years == 1) }}
    {% endfor -%}
    {% endfor %}
),

cohorts as (
    select
        exporter_code_baci,
        cluster_key,
        start_year,
        gap_years,
        age_years,
        cast(sum(lines_count) as bigint) as at_risk_count,
        cast(sum(case when is_ended then lines_count else 0 end) as bigint) as ended_count,
        max(snapshot_id) as snapshot_id
    from spells
    group by
        exporter_code_baci, cluster_key, start_year, gap_years, age_years
)

select
    exporter_code_baci,
    cluster_key,
    start_year,
    gap_years,
    age_years,
    at_risk_count,
    ended_count,
    snapshot_id
from cohorts
union all
select
    cohorts.exporter_code_baci,
    trade_clusters.all_key as cluster_key,
    cohorts.start_year,
    cohorts.gap_years,
    cohorts.age_years,
    cast(sum(cohorts.at_risk_count) as bigint) as at_risk_count,
    cast(sum(cohorts.ended_count) as bigint) as ended_count,
    max(cohorts.snapshot_id) as snapshot_id
from cohorts
inner join trade_clusters
    on cohorts.cluster_key = trade_clusters.cluster_key
group by
    cohorts.exporter_code_baci,
    trade_clusters.all_key,
    cohorts.start_year,
    cohorts.gap_years,
    cohorts.age_years
