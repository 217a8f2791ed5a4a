with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
),

states as (
    select * from {{ ref('stg_bds__states') }}
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

-- Entrants per 100 of the mean of this and last March's establishments. Last March is this March
-- without the entrants and with those that left.
state_terms as (
    select
        *,
        (estabs_count + (estabs_count - estabs_entry_count + estabs_exit_count)) / 2.0
            as mean_estabs
    from states
),

state_rates as (
    select
        *,
        -- from its terms, in full precision; where exits are withheld and the rate is not, the
        -- published one (three decimals)
        coalesce(
            100.0 * estabs_entry_count / nullif(mean_estabs, 0), estabs_entry_rate_pct
        ) as entry_rate_pct
    from state_terms
),

state_cells as (
    select
        'USA-FIPS-' || state_code_fips as geo_id,
        period_year,
        'bds_establishment_pct' as basis,
        entry_rate_pct as value,
        case
            when entry_rate_pct = 0 then 'Z'
            when entry_rate_pct is not null then 'A'
            when estabs_entry_rate_status = 'suppressed' then 'C'
            when estabs_entry_rate_status = 'low_reliability' then 'Q'
            else 'M'
        end as obs_status,
        {{ terms({
            'entrant_establishments': 'estabs_entry_count',
            'mean_establishments': 'mean_estabs',
            'establishments': 'estabs_count',
            'exited_establishments': 'estabs_exit_count',
        }) }} as components,
        snapshot_id
    from state_rates
),

cells as (
    select * from economy_cells
    union all
    select * from state_cells
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
