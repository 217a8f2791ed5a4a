-- RSCA is -1 exactly without exports, above 0 exactly where RCA is above 1, and never beyond 1.
select *
from {{ ref('fct_indicator_value') }}
where
    indicator_id = 'rsca_export'
    and value is not null
    and (
        value not between -1 and 1
        or (value = -1) <> (components['cluster_exports_kusd'] = 0)
        or (value >= 0) <> (components['rca_is_at_least_1'] = 1)
    )
