with places as (
    select * from {{ ref('dim_geo') }}
),

wdi_cells as (
    select * from {{ ref('int_economies__wdi_completed') }} where indicator_code = 'SP.POP.TOTL'
),

similar_economies as (
    select * from {{ ref('mart_similar_economy') }} where similarity_rank <= 8
),

members as (
    select * from places where is_apec
),

newest_population as (
    select
        geo_id,
        value as population_count,
        row_number() over (partition by geo_id order by period_year desc) as recency
    from wdi_cells
    where value is not null
),

-- Thirds of the members by population; a member without a figure has no third.
sizes as (
    select
        newest_population.geo_id,
        ntile(3) over (order by newest_population.population_count) as third
    from newest_population
    inner join members
        on newest_population.geo_id = members.geo_id
    where newest_population.recency = 1
),

apec_peers as (
    select
        'apec' as peer_group,
        mine.geo_id,
        theirs.geo_id as peer_geo_id
    from members as mine
    cross join members as theirs
),

income_peers as (
    select
        'income' as peer_group,
        mine.geo_id,
        theirs.geo_id as peer_geo_id
    from members as mine
    inner join members as theirs
        on mine.income_level_code = theirs.income_level_code
),

size_peers as (
    select
        'size' as peer_group,
        mine.geo_id,
        theirs.geo_id as peer_geo_id
    from sizes as mine
    inner join sizes as theirs
        on mine.third = theirs.third
),

-- The economy itself is one of its peers: it stands in the distribution that it is compared with.
structure_peers as (
    select
        'structure' as peer_group,
        geo_id,
        similar_geo_id as peer_geo_id
    from similar_economies
    union all
    select distinct
        'structure' as peer_group,
        geo_id,
        geo_id as peer_geo_id
    from similar_economies
)

select peer_group, geo_id, peer_geo_id from apec_peers
union all
select peer_group, geo_id, peer_geo_id from income_peers
union all
select peer_group, geo_id, peer_geo_id from size_peers
union all
select peer_group, geo_id, peer_geo_id from structure_peers
