with catalogue as (
    select * from {{ ref('indicator_catalogue') }}
),

indicators as (
    select * from {{ ref('dim_indicator') }}
),

guidelines as (
    select * from {{ ref('dim_guideline') }}
),

-- What is built says itself what it is; what is not built yet is described by the catalogue. An
-- indicator that the catalogue does not know measures its guideline without a sentence.
joined as (
    select
        coalesce(indicators.indicator_id, catalogue.indicator_id) as indicator_id,
        catalogue.companion_of,
        coalesce(catalogue.block, indicators.guideline_id) as block,
        coalesce(
            catalogue.guideline_id,
            case when indicators.guideline_id <> 'structure' then indicators.guideline_id end
        ) as guideline_id,
        catalogue.sentence,
        coalesce(indicators.role, catalogue.role) as role,
        coalesce(indicators.direction, catalogue.direction) as direction,
        coalesce(indicators.level, catalogue.levels) as levels,
        catalogue.core_no is not null as is_core,
        catalogue.core_no,
        coalesce(catalogue.is_index, false) as is_index,
        catalogue.indicator_id is not null as is_in_catalogue,
        indicators.indicator_id is not null as is_built,
        catalogue.what_fills_it
    from catalogue
    full outer join indicators
        on catalogue.indicator_id = indicators.indicator_id
)

select
    joined.indicator_id,
    joined.companion_of,
    joined.block,
    joined.guideline_id,
    guidelines.guideline_no,
    joined.sentence,
    joined.role,
    joined.direction,
    joined.levels,
    joined.is_core,
    joined.core_no,
    joined.is_index,
    joined.is_in_catalogue,
    joined.is_built,
    joined.what_fills_it
from joined
left join guidelines
    on joined.guideline_id = guidelines.guideline_id
