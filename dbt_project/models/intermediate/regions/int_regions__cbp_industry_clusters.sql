-- An industry exists in a year if any county publishes it: what the Bureau does not survey
-- (railways, post, government) is then not taken for hidden.
with industries as (
    select distinct
        period_year,
        naics_code
    from {{ ref('stg_cbp__county_industries') }}
    where naics_level = 4
),

clustered as (
    {{ naics_clusters('industries') }}
)

select
    period_year,
    naics_code,
    scheme,
    scheme_version,
    industry_scheme,
    cluster_id
from clustered
