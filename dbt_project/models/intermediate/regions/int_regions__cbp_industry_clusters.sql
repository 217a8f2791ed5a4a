with county_industries as (
    select * from {{ ref('stg_cbp__county_industries') }}
),

taxonomy as (
    select * from {{ ref('cluster_industry') }} where industry_scheme like 'NAICS%'
),

-- An industry exists in a year if any county publishes it: what the Bureau does not survey
-- (railways, post, government) is then not taken for hidden.
industries as (
    select distinct
        period_year,
        naics_code
    from county_industries
    where naics_level = 4
),

matched as (
    select
        industries.period_year,
        industries.naics_code,
        taxonomy.scheme,
        taxonomy.scheme_version,
        taxonomy.industry_scheme,
        taxonomy.cluster_id
    from industries
    inner join taxonomy
        on industries.naics_code = taxonomy.industry_code
),

-- The file does not name its vintage of NAICS; the vintage that knows most of its codes is it.
vintages as (
    select
        period_year,
        scheme,
        scheme_version,
        industry_scheme,
        row_number() over (
            partition by period_year, scheme, scheme_version
            order by count(*) desc, industry_scheme
        ) as vintage_rank
    from matched
    group by period_year, scheme, scheme_version, industry_scheme
)

select
    matched.period_year,
    matched.naics_code,
    matched.scheme,
    matched.scheme_version,
    matched.industry_scheme,
    matched.cluster_id
from matched
inner join vintages
    on matched.period_year = vintages.period_year
    and matched.scheme = vintages.scheme
    and matched.scheme_version = vintages.scheme_version
    and matched.industry_scheme = vintages.industry_scheme
where vintages.vintage_rank = 1
