-- A new indicator is one more line here.
{%- set indicators = [
    ref('ind_advantages__relatedness_density'),
    ref('ind_advantages__rivalry_index'),
    ref('ind_division__vertical_disintegration'),
    ref('ind_ecommerce__sme_ecommerce_gap'),
    ref('ind_ecommerce__sme_followership_lag'),
    ref('ind_entry__entry_rate'),
    ref('ind_entry__firm_count_growth'),
    ref('ind_entry__missing_link_index'),
    ref('ind_human_resources__employer_training_share'),
    ref('ind_human_resources__stem_graduate_share'),
    ref('ind_human_resources__tertiary_attainment'),
    ref('ind_human_resources__tertiary_enrolment'),
    ref('ind_infrastructure__broadband_adoption'),
    ref('ind_infrastructure__living_environment'),
    ref('ind_infrastructure__power_outage_loss'),
    ref('ind_infrastructure__startup_cost'),
    ref('ind_infrastructure__startup_days'),
    ref('ind_infrastructure__utility_access'),
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
    ref('ind_linkage__tariff_applied'),
    ref('ind_linkage__variety_extensive_margin'),
    ref('ind_structure__cluster_strength_share'),
    ref('ind_structure__eci'),
    ref('ind_structure__endowment_control'),
    ref('ind_structure__location_quotient'),
    ref('ind_structure__rsca_export'),
    ref('ind_structure__slq_employment'),
    ref('ind_technology__business_rd_share'),
    ref('ind_technology__domestic_value_added_share'),
    ref('ind_technology__enclave_gap'),
    ref('ind_technology__indigenous_patent_share'),
    ref('ind_technology__tech_balance'),
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
