-- An input of the composite that is built has the basis that is named, and is scored in the direction
-- of its dictionary entry.
with inputs as (
    select * from {{ ref('composite_input') }}
),

bases as (
    select * from {{ ref('dim_basis') }}
),

built as (
    select * from {{ ref('dim_indicator') }}
)

select
    inputs.indicator_id,
    inputs.basis,
    built.role,
    built.direction,
    built.guideline_id
from inputs
inner join built
    on inputs.indicator_id = built.indicator_id
left join bases
    on inputs.indicator_id = bases.indicator_id
    and inputs.basis = bases.basis
where
    bases.basis is null
    or built.role <> 'scored'
    or built.direction = 'neutral'
    or built.guideline_id <> inputs.guideline_id
