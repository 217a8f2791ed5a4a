with gradients as (
    select * from {{ ref('int_entry__concentration_gradients') }}
),

rates as (
    select
        period_year,
        max(snapshot_id) as rates_snapshot_id
    from {{ ref('int_entry__sector_rates') }}
    group by period_year
),

cells_before as (
    select
        period_year + 1 as period_year,
        max(snapshot_id) as cells_snapshot_id
    from {{ ref('int_regions__region_totals') }}
    group by period_year
),

estimates as (
    select
        gradients.*,
        rates.rates_snapshot_id,
        cells_before.cells_snapshot_id
    from gradients
    inner join rates
        on gradients.period_year = rates.period_year
    inner join cells_before
        on gradients.period_year = cells_before.period_year
),

cells as (
    {{ with_other_members('estimates', [
        'rho', 'rho_lower', 'rho_upper', 'industries_count', 'draws_count', 'rates_snapshot_id',
        'cells_snapshot_id',
    ]) }}
)

select
    'entry_concentration_gradient' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'bds_cbp_sectors' as basis,
    rho as value,
    case when rho is not null then least(rho_lower, rho) end as value_lower,
    case when rho is not null then greatest(rho_upper, rho) end as value_upper,
    case
        when not is_covered then 'L'
        when rho is null then 'M'
        else 'E'
    end as obs_status,
    cast(coalesce(industries_count, 0) as bigint) as n_obs,
    {{ terms({
        'sectors': 'industries_count',
        'bootstrap_draws': 'draws_count',
    }) }} as components,
    {{ snapshot_list(['rates_snapshot_id', 'cells_snapshot_id']) }} as source_ids,
    '1' as method_version
from cells
