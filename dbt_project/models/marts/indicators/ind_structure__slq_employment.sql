with quotients as (
    select * from {{ ref('int_regions__location_quotients') }}
    where basis = 'cbp_employment_in_class'
),

-- Of other economies the quotient is over all industries; without employment it is that of establishments.
national as (
    select
        *,
        case
            when nation_emp is null then source_id || '_establishments' else source_id || '_employment'
        end as basis,
        case when nation_emp is null then estabs_quotient else emp_quotient end as quotient,
        case
            when nation_emp is null and not is_estabs_exact then estabs_quotient_lower
            when nation_emp is not null and not is_emp_exact then emp_quotient_lower
        end as quotient_lower,
        case
            when nation_emp is null and not is_estabs_exact then estabs_quotient_upper
            when nation_emp is not null and not is_emp_exact then emp_quotient_upper
        end as quotient_upper,
        case when nation_emp is null then estabs_status else emp_status end as obs_status
    from {{ ref('int_national__measures') }}
),

all_quotients as (
    select
        period_year,
        geo_id,
        cluster_id,
        basis,
        quotient,
        quotient_lower,
        quotient_upper,
        obs_status,
        rows_used_count,
        snapshot_id
    from quotients
    union all
    select
        period_year,
        geo_id,
        cluster_id,
        basis,
        quotient,
        quotient_lower,
        quotient_upper,
        obs_status,
        case when quotient is not null then rows_count else 0 end as rows_used_count,
        snapshot_id
    from national
),

strengths as (
    select * from {{ ref('int_regions__cluster_strengths') }}
),

joined as (
    select
        all_quotients.*,
        strengths.slq,
        strengths.p_value,
        strengths.ln_mean,
        strengths.ln_sd,
        strengths.regions_count,
        strengths.draws_count,
        all_quotients.obs_status in ('C', 'Q') as is_withheld
    from all_quotients
    inner join strengths
        on all_quotients.period_year = strengths.period_year
        and all_quotients.geo_id = strengths.geo_id
        and all_quotients.cluster_id = strengths.cluster_id
),

-- A region without the cluster has no logarithm, and a cluster of one region no spread: no cell.
cells as (
    select
        *,
        case
            when quotient_lower > 0 then (ln(quotient_lower) - ln_mean) / nullif(ln_sd, 0)
        end as slq_lower,
        case
            when quotient_upper > 0 then (ln(quotient_upper) - ln_mean) / nullif(ln_sd, 0)
        end as slq_upper
    from joined
    where slq is not null or is_withheld
)

select
    'slq_employment' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    basis,
    slq as value,
    -- the logarithm's last bits must not put a value outside its own bounds
    case when slq_lower is not null then least(slq_lower, slq) end as value_lower,
    case when slq_upper is not null then greatest(slq_upper, slq) end as value_upper,
    obs_status,
    rows_used_count as n_obs,
    {{ terms({
        'location_quotient_in_class': 'quotient',
        'mean_of_logarithms': 'ln_mean',
        'deviation_of_logarithms': 'ln_sd',
        'regions': 'regions_count',
        'p_value': 'p_value',
        'bootstrap_draws': 'draws_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from cells
