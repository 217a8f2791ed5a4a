with published_rows as (
    select * from {{ source('wdi', 'observations') }}
),

source_rows as (
    {{ corrected_rows(
        'published_rows',
        'wdi',
        'observations',
        ['indicator_code', 'economy_code_wdi', 'period_year'],
        'value',
        ['unit', 'obs_status', 'source_updated_on', '_snapshot_id'],
    ) }}
),

listed_economies as (
    select economy_code_wdi from {{ ref('stg_wdi__economies') }} where not is_aggregate
),

apec_economies as (
    select economy_code_wdi from {{ ref('apec_economies') }} where economy_code_wdi is not null
),

-- APEC's members are economies even in a night in which the World Bank's list did not arrive.
economies as (
    select economy_code_wdi from listed_economies
    union
    select economy_code_wdi from apec_economies
),

economy_rows as (
    select
        source_rows.indicator_code,
        source_rows.economy_code_wdi,
        source_rows.period_year,
        source_rows.value,
        source_rows.unit,
        nullif(trim(source_rows.obs_status), '') as source_status_code,
        source_rows.source_updated_on,
        source_rows.correction_id,
        source_rows._snapshot_id as snapshot_id
    from source_rows
    inner join economies
        on source_rows.economy_code_wdi = economies.economy_code_wdi
)

select
    indicator_code,
    economy_code_wdi,
    period_year,
    value,
    unit,
    source_status_code,
    source_updated_on,
    correction_id,
    snapshot_id
from economy_rows
