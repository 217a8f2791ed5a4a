-- Commodities of four digits add up to all exports; those of three are the same goods again.
with commodities as (
    select * from {{ ref('stg_ustrade__states') }} where length(commodity_code_naics) = 4
),

industries as (
    select distinct
        period_year,
        commodity_code_naics as naics_code
    from commodities
),

clustered as (
    {{ naics_clusters('industries') }}
),

schemes as (
    select distinct
        period_year,
        scheme,
        scheme_version
    from clustered
)

select
    commodities.period_year,
    commodities.state_name_census,
    commodities.state_code_fips,
    commodities.state_name_census = 'All States' as is_nation,
    schemes.scheme,
    schemes.scheme_version,
    coalesce(clustered.cluster_id, 'unmapped') as cluster_id,
    -- exact: thousandths of a thousand dollars are dollars
    cast(
        sum(cast(commodities.exports_usd as decimal(18, 0))) * cast(0.001 as decimal(4, 3)) as decimal(18, 3)
    ) as exports_kusd,
    count(*) as commodities_count,
    max(commodities.snapshot_id) as snapshot_id
from commodities
inner join schemes
    on commodities.period_year = schemes.period_year
left join clustered
    on commodities.period_year = clustered.period_year
    and commodities.commodity_code_naics = clustered.naics_code
    and schemes.scheme = clustered.scheme
    and schemes.scheme_version = clustered.scheme_version
group by
    commodities.period_year,
    commodities.state_name_census,
    commodities.state_code_fips,
    schemes.scheme,
    schemes.scheme_version,
    coalesce(clustered.cluster_id, 'unmapped')
