-- Of the United States, by cluster: industries of the accounts are split by national employment.

with cluster_industries as (
    select * from {{ ref('int_supply__cluster_industries') }}
),

accounts as (
    select * from {{ ref('stg_bea__cells') }} where table_name = 'use'
),

commodities as (
    select * from {{ ref('int_supply__commodities') }}
),

totals as (
    select
        period_year as io_year,
        column_code as bea_summary_code,
        max(case when row_code = 'VABAS' then value_musd end) as value_added_musd,
        max(case when row_code = 'T018' then value_musd end) as output_musd,
        max(snapshot_id) as snapshot_id
    from accounts
    where is_column_industry and row_code in ('VABAS', 'T018')
    group by period_year, column_code
),

-- What an industry imports of each commodity is not in the tables: its purchases are taken to be
-- imported as far as the nation's supply of the commodity is.
imported as (
    select
        accounts.period_year as io_year,
        accounts.column_code as bea_summary_code,
        {{ order_free_sum('accounts.value_musd * coalesce(commodities.import_share, 0)') }}
            as imported_inputs_musd
    from accounts
    left join commodities
        on accounts.period_year = commodities.io_year
        and accounts.row_code = commodities.bea_summary_code
    where accounts.is_column_industry and accounts.is_row_industry and accounts.value_musd > 0
    group by accounts.period_year, accounts.column_code
),

years as (
    select
        io_year,
        -- the mix of a cluster is that of the nearest year of employment
        period_year,
        row_number() over (
            partition by io_year
            order by abs(period_year - io_year), period_year
        ) as nearness
    from (
        select distinct
            totals.io_year,
            cluster_industries.period_year
        from totals
        cross join cluster_industries
    ) as pairs
),

clusters as (
    select
        totals.io_year as period_year,
        cluster_industries.cluster_id,
        {{ order_free_sum('totals.value_added_musd * cluster_industries.industry_share') }} as value_added_musd,
        {{ order_free_sum('totals.output_musd * cluster_industries.industry_share') }} as output_musd,
        {{ order_free_sum('coalesce(imported.imported_inputs_musd, 0) * cluster_industries.industry_share') }}
            as imported_inputs_musd,
        count(totals.output_musd) as industries_count,
        count(*) - count(totals.output_musd + totals.value_added_musd) as unknown_count,
        max(totals.snapshot_id) as snapshot_id
    from totals
    inner join years
        on totals.io_year = years.io_year
        and years.nearness = 1
    inner join cluster_industries
        on years.period_year = cluster_industries.period_year
        and totals.bea_summary_code = cluster_industries.bea_summary_code
    left join imported
        on totals.io_year = imported.io_year
        and totals.bea_summary_code = imported.bea_summary_code
    group by totals.io_year, cluster_industries.cluster_id
),

measured as (
    select
        *,
        case
            when unknown_count = 0 and value_added_musd >= 0 and output_musd > 0
                then (output_musd - value_added_musd) / output_musd
        end as total_share,
        case
            when
                unknown_count = 0 and value_added_musd >= 0 and output_musd > 0
                and output_musd - value_added_musd - imported_inputs_musd >= 0
                then (output_musd - value_added_musd - imported_inputs_musd) / output_musd
        end as domestic_share
    from clusters
),

by_basis as (
    select
        *,
        'bea_total' as basis,
        total_share as share
    from measured
    union all
    select
        *,
        'bea_domestic' as basis,
        domestic_share as share
    from measured
),

grid as (
    select
        apec_economies.geo_id,
        by_basis.*,
        apec_economies.geo_id = 'USA' as is_covered
    from {{ ref('apec_economies') }} as apec_economies
    cross join by_basis
)

select
    geo_id,
    cluster_id,
    period_year,
    basis,
    case when is_covered then share end as value,
    case
        when not is_covered then 'L'
        when share is null then 'M'
        when share = 0 then 'Z'
        else 'E'
    end as obs_status,
    cast(case when is_covered and share is not null then industries_count else 0 end as bigint) as n_obs,
    case when is_covered then output_musd end as output_musd,
    case when is_covered then value_added_musd end as value_added_musd,
    case when is_covered then imported_inputs_musd end as imported_inputs_musd,
    case when is_covered then snapshot_id end as snapshot_id
from grid
