with nodes as (
    select * from {{ ref('int_regions__cbp_nodes') }} where naics_code = ''
),

county_industries as (
    select * from {{ ref('stg_cbp__county_industries') }}
),

industries_of_year as (
    select
        period_year,
        count(distinct naics_code) as industries_count
    from county_industries
    where naics_level = 4
    group by period_year
),

industry_sums as (
    select
        period_year,
        county_code_fips5,
        sum(estabs_count) as estabs_count,
        count(*) as rows_count
    from county_industries
    where naics_level = 4
    group by period_year, county_code_fips5
)

select
    nodes.period_year,
    nodes.state_code_fips,
    nodes.county_code_fips5,
    nodes.county_code_fips5 like '%999' as is_statewide,
    coalesce(nodes.emp_count, nodes.emp_below_count) as emp_count,
    nodes.emp_count as emp_upper_count,
    coalesce(nodes.estabs_count, nodes.estabs_below_count) as estabs_count,
    -- Without a total, each industry that is left out can have two establishments at most.
    coalesce(
        nodes.estabs_count,
        cast(
            coalesce(industry_sums.estabs_count, 0)
            + 2 * (coalesce(industries_of_year.industries_count, 0)
                - coalesce(industry_sums.rows_count, 0)) as bigint
        )
    ) as estabs_upper_count,
    nodes.emp_count is not null as is_emp_published,
    nodes.estabs_count is not null as is_estabs_published,
    nodes.snapshot_id
from nodes
left join industries_of_year
    on nodes.period_year = industries_of_year.period_year
left join industry_sums
    on nodes.period_year = industry_sums.period_year
    and nodes.county_code_fips5 = industry_sums.county_code_fips5
