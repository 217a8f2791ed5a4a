-- What a reader adds up from a published cell: five effects are the change of the share.
select *
from {{ ref('fct_indicator_value') }}
where
    indicator_id in ('demand_adaptation_effect', 'cmsa_competitiveness')
    and components['share_change'] is not null
    and abs(
        components['market_share_effect']
        + components['commodity_composition_effect']
        + components['market_composition_effect']
        + components['commodity_adaptation_effect']
        + components['market_adaptation_effect']
        - components['share_change']
    ) > 1e-12
