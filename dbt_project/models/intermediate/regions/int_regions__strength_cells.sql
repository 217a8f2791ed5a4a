-- What the rule of strength looks at: quotients within the class, employment, establishments.

with quotients as (
    select * from {{ ref('int_regions__location_quotients') }}
    where basis = 'cbp_employment_in_class'
),

cells as (
    select * from {{ ref('int_regions__cluster_cells') }}
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
