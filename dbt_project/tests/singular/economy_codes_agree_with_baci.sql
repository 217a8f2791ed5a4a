-- What the trade models take a code of BACI for is what the code list says it is.
with used as (
    select * from {{ ref('int_economies__baci_codes') }}
),

listed as (
    select * from {{ ref('economy_code') }} where code_scheme = 'BACI'
),

members as (
    select
        used.economy_code_baci,
        used.geo_id,
        count(listed.code) as listed_count,
        count(*) filter (where listed.geo_id = used.geo_id) as agreeing_count
    from used
    left join listed
        on used.economy_code_baci = listed.code
    group by used.economy_code_baci, used.geo_id
)

-- a code that is not listed is new, and no disagreement
select * from members where listed_count > 0 and agreeing_count = 0
