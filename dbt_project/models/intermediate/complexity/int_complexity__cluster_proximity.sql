-- How often two clusters are strong in the same economy: the smaller of the two conditional
-- probabilities, over the economies of the sample. Clusters of two taxonomies are not compared.
with advantages as (
    select * from {{ ref('int_complexity__cluster_advantages') }}
),

sample as (
    select * from advantages where is_in_sample and has_advantage is not null
),

ubiquities as (
    select
        period_year,
        cluster_id,
        sum(has_advantage) as ubiquity_count
    from sample
    group by period_year, cluster_id
),

together as (
    select
        one.period_year,
        one.cluster_id,
        other.cluster_id as other_cluster_id,
        sum(one.has_advantage * other.has_advantage) as together_count
    from sample as one
    inner join sample as other
        on one.period_year = other.period_year
        and one.scheme = other.scheme
        and one.scheme_version = other.scheme_version
        and one.geo_id = other.geo_id
        and one.cluster_id <> other.cluster_id
    group by one.period_year, one.cluster_id, other.cluster_id
)

select
    together.period_year,
    together.cluster_id,
    together.other_cluster_id,
    together.together_count,
    one.ubiquity_count,
    other.ubiquity_count as other_ubiquity_count,
    cast(together.together_count as double)
    / nullif(
        case
            when one.ubiquity_count = 0 or other.ubiquity_count = 0 then 0
            when one.ubiquity_count > other.ubiquity_count then one.ubiquity_count
            else other.ubiquity_count
        end,
        0
    ) as proximity
from together
inner join ubiquities as one
    on together.period_year = one.period_year
    and together.cluster_id = one.cluster_id
inner join ubiquities as other
    on together.period_year = other.period_year
    and together.other_cluster_id = other.cluster_id
