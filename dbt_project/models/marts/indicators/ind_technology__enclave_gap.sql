with wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }}
    where indicator_code = 'BX.KLT.DINV.WD.GD.ZS'
),

patent_cells as (
    select * from {{ ref('ind_technology__indigenous_patent_share') }}
),

rd_cells as (
    select * from {{ ref('ind_technology__business_rd_share') }}
    -- one basis only: shares on two bases are two measures
    where basis = 'uis_performed_pct'
),

members as (
    select geo_id from {{ ref('apec_economies') }}
),

-- Flows jump from year to year: the mean of this and the four years before, of at least three.
fdi as (
    select
        this_year.geo_id,
        this_year.period_year,
        case when count(earlier.value) >= 3 then {{ in_order('avg', 'earlier.value') }} end as fdi_mean_pct_gdp,
        count(earlier.value) as fdi_years_count,
        max(this_year.snapshot_id) as snapshot_id,
        max(case when this_year.obs_status = 'L' then 1 else 0 end) = 1 as is_not_covered
    from wdi_cells as this_year
    left join wdi_cells as earlier
        on this_year.geo_id = earlier.geo_id
        and earlier.period_year between this_year.period_year - 4 and this_year.period_year
    group by this_year.geo_id, this_year.period_year
),

-- What may not be ranked is not standardised either.
joined as (
    select
        fdi.geo_id,
        fdi.period_year,
        fdi.fdi_mean_pct_gdp,
        fdi.fdi_years_count,
        fdi.is_not_covered,
        fdi.snapshot_id as fdi_snapshot_id,
        case when patent_cells.obs_status <> 'U' then patent_cells.value end as patent_share,
        rd_cells.value as business_rd_pct,
        patent_cells.source_ids as patent_source_ids,
        rd_cells.source_ids as rd_source_ids
    from fdi
    left join patent_cells
        on fdi.geo_id = patent_cells.geo_id
        and cast(fdi.period_year as varchar) = patent_cells.period
    left join rd_cells
        on fdi.geo_id = rd_cells.geo_id
        and cast(fdi.period_year as varchar) = rd_cells.period
    where fdi.geo_id in (select geo_id from members)
),

-- Mean and population standard deviation over all members and years with a figure.
moments as (
    select
        {{ in_order('avg', 'fdi_mean_pct_gdp') }} as fdi_mean,
        {{ in_order('stddev_pop', 'fdi_mean_pct_gdp') }} as fdi_sd,
        {{ in_order('avg', 'patent_share') }} as patent_mean,
        {{ in_order('stddev_pop', 'patent_share') }} as patent_sd,
        {{ in_order('avg', 'business_rd_pct') }} as rd_mean,
        {{ in_order('stddev_pop', 'business_rd_pct') }} as rd_sd
    from joined
),

standardised as (
    select
        joined.*,
        (joined.fdi_mean_pct_gdp - moments.fdi_mean) / nullif(moments.fdi_sd, 0) as fdi_z,
        (joined.patent_share - moments.patent_mean) / nullif(moments.patent_sd, 0) as patent_z,
        (joined.business_rd_pct - moments.rd_mean) / nullif(moments.rd_sd, 0) as rd_z
    from joined
    cross join moments
),

-- The mean of the two, or the one that there is; then the gap is an estimate.
combined as (
    select
        *,
        case
            when patent_z is not null and rd_z is not null then (patent_z + rd_z) / 2
            else coalesce(patent_z, rd_z)
        end as indigenous_z
    from standardised
),

gaps as (
    select
        *,
        fdi_z - indigenous_z as value
    from combined
)

select
    'enclave_gap' as indicator_id,
    geo_id,
    'all' as cluster_id,
    cast(period_year as varchar) as period,
    'fdi_flow_5y' as basis,
    value,
    cast(null as double) as value_lower,
    cast(null as double) as value_upper,
    case
        when is_not_covered then 'L'
        when value is null then 'M'
        when patent_z is null or rd_z is null then 'E'
        when value = 0 then 'Z'
        else 'A'
    end as obs_status,
    cast(fdi_years_count as bigint) as n_obs,
    {{ terms({
        'fdi_z': 'fdi_z',
        'indigenous_z': 'indigenous_z',
        'fdi_mean_pct_gdp': 'fdi_mean_pct_gdp',
        'patent_share': 'patent_share',
        'business_rd_pct': 'business_rd_pct',
        'quadrant': "case
            when fdi_z is null or indigenous_z is null then null
            when fdi_z > 0 and indigenous_z <= 0 then 1
            when fdi_z > 0 then 2
            when indigenous_z > 0 then 3
            else 4
        end",
    }) }} as components,
    case
        when is_not_covered then []
        -- sorted: what is left of a list without doubles comes in the order of hashes
        else list_sort(
            list_distinct(
                list_concat(
                    {{ snapshot_list(['fdi_snapshot_id']) }},
                    list_concat(coalesce(patent_source_ids, []), coalesce(rd_source_ids, []))
                )
            )
        )
    end as source_ids,
    '1' as method_version
from gaps
