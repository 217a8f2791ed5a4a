-- Weighted by the regions' totals, the quotients of a cluster average to 1 over the states and over the
-- smaller areas of Australia, which hold all that the nation holds. (Elsewhere some of a nation lies in
-- no region, or the nation is published apart.)
with cells as (
    select
        cells.*,
        geos.geo_type
    from {{ ref('fct_indicator_value') }} as cells
    inner join {{ ref('dim_geo') }} as geos
        on cells.geo_id = geos.geo_id
    where
        cells.indicator_id = 'location_quotient'
        and cells.basis in ('abs_employment', 'abs_establishments')
),

averages as (
    select
        cluster_id,
        period,
        basis,
        geo_type,
        sum(value * components['all_in_region']) / nullif(max(components['all_in_nation']), 0) as average
    from cells
    group by cluster_id, period, basis, geo_type
)

select *
from averages
-- jobs are rounded to a millionth where classes become sizes
where average is null or abs(average - 1) > 1e-8
