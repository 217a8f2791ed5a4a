with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
),

bds_rates as (
    select * from {{ ref('int_entry__bds_rates') }} where cut in ('state', 'cbsa', 'county')
),

firm_cohorts as (
    select * from {{ ref('int_entry__firm_cohorts') }}
),

-- New limited liability companies per 1,000 people of 15 to 64, as published: never derived from
-- the count of companies, which the source defines differently.
economy_cells as (
    select
        geo_id,
        period_year,
        'wdi_llc_density' as basis,
        value,
        obs_status,
        {{ terms({'new_llc_per_1k_people_15_64': 'value'}) }} as components,
        snapshot_id
    from wdi_cells
    where indicator_code = 'IC.BUS.NDNS.ZS'
),

region_cells as (
    select
        geo_id,
        period_year,
        'bds_establishment_pct' as basis,
        entry_rate_pct as value,
        case
            when entry_rate_pct = 0 then 'Z'
            when entry_rate_pct is not null then 'A'
            else status_without_rate
        end as obs_status,
        {{ terms({
            'entrant_establishments': 'estabs_entry_count',
            'mean_establishments': 'mean_estabs_count',
            'establishments': 'estabs_count',
            'exited_establishments': 'estabs_exit_count',
        }) }} as components,
        snapshot_id
    from bds_rates
),

firm_cells as (
    {{ with_other_members('firm_cohorts', ['firms_count', 'new_firms_count', 'snapshot_id']) }}
),

new_firm_cells as (
    select
        geo_id,
        period_year,
        'bds_new_firm_pct' as basis,
        100.0 * new_firms_count / nullif(firms_count, 0) as value,
        case
            when not is_covered then 'L'
            when new_firms_count is null or coalesce(firms_count, 0) = 0 then 'M'
            when new_firms_count = 0 then 'Z'
            else 'A'
        end as obs_status,
        {{ terms({
            'firms_of_age_0': 'new_firms_count',
            'firms': 'firms_count',
        }) }} as components,
        snapshot_id
    from firm_cells
),

cells as (
    select * from economy_cells
    union all
    select * from region_cells
    union all
    select * from new_firm_cells
)

select
    'entry_rate' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    obs_status,
    cast(case when value is null then 0 else 1 end as bigint) as n_obs,
    components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from cells
