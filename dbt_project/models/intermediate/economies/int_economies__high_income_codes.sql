with high_income as (
    select * from {{ ref('high_income_economies') }}
),

economies as (
    select * from {{ ref('stg_baci__economies') }}
),

apec_economies as (
    select * from {{ ref('apec_economies') }}
)

-- Every code of an economy counts, also one that ended (58, Belgium and Luxembourg until 1998). Of
-- a member of APEC only its own code does: BACI gives Chinese Taipei no ISO code.
select
    apec_economies.economy_code_baci,
    high_income.geo_id
from high_income
inner join apec_economies
    on high_income.geo_id = apec_economies.geo_id
union all
select
    economies.economy_code_baci,
    high_income.geo_id
from high_income
inner join economies
    on high_income.geo_id = economies.economy_code_iso3
where
    high_income.geo_id not in (select geo_id from apec_economies)
    and economies.economy_code_baci not in (select economy_code_baci from apec_economies)
