with uis_observations as (
    select * from {{ ref('stg_uis__observations') }}
),

oecd_observations as (
    select * from {{ ref('stg_oecd__observations') }}
),

eurostat_observations as (
    select * from {{ ref('stg_eurostat__observations') }}
),

wdi_economies as (
    select * from {{ ref('stg_wdi__economies') }} where not is_aggregate
),

apec_economies as (
    select * from {{ ref('apec_economies') }}
),

-- Codes under which a publisher can name an economy; groups of economies have none.
places as (
    select geo_id, geo_id as code_iso3 from apec_economies
    union
    select economy_code_wdi as geo_id, economy_code_wdi as code_iso3 from wdi_economies
),

-- Eurostat writes EL and UK where ISO has GR and GB.
eurostat_places as (
    select
        economy_code_wdi as geo_id,
        case economy_code_iso2 when 'GR' then 'EL' when 'GB' then 'UK' else economy_code_iso2 end
            as code_eurostat
    from wdi_economies
),

uis_cells as (
    select
        'uis' as dataset,
        'uis/' || uis_observations.indicator_code as series_id,
        places.geo_id,
        uis_observations.period_year,
        uis_observations.value,
        uis_observations.obs_status,
        uis_observations.snapshot_id
    from uis_observations
    inner join places
        on uis_observations.economy_code_iso3 = places.code_iso3
),

-- One line here for each series that an indicator reads; the flows have many more. Arrows stand in
-- parentheses: before DuckDB 2.0 they bind more weakly than `=` and `and`.
oecd_series as (
    select
        *,
        case
            when
                flow = 'ict_businesses'
                and (dimensions ->> 'UNIT_MEASURE') = 'PT_ENT'
                and (dimensions ->> 'ACTIVITY') = '_T'
                and (dimensions ->> 'MEASURE') in ('B2_B', 'H3_B')
                then 'oecd/ict_businesses/' || (dimensions ->> 'MEASURE') || '/' || (dimensions ->> 'SIZE_CLASS')
            when
                flow = 'sdbs'
                and (dimensions ->> 'MEASURE') = 'ENTR'
                and (dimensions ->> 'ACTIVITY') = 'BTN_95XK'
                then 'oecd/sdbs/ENTR/' || (dimensions ->> 'SIZE_CLASS')
            when
                flow = 'tiva'
                and (dimensions ->> 'ACTIVITY') = '_T'
                and (dimensions ->> 'MEASURE') in ('PROD_VASH', 'EXGR_DVASH')
                then 'oecd/tiva/' || (dimensions ->> 'MEASURE')
            when
                flow = 'msti'
                and (dimensions ->> 'MEASURE') in ('G', 'B')
                and (dimensions ->> 'UNIT_MEASURE') = 'USD_PPP'
                and coalesce(dimensions ->> 'PRICE_BASE', 'V') = 'V'
                then 'oecd/msti/' || (dimensions ->> 'MEASURE')
            when
                flow = 'bd'
                and (dimensions ->> 'MEASURE') = 'BIRTH_RT'
                and (dimensions ->> 'ACTIVITY') = 'BTSXM_K642'
                and coalesce(dimensions ->> 'SIZE_CLASS', '_T') = '_T'
                then 'oecd/bd/BIRTH_RT'
        end as series_id
    from oecd_observations
),

oecd_cells as (
    select
        'oecd/' || oecd_series.flow as dataset,
        oecd_series.series_id,
        places.geo_id,
        try_cast(oecd_series.period as integer) as period_year,
        oecd_series.value,
        oecd_series.obs_status,
        oecd_series.snapshot_id
    from oecd_series
    inner join places
        on oecd_series.economy_code_iso3 = places.code_iso3
    where oecd_series.series_id is not null
),

