-- A new indicator is one more line here.
{%- set indicators = [
    ref('ind_advantages__rivalry_index'),
    ref('ind_entry__entry_rate'),
    ref('ind_entry__firm_count_growth'),
    ref('ind_entry__missing_link_index'),
    ref('ind_human_resources__tertiary_enrolment'),
    ref('ind_infrastructure__broadband_adoption'),
    ref('ind_linkage__cmsa_competitiveness'),
    ref('ind_linkage__demand_adaptation_effect'),
    ref('ind_linkage__developed_market_share'),
    ref('ind_linkage__export_market_growth_pull'),
    ref('ind_linkage__export_market_penetration'),
    ref('ind_linkage__export_survival_3y'),
    ref('ind_linkage__grubel_lloyd'),
    ref('ind_linkage__hhi_market'),
    ref('ind_linkage__hhi_product'),
    ref('ind_linkage__relative_pull'),
    ref('ind_linkage__variety_extensive_margin'),
    ref('ind_structure__cluster_strength_share'),
    ref('ind_structure__location_quotient'),
    ref('ind_structure__rsca_export'),
    ref('ind_structure__slq_employment'),
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
