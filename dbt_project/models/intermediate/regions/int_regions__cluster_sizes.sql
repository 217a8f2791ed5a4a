-- Establishments of every region × cluster by size, as far as the classes are shown.

with size_cells as (
    select * from {{ ref('int_regions__cbp_size_cells') }}
),

memberships as (
    select * from {{ ref('int_regions__us_memberships') }}
),

atoms as (
    select
        period_year,
        geo_id,
        cluster_id,
        estabs_count,
        estabs_lt50_count,
        estabs_lt500_count,
        estabs_ge50_count,
        estabs_ge500_count
    from size_cells
    union all
    select
        period_year,
        state_geo_id as geo_id,
        cluster_id,
        sum(estabs_count) as estabs_count,
        sum(estabs_lt50_count) as estabs_lt50_count,
        sum(estabs_lt500_count) as estabs_lt500_count,
        sum(estabs_ge50_count) as estabs_ge50_count,
        sum(estabs_ge500_count) as estabs_ge500_count
    from size_cells
    group by period_year, state_geo_id, cluster_id
),

regions as (
    select * from atoms
    union all
    select
        atoms.period_year,
        memberships.geo_id,
        atoms.cluster_id,
        sum(atoms.estabs_count) as estabs_count,
        sum(atoms.estabs_lt50_count) as estabs_lt50_count,
        sum(atoms.estabs_lt500_count) as estabs_lt500_count,
        sum(atoms.estabs_ge50_count) as estabs_ge50_count,
        sum(atoms.estabs_ge500_count) as estabs_ge500_count
    from atoms
    inner join memberships
        on atoms.geo_id = memberships.member_geo_id
    group by atoms.period_year, memberships.geo_id, atoms.cluster_id
)

select
    period_year,
    geo_id,
    cluster_id,
    cast(estabs_count as bigint) as estabs_count,
    cast(estabs_lt50_count as bigint) as estabs_lt50_count,
    cast(estabs_lt500_count as bigint) as estabs_lt500_count,
    cast(estabs_ge50_count as bigint) as estabs_ge50_count,
    cast(estabs_ge500_count as bigint) as estabs_ge500_count
from regions
