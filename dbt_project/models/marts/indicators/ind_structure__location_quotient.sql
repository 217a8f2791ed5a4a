with quotients as (
    select * from {{ ref('int_regions__location_quotients') }}
    -- the quotient within a class is a column of region_cluster
    where basis in ('cbp_employment', 'cbp_establishments')
),

national as (
    select * from {{ ref('int_national__measures') }}
)

select
    'location_quotient' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    basis,
    quotient as value,
    quotient_lower as value_lower,
    quotient_upper as value_upper,
    obs_status,
    rows_used_count as n_obs,
    {{ terms({
        'cluster_in_region': 'cluster_count',
        'cluster_in_region_lower': 'cluster_lower',
        'cluster_in_region_upper': 'cluster_upper',
        'all_in_region': 'region_count',
        'all_in_region_upper': 'region_upper',
        'cluster_in_nation': 'nation_cluster_count',
        'all_in_nation': 'nation_count',
        'industries_withheld': 'withheld_count',
        'industries_maybe_hidden': 'absent_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from quotients
{%- for name, kind in [('emp', 'employment'), ('estabs', 'establishments')] %}
union all
select
    'location_quotient' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    source_id || '_{{ kind }}' as basis,
    {{ name }}_quotient as value,
    case when not is_{{ name }}_exact then {{ name }}_quotient_lower end as value_lower,
    case when not is_{{ name }}_exact then {{ name }}_quotient_upper end as value_upper,
    {{ name }}_status as obs_status,
    case when {{ name }}_quotient is not null then rows_count else 0 end as n_obs,
    {{ terms({
        'cluster_in_region': 'emp_value' if name == 'emp' else 'estabs_count',
        'cluster_in_region_lower': name ~ '_lower_count',
        'cluster_in_region_upper': name ~ '_upper_count',
        'all_in_region': 'region_' ~ name ~ '_value',
        'all_in_region_upper': 'region_' ~ name ~ '_upper',
        'cluster_in_nation': 'nation_cluster_' ~ name,
        'all_in_nation': 'nation_' ~ name,
        'industries_withheld': name ~ '_industries_withheld_count',
        'industries_maybe_hidden': 'absent_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from national
where {{ name }}_quotient is not null or {{ name }}_status = 'C'
{%- endfor %}
