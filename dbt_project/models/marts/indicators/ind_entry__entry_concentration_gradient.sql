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

panels as (
    select * from {{ ref('int_entry__panels') }}
),

panel_estimates as (
    select
        panels.*,
        rates.rates_snapshot_id
    from panels
    inner join rates
        on panels.period_year = rates.period_year
),

panel_cells as (
    select
        apec_economies.geo_id,
        panel_estimates.*,
        apec_economies.geo_id = 'USA' as is_covered
    from {{ ref('apec_economies') }} as apec_economies
    cross join panel_estimates
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
union all
select
    'entry_concentration_gradient' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    case term when 'own' then 'bds_panel_own' else 'bds_panel_related' end as basis,
    case when is_covered then beta end as value,
    case when is_covered then beta_lower end as value_lower,
    case when is_covered then beta_upper end as value_upper,
    case
        when not is_covered then 'L'
        when beta is null then 'M'
        else 'E'
    end as obs_status,
    cast(case when is_covered then observations_count else 0 end as bigint) as n_obs,
    {{ terms({
        'p_value': 'case when is_covered then p_value end',
        'states': 'case when is_covered then regions_count end',
        'first_year': 'case when is_covered then first_year end',
    }) }} as components,
    {{ snapshot_list(['case when is_covered then rates_snapshot_id end']) }} as source_ids,
    '1' as method_version
from panel_cells
