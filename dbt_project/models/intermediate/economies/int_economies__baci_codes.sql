with economies as (
    select * from {{ ref('stg_baci__economies') }}
),

apec_economies as (
    select * from {{ ref('apec_economies') }}
),

exporters as (
    select * from {{ ref('int_trade__exporter_clusters') }}
),

last_exports as (
    select
        exporter_code_baci,
        max(period_year) as last_year
    from exporters
    group by exporter_code_baci
),

-- Two codes can share an ISO3: a dissolved union keeps that of a member (711 and 710, 58 and 56).
-- The code that still exports is the economy; the other one stays in the world total only, so
-- that no economy inherits its neighbour's trade.
ranked as (
    select
        economies.economy_code_baci,
        economies.economy_name,
        economies.economy_code_iso3,
        economies.snapshot_id,
        row_number() over (
            partition by economies.economy_code_iso3
            order by
                coalesce(last_exports.last_year, 0) desc,
                cast(economies.economy_code_baci as integer)
        ) as rank_in_iso3
    from economies
    left join last_exports
        on economies.economy_code_baci = last_exports.exporter_code_baci
    where economies.economy_code_iso3 is not null
),

peers as (
    select * from ranked
    where
        rank_in_iso3 = 1
        and economy_code_iso3 not in (select geo_id from apec_economies)
        and economy_code_baci not in (select economy_code_baci from apec_economies)
)

select
    apec_economies.economy_code_baci,
    apec_economies.geo_id,
    apec_economies.economy_name,
    true as is_apec,
    economies.economy_code_baci is not null as is_covered,
    economies.snapshot_id
from apec_economies
left join economies
    on apec_economies.economy_code_baci = economies.economy_code_baci
union all
select
    economy_code_baci,
    economy_code_iso3 as geo_id,
    economy_name,
    false as is_apec,
    true as is_covered,
    snapshot_id
from peers