eurostat_series as (
    select
        *,
        case
            when
                dataset_code = 'isoc_ec_esels'
                and (dimensions ->> 'indic_is') = 'E_AESELL'
                and (dimensions ->> 'nace_r2') = 'C10-S951_X_K'
                and (dimensions ->> 'unit') = 'PC_ENT'
                then 'eurostat/isoc_ec_esels/E_AESELL/' || (dimensions ->> 'size_emp')
            when
                dataset_code = 'edat_lfse_04'
                and (dimensions ->> 'sex') = 'T'
                and (dimensions ->> 'isced11') = 'ED5-8'
                and (dimensions ->> 'age') = 'Y25-64'
                and (dimensions ->> 'unit') = 'PC'
                then 'eurostat/edat_lfse_04/ED5-8'
            when
                dataset_code = 'rd_e_gerdreg' and (dimensions ->> 'unit') = 'MIO_EUR'
                then 'eurostat/rd_e_gerdreg/' || (dimensions ->> 'sectperf')
            when
                dataset_code = 'isoc_r_broad_h' and (dimensions ->> 'unit') = 'PC_HH'
                then 'eurostat/isoc_r_broad_h'
            when
                dataset_code = 'bd_size_r'
                and (dimensions ->> 'sizeclas') = 'TOTAL'
                and (dimensions ->> 'nace_r2') = 'B-S_X_K642'
                and (dimensions ->> 'indic_sbs') in ('V11910', 'V11920')
                then 'eurostat/bd_size_r/' || (dimensions ->> 'indic_sbs')
        end as series_id
    from eurostat_observations
    where length(area_code_eurostat) = 2
),

eurostat_cells as (
    select
        'eurostat/' || eurostat_series.dataset_code as dataset,
        eurostat_series.series_id,
        eurostat_places.geo_id,
        try_cast(eurostat_series.period as integer) as period_year,
        eurostat_series.value,
        eurostat_series.obs_status,
        eurostat_series.snapshot_id
    from eurostat_series
    inner join eurostat_places
        on eurostat_series.area_code_eurostat = eurostat_places.code_eurostat
    where eurostat_series.series_id is not null
),

published as (
    select * from uis_cells
    union all
    select * from oecd_cells
    union all
    select * from eurostat_cells
),

-- A publisher may add a dimension that is not known here. Two figures for one cell are then none:
-- picking one of them would be a guess.
single as (
    select
        dataset,
        series_id,
        geo_id,
        period_year,
        case when min(value) = max(value) then max(value) end as value,
        case
            when min(value) = max(value) then max(obs_status)
            when max(value) is null then max(obs_status)
            else 'M'
        end as obs_status,
        max(snapshot_id) as snapshot_id
    from published
    where period_year is not null
    group by dataset, series_id, geo_id, period_year
),

-- Periodicals by series; a series without a figure has no span.
spans as (
    select
        dataset,
        series_id,
        min(period_year) as first_year,
        max(period_year) as last_year,
        max(snapshot_id) as snapshot_id
    from single
    where value is not null
    group by dataset, series_id
),

span_years as (
    select
        dataset,
        series_id,
        snapshot_id,
        unnest(generate_series(first_year, last_year)) as period_year
    from spans
),

-- Who is in a table at all, with any series: the others are not covered by it.
covered as (
    select distinct dataset, geo_id from published
),

apec_cells as (
    select
        span_years.series_id,
        apec_economies.geo_id,
        cast(span_years.period_year as integer) as period_year,
        single.value,
        case
            when single.obs_status is not null then single.obs_status
            when covered.geo_id is null then 'L'
            else 'M'
        end as obs_status,
        case
            when covered.geo_id is not null then coalesce(single.snapshot_id, span_years.snapshot_id)
        end as snapshot_id
    from span_years
    cross join apec_economies
    left join covered
        on span_years.dataset = covered.dataset
        and apec_economies.geo_id = covered.geo_id
    left join single
        on span_years.series_id = single.series_id
        and span_years.period_year = single.period_year
        and apec_economies.geo_id = single.geo_id
),

-- Peers come with what their publisher lists for them, withheld cells included.
peer_cells as (
    select
        series_id,
        geo_id,
        cast(period_year as integer) as period_year,
        value,
        obs_status,
        snapshot_id
    from single
    where geo_id not in (select geo_id from apec_economies)
)

select
    series_id,
    geo_id,
    period_year,
    value,
    obs_status,
    snapshot_id
from apec_cells
union all
select
    series_id,
    geo_id,
    period_year,
    value,
    obs_status,
    snapshot_id
from peer_cells
