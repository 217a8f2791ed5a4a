{#- Rules of a table of indicator cells. -#}

{% test value_status_consistent(model) %}
with cells as (
    select cells.*, statuses.has_value
    from {{ model }} as cells
    left join {{ ref('obs_status') }} as statuses on cells.obs_status = statuses.obs_status
)

select
    case
        when has_value is null then 'status is not in the list'
        when has_value <> (value is not null) then 'value and status disagree'
        when value_lower > value_upper then 'bounds are crossed'
        when value < value_lower or value > value_upper then 'value is outside its bounds'
        when n_obs is null or n_obs < 0 then 'n_obs is not a count'
        when components is null then 'no components'
        when method_version is null then 'no method version'
        when (obs_status = 'L') <> (len(source_ids) = 0)
            then 'L and an empty list of sources go together'
    end as breach,
    *
from cells
where breach is not null
{% endtest %}

{#- Provenance leads somewhere: every snapshot of a cell is in the list of snapshots. -#}
{% test snapshots_exist(model) %}
with used as (
    select distinct unnest(source_ids) as snapshot_id
    from (select distinct source_ids from {{ model }})
)

select snapshot_id from used
where snapshot_id not in (select snapshot_id from {{ source('meta', 'source_snapshot') }})
{% endtest %}
