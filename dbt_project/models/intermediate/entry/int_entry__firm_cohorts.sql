-- Firms of the nation by age: the new ones, all of them, and those that are still there three years on.

with firm_ages as (
    select * from {{ ref('stg_bds__firm_ages') }}
),

aged as (
    select
        period_year,
        -- `a) 0`, `d) 3`: the class of a single year; wider classes hold no cohort
        try_cast(trim(substr(firm_age_class, 3)) as integer) as firm_age_years,
        firms_count,
        emp_count,
        snapshot_id
    from firm_ages
),

nation as (
    select
        period_year,
        case when count(firms_count) = count(*) then sum(firms_count) end as firms_count,
        case when count(emp_count) = count(*) then sum(emp_count) end as emp_count,
        max(snapshot_id) as snapshot_id
    from aged
    group by period_year
)

select
    nation.period_year,
    nation.firms_count,
    nation.emp_count,
    new_firms.firms_count as new_firms_count,
    new_firms.emp_count as new_firms_emp_count,
    born.firms_count as born_3y_before_count,
    survivors.firms_count as survivors_3y_count,
    born.period_year is not null as has_cohort,
    nation.snapshot_id
from nation
left join aged as new_firms
    on nation.period_year = new_firms.period_year
    and new_firms.firm_age_years = 0
left join aged as survivors
    on nation.period_year = survivors.period_year
    and survivors.firm_age_years = 3
left join aged as born
    on nation.period_year = born.period_year + 3
    and born.firm_age_years = 0
