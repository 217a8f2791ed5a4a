with measures as (
    select * from {{ ref('int_regions__cluster_measures') }} where has_year_before
),

cells as (
    select
        *,
        estabs_growth is null
        or estabs_growth_lower is distinct from estabs_growth_upper as is_interval
    from measures
),

national as (
    select
        *,
        estabs_growth is null
        or estabs_growth_lower is distinct from estabs_growth_upper as is_interval
    from {{ ref('int_national__measures') }}
    where has_year_before and (estabs_growth is not null or is_estabs_withheld)
),

-- Korea counts businesses of all industries together: no cluster, but a count of firms.
korean_districts as (
    select
        period_year,
        'KOR-KOSIS-' || district_code_kosis as district_geo_id,
        'KOR-KOSIS-' || region_code_kosis as province_geo_id,
        businesses_count,
        snapshot_id
    from {{ ref('stg_kosis__businesses') }}
    where business_kind = 'total'
),

korean as (
    select
        period_year,
        district_geo_id as geo_id,
        businesses_count,
        snapshot_id
    from korean_districts
    union all
    select
        period_year,
        province_geo_id as geo_id,
        case when count(businesses_count) = count(*) then sum(businesses_count) end as businesses_count,
        max(snapshot_id) as snapshot_id
    from korean_districts
    group by period_year, province_geo_id
),

korean_growth as (
    select
        korean.*,
        before.businesses_count as before_count,
        2.0 * (korean.businesses_count - before.businesses_count)
        / nullif(korean.businesses_count + before.businesses_count, 0) as growth
    from korean
    inner join korean as before
        on korean.geo_id = before.geo_id
        and korean.period_year = before.period_year + 1
)

select
    'firm_count_growth' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    'cbp_establishments' as basis,
    estabs_growth as value,
    case when is_interval then estabs_growth_lower end as value_lower,
    case when is_interval then estabs_growth_upper end as value_upper,
    case
        when estabs_growth is null then 'C'
        when is_small then 'U'
        when is_interval then 'E'
        when estabs_growth = 0 then 'Z'
        else 'A'
    end as obs_status,
    rows_count as n_obs,
    {{ terms({
        'establishments': 'estabs_count',
        'establishments_upper': 'estabs_upper_count',
        'establishments_before': 'estabs_before_count',
        'establishments_before_upper': 'estabs_before_upper_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from cells
union all
select
    'firm_count_growth' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    source_id || '_establishments' as basis,
    estabs_growth as value,
    case when is_interval then least(estabs_growth_lower, coalesce(estabs_growth, estabs_growth_lower)) end as value_lower,
    case
        when is_interval then greatest(estabs_growth_upper, coalesce(estabs_growth, estabs_growth_upper))
    end as value_upper,
    case
        when estabs_growth is null then 'C'
        when is_small then 'U'
        when is_interval then 'E'
        when estabs_status in ('N', 'B', 'P') then estabs_status
        when estabs_before_status in ('N', 'B', 'P') then estabs_before_status
        when estabs_growth = 0 then 'Z'
        else 'A'
    end as obs_status,
    rows_count as n_obs,
    {{ terms({
        'establishments': 'estabs_count',
        'establishments_upper': 'estabs_upper_count',
        'establishments_before': 'estabs_before_count',
        'establishments_before_upper': 'estabs_before_upper_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from national
union all
select
    'firm_count_growth' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'kosis_businesses' as basis,
    growth as value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case when growth is null then 'M' when growth = 0 then 'Z' else 'A' end as obs_status,
    cast(case when growth is null then 0 else 1 end as bigint) as n_obs,
    {{ terms({
        'establishments': 'businesses_count',
        'establishments_upper': 'businesses_count',
        'establishments_before': 'before_count',
        'establishments_before_upper': 'before_count',
    }) }} as components,
    {{ snapshot_list(['snapshot_id']) }} as source_ids,
    '1' as method_version
from korean_growth
