with economies as (
    select * from {{ ref('int_complexity__economies') }}
),

scores as (
    select * from {{ ref('int_complexity__scores') }} where item = 'location'
),

joined as (
    select
        economies.period_year,
        economies.geo_id,
        economies.is_covered,
        economies.is_in_sample,
        economies.exports_kusd,
        economies.population_count,
        economies.sample_count,
        scores.complexity as value,
        scores.degree as diversity,
        scores.is_in_eigenproblem,
        scores.second_eigenvalue,
        scores.sign_correlation,
        economies.snapshot_id,
        economies.population_snapshot_id
    from economies
    left join scores
        on economies.period_year = scores.period_year
        and economies.geo_id = scores.code
)

select
    'eci' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'baci_hs4_gross_exports' as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case
        when not is_covered then 'L'
        when value is null then 'M'
        -- Read off the products' complexity, which the economy had no part in.
        when not is_in_eigenproblem then 'U'
        else 'A'
    end as obs_status,
    cast(coalesce(diversity, 0) as bigint) as n_obs,
    {{ terms({
        'diversity': 'diversity',
        'exports_kusd': 'exports_kusd',
        'population': 'population_count',
        'is_in_sample': 'case when is_in_sample then 1 else 0 end',
        'economies_in_sample': 'sample_count',
        'second_eigenvalue': 'second_eigenvalue',
        'correlation_with_diversity': 'sign_correlation',
    }) }} as components,
    {{ snapshot_list([
        'case when is_covered then snapshot_id end',
        'case when is_covered then population_snapshot_id end',
    ]) }} as source_ids,
    '1' as method_version
from joined
