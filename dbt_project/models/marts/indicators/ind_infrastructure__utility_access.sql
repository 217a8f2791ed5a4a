with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
    where indicator_code in ('EG.ELC.ACCS.ZS', 'SH.H2O.SMDW.ZS')
),

paired as (
    select
        geo_id,
        period_year,
        max(case when indicator_code = 'EG.ELC.ACCS.ZS' then value end) as electricity_pct,
        max(case when indicator_code = 'SH.H2O.SMDW.ZS' then value end) as water_pct,
        max(case when indicator_code = 'EG.ELC.ACCS.ZS' then snapshot_id end) as electricity_snapshot_id,
        max(case when indicator_code = 'SH.H2O.SMDW.ZS' then snapshot_id end) as water_snapshot_id,
        min(case when obs_status = 'L' then 1 else 0 end) = 1 as is_not_covered,
        max(case when obs_status in ('E', 'P', 'B') then obs_status end) as source_mark
    from wdi_cells
    group by geo_id, period_year
),

-- `least` skips NULL; with one of the two unknown the lesser one is unknown too.
lesser as (
    select
        *,
        case
            when electricity_pct is not null and water_pct is not null
                then least(electricity_pct, water_pct)
        end as value
    from paired
)

select
    'utility_access' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'wdi_lesser_pct' as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case
        when is_not_covered then 'L'
        when value is null then 'M'
        when source_mark is not null then source_mark
        when value = 0 then 'Z'
        else 'A'
    end as obs_status,
    cast(
        case when electricity_pct is null then 0 else 1 end
        + case when water_pct is null then 0 else 1 end as bigint
    ) as n_obs,
    {{ terms({'electricity_access_pct': 'electricity_pct', 'safe_water_pct': 'water_pct'}) }}
        as components,
    {{ snapshot_list(['electricity_snapshot_id', 'water_snapshot_id']) }} as source_ids,
    '1' as method_version
from lesser
