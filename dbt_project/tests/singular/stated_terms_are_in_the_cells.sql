-- A term that is described but that no cell has is a slip of the pen in one of the two.
with stated as (
    select * from {{ ref('dim_term') }}
),

cells as (
    select
        indicator_id,
        basis,
        flatten(list(distinct map_keys(components))) as terms
    from {{ ref('fct_indicator_value') }}
    group by indicator_id, basis
)

select
    stated.indicator_id,
    stated.term
from stated
inner join cells
    on stated.indicator_id = cells.indicator_id
    and (stated.basis = 'all' or stated.basis = cells.basis)
group by stated.indicator_id, stated.term
having not bool_or(list_contains(cells.terms, stated.term))
