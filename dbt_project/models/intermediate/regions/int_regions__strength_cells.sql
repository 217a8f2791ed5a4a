-- What the rule of strength looks at: quotients within the class, employment, establishments.

with quotients as (
    select * from {{ ref('int_regions__location_quotients') }}
    where basis = 'cbp_employment_in_class'
),

cells as (
    select * from {{ ref('int_regions__cluster_cells') }}
),

-- Of other economies the class is all industries: their sources have no finer detail. Where a source
-- has no employment the quotient of establishments stands for it.
national as (
    select * from {{ ref('int_national__measures') }}
)

select
    quotients.geo_type,
    quotients.period_year,
    quotients.scheme,
    quotients.cluster_class,
    quotients.geo_id,
    quotients.cluster_id,
    quotients.quotient as lq,
    quotients.quotient_lower as lq_lower,
    quotients.quotient_upper as lq_upper,
    quotients.cluster_count as employment,
    cells.emp_lower_count as employment_lower,
    cells.emp_upper_count as employment_upper,
    cells.estabs_published_count as establishments
from quotients
inner join cells
    on quotients.period_year = cells.period_year
    and quotients.geo_id = cells.geo_id
    and quotients.cluster_id = cells.cluster_id
union all
select
    -- regions are compared with those of their own economy
    national.economy_geo_id || ' ' || national.geo_type as geo_type,
    national.period_year,
    national.scheme,
    coalesce(national.cluster_class, '') as cluster_class,
    national.geo_id,
    national.cluster_id,
    case when national.nation_emp is null then national.estabs_quotient else national.emp_quotient end as lq,
    case
        when national.nation_emp is null then national.estabs_quotient_lower else national.emp_quotient_lower
    end as lq_lower,
    case
        when national.nation_emp is null then national.estabs_quotient_upper else national.emp_quotient_upper
    end as lq_upper,
    national.emp_value as employment,
    national.emp_lower_count as employment_lower,
    national.emp_upper_count as employment_upper,
    national.estabs_count as establishments
from national
