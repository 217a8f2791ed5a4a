-- Which part of NAICS is which industry of the accounts, in codes of two to four digits: counties'
-- cells have no finer ones. A four-digit code that the accounts split goes with most of its parts.

with bridge as (
    select * from {{ ref('bea_industries') }}
),

claims as (
    select
        substr(naics_prefix, 1, 4) as naics_prefix,
        bea_summary_code,
        count(*) as claims_count
    from bridge
    group by substr(naics_prefix, 1, 4), bea_summary_code
),

ranked as (
    select
        naics_prefix,
        bea_summary_code,
        row_number() over (
            partition by naics_prefix
            order by claims_count desc, bea_summary_code desc
        ) as claim_rank
    from claims
)

select
    naics_prefix,
    bea_summary_code
from ranked
where claim_rank = 1
