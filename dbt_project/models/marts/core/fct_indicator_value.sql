-- A new indicator is one more line here.
{%- set indicators = [
    ref('ind_entry__entry_rate'),
    ref('ind_human_resources__tertiary_enrolment'),
    ref('ind_infrastructure__broadband_adoption'),
    ref('ind_structure__location_quotient'),
    ref('ind_structure__rsca_export'),
    ref('ind_technology__indigenous_patent_share'),
] %}

with cells as (
    {% for indicator in indicators -%}
    select
        indicator_id,
        geo_id,
        cluster_id,
        period,
        basis,
        value,
        value_lower,
        value_upper,
        obs_status,
        n_obs,
        components,
        source_ids,
        method_version
    from {{ indicator }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    indicator_id,
    geo_id,
    cluster_id,
    period,
    basis,
    value,
    value_lower,
    value_upper,
    obs_status,
    n_obs,
    components,
    source_ids,
    method_version
from cells
