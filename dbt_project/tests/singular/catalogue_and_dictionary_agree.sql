-- An indicator that is built is what the catalogue says it is: guideline and direction. Roles may
-- differ while the evidence is thin (context instead of scored), and never the other way round.
{{ config(severity='warn') }}
with catalogue as (
    select * from {{ ref('indicator_catalogue') }}
),

indicators as (
    select * from {{ ref('dim_indicator') }}
)

select
    catalogue.indicator_id,
    catalogue.guideline_id as guideline_of_the_catalogue,
    indicators.guideline_id,
    catalogue.direction as direction_of_the_catalogue,
    indicators.direction,
    catalogue.role as role_of_the_catalogue,
    indicators.role
from catalogue
inner join indicators
    on catalogue.indicator_id = indicators.indicator_id
where
    coalesce(catalogue.guideline_id, 'structure') <> indicators.guideline_id
    or catalogue.direction <> indicators.direction
    or (indicators.role = 'scored' and catalogue.role <> 'scored')
