with links as (
    select * from {{ ref('int_supply__missing_links') }} where supplier_code_bea is null
),

measures as (
    select * from {{ ref('int_regions__cluster_measures') }}
),

io_years as (
    select * from {{ ref('int_supply__io_years') }}
),

cells as (
    select
        links.*,
        measures.obs_status as emp_status,
        measures.is_small,
        measures.emp_count,
        measures.rows_count,
        measures.snapshot_id as cells_snapshot_id,
        io_years.io_year,
        io_years.snapshot_id as accounts_snapshot_id,
        links.value is null or links.value_upper - links.value_lower > 1e-12 as is_interval
    from links
    inner join measures
        on links.period_year = measures.period_year
        and links.geo_id = measures.geo_id
        and links.cluster_id = measures.cluster_id
    inner join io_years
        on links.period_year = io_years.period_year
)

select
    'missing_link_index' as indicator_id,
    geo_id,
    cluster_id,
    cast(period_year as varchar) as period,
    basis,
    value,
    case when is_interval then value_lower end as value_lower,
    case when is_interval then value_upper end as value_upper,
    case
        when value is null and emp_status = 'Q' then 'Q'
        when value is null then 'C'
        when is_small then 'U'
        when is_interval then 'E'
        when value = 0 then 'Z'
        else 'A'
    end as obs_status,
    suppliers_count as n_obs,
    {{ terms({
        'suppliers': 'suppliers_count',
        'cluster_employment': 'emp_count',
        'year_of_accounts': 'io_year',
    }) }} as components,
    {{ snapshot_list(['cells_snapshot_id', 'accounts_snapshot_id']) }} as source_ids,
    '1' as method_version
from cells
