-- What each cluster buys from other industries, as shares: its industries' purchases, split by their
-- national employment where an industry lies in several clusters.

with cluster_industries as (
    select * from {{ ref('int_supply__cluster_industries') }}
),

io_years as (
    select * from {{ ref('int_supply__io_years') }}
),

purchases as (
    select * from {{ ref('stg_bea__cells') }}
    where table_name = 'use' and is_row_industry and is_column_industry and value_musd > 0
),

commodities as (
    select * from {{ ref('int_supply__commodities') }}
),

bought as (
    select
        cluster_industries.period_year,
        cluster_industries.scheme,
        cluster_industries.cluster_id,
        io_years.io_year,
        io_years.snapshot_id,
        purchases.row_code as supplier_code_bea,
        {{ order_free_sum('purchases.value_musd * cluster_industries.industry_share') }} as bought_musd
    from cluster_industries
    inner join io_years
        on cluster_industries.period_year = io_years.period_year
    inner join purchases
        on io_years.io_year = purchases.period_year
        and cluster_industries.bea_summary_code = purchases.column_code
    group by
        cluster_industries.period_year,
        cluster_industries.scheme,
        cluster_industries.cluster_id,
        io_years.io_year,
        io_years.snapshot_id,
        purchases.row_code
),

-- A supplier most of which is the cluster itself is no supplier of it; utilities are bought where
-- one is.
from_others as (
    select bought.*
    from bought
    left join cluster_industries as own
        on bought.period_year = own.period_year
        and bought.cluster_id = own.cluster_id
        and bought.supplier_code_bea = own.bea_summary_code
    where coalesce(own.industry_share, 0) <= 0.5 and bought.supplier_code_bea <> '22'
),

sums as (
    select
        period_year,
        cluster_id,
        {{ order_free_sum('bought_musd') }} as bought_musd
    from from_others
    group by period_year, cluster_id
)

select
    from_others.period_year,
    from_others.scheme,
    from_others.cluster_id,
    from_others.io_year,
    from_others.supplier_code_bea,
    from_others.bought_musd,
    from_others.bought_musd / nullif(sums.bought_musd, 0) as weight,
    commodities.import_share,
    from_others.snapshot_id
from from_others
inner join sums
    on from_others.period_year = sums.period_year
    and from_others.cluster_id = sums.cluster_id
left join commodities
    on from_others.io_year = commodities.io_year
    and from_others.supplier_code_bea = commodities.bea_summary_code
