-- Strong clusters' share of a region's traded employment. A verdict that a withheld figure could turn
-- widens the interval, as does what is hidden in each cluster.

with measures as (
    select * from {{ ref('int_regions__cluster_measures') }} where cluster_class = 'traded'
),

strengths as (
    select * from {{ ref('int_regions__cluster_strengths') }}
),

judged as (
    select
        measures.period_year,
        measures.geo_id,
        measures.scheme,
        measures.is_withheld,
        measures.emp_count,
        measures.emp_lower_count,
        measures.emp_upper_count,
        measures.rows_count,
        measures.snapshot_id,
        strengths.strong,
        case when strengths.strong then strengths.p_value <= 0.05 else strengths.strong end
            as strong_significant,
        strengths.draws_count
    from measures
    inner join strengths
        on measures.period_year = strengths.period_year
        and measures.geo_id = strengths.geo_id
        and measures.cluster_id = strengths.cluster_id
),

by_basis as (
    select
        *,
        'cbp_strong' as basis,
        strong as is_strong
    from judged
    union all
    select
        *,
        'cbp_strong_significant' as basis,
        strong_significant as is_strong
    from judged
),

sums as (
    select
        period_year,
        geo_id,
        scheme,
        basis,
        sum(case when is_strong then emp_count else 0 end) as strong_count,
        sum(emp_count) as traded_count,
        sum(case when is_strong then emp_lower_count else 0 end) as strong_lower,
        sum(case when is_strong is not false then emp_upper_count else 0 end) as strong_upper,
        -- the rest stands at its other end
        sum(case when is_strong then 0 else emp_upper_count end) as rest_upper,
        sum(case when is_strong is not false then 0 else emp_lower_count end) as rest_lower,
        max(case when emp_upper_count is null and is_strong is not false then 1 else 0 end) = 1
            as is_strong_open,
        max(case when emp_upper_count is null and is_strong is not true then 1 else 0 end) = 1
            as is_rest_open,
        max(case when is_withheld or is_strong is null then 1 else 0 end) = 1 as is_hidden,
        max(case when emp_upper_count is distinct from emp_lower_count then 1 else 0 end) = 1
            as is_interval,
        sum(case when is_strong then 1 else 0 end) as strong_clusters_count,
        sum(case when is_strong is null then 1 else 0 end) as undecided_clusters_count,
        sum(rows_count) as rows_count,
        max(draws_count) as draws_count,
        max(snapshot_id) as snapshot_id
    from by_basis
    group by period_year, geo_id, scheme, basis
),

shares as (
    select
        *,
        case
            when not is_hidden then cast(strong_count as double) / nullif(traded_count, 0)
        end as share,
        case
            when strong_lower = 0 or is_rest_open then 0
            else cast(strong_lower as double) / (strong_lower + rest_upper)
        end as share_lower,
        case
            when is_strong_open then 1
            when strong_upper = 0 then 0
            else cast(strong_upper as double) / (strong_upper + rest_lower)
        end as share_upper
    from sums
)

select
    'cluster_strength_share' as indicator_id,
    shares.geo_id,
    {{ all_clusters('shares.scheme') }} as cluster_id,
    cast(shares.period_year as varchar) as period,
    shares.basis,
    shares.share as value,
    case when shares.is_hidden or shares.is_interval then shares.share_lower end as value_lower,
    case when shares.is_hidden or shares.is_interval then shares.share_upper end as value_upper,
    case
        when shares.is_hidden then 'C'
        when shares.share is null then 'M'
        when shares.is_interval then 'E'
        when shares.share = 0 then 'Z'
        else 'A'
    end as obs_status,
    cast(shares.rows_count as bigint) as n_obs,
    {{ terms({
        'strong_employment': 'case when not shares.is_hidden then shares.strong_count end',
        'traded_employment': 'case when not shares.is_hidden then shares.traded_count end',
        'strong_clusters': 'shares.strong_clusters_count',
        'undecided_clusters': 'shares.undecided_clusters_count',
        'bootstrap_draws': 'shares.draws_count',
    }) }} as components,
    {{ snapshot_list(['shares.snapshot_id']) }} as source_ids,
    '1' as method_version
from shares
