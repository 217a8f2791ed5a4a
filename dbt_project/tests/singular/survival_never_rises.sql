-- Survival after three years is at most that after two, and that at most that after one.
select *
from {{ ref('fct_indicator_value') }}
where
    indicator_id = 'export_survival_3y'
    and value is not null
    and not (
        value <= components['survival_2y']
        and components['survival_2y'] <= components['survival_1y']
        and components['survival_1y'] <= 1
        and components['at_risk_2'] <= components['at_risk_1'] - components['ended_1']
        and components['at_risk_3'] <= components['at_risk_2'] - components['ended_2']
    )
