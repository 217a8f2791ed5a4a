with nace_isic as (
    select * from {{ ref('nace_isic') }}
),

naics_revision as (
    select * from {{ ref('naics_revision') }}
),

nuts_link as (
    select * from {{ ref('nuts_link') }}
),

naics_isic as (
    select * from {{ ref('naics_isic') }}
),

hs_isic as (
    select * from {{ ref('hs_isic') }}
),

cluster_industry as (
    select * from {{ ref('cluster_industry') }}
),

product_clusters as (
    select * from {{ ref('int_trade__product_clusters') }}
),

own_links as (
    select * from {{ ref('stg_concordance__links') }}
),

levels as (
    select unnest([2, 3, 4]) as digits
),

-- Class lies in class, group in group, division in division.
nace_pairs as (
    select distinct
        substr(nace_isic.nace2_code, 1, levels.digits) as nace2_code,
        substr(nace_isic.isic4_code, 1, levels.digits) as isic4_code
    from nace_isic
    cross join levels
),

naics_groups as (
    select distinct
        industry_scheme as naics_scheme,
        industry_code as naics_code
    from cluster_industry
    where industry_scheme in ('NAICS2017', 'NAICS2022')
),

products as (
    select distinct product_code_hs from product_clusters
),

-- The longest prefix that is listed decides.
naics_ranked as (
    select
        naics_groups.naics_scheme,
        naics_groups.naics_code,
        naics_isic.isic4_division,
        row_number() over (
            partition by naics_groups.naics_scheme, naics_groups.naics_code
            order by length(naics_isic.naics_prefix) desc
        ) as prefix_rank
    from naics_groups
    inner join naics_isic
        on substr(naics_groups.naics_code, 1, length(naics_isic.naics_prefix))
        = naics_isic.naics_prefix
),

hs_ranked as (
    select
        products.product_code_hs,
        hs_isic.isic4_division,
        row_number() over (
            partition by products.product_code_hs
            order by length(hs_isic.hs_prefix) desc
        ) as prefix_rank
    from products
    inner join hs_isic
        on substr(products.product_code_hs, 1, length(hs_isic.hs_prefix)) = hs_isic.hs_prefix
),

pairs as (
    select
        'NACE2' as from_scheme,
        nace2_code as from_code,
        'ISIC4' as to_scheme,
        isic4_code as to_code,
        false as is_main_part
    from nace_pairs
    union all
    select 'ISIC4', isic4_code, 'NACE2', nace2_code, false from nace_pairs
    union all
    select 'NAICS' || from_version, from_code, 'NAICS' || to_version, to_code, false
    from naics_revision
    union all
    select 'NAICS' || to_version, to_code, 'NAICS' || from_version, from_code, false
    from naics_revision
    union all
    select naics_scheme, naics_code, 'ISIC4', isic4_division, true
    from naics_ranked
    where prefix_rank = 1
    union all
    select 'HS', product_code_hs, 'ISIC4', isic4_division, true
    from hs_ranked
    where prefix_rank = 1
),

counted as (
    select
        *,
        count(*) over (partition by from_scheme, to_scheme, from_code) as targets_count
    from pairs
),

-- Regions that were split go to their parts by the people who live there.
nuts_pairs as (
    select
        'NUTS' || from_version as from_scheme,
        from_code,
        'NUTS' || to_version as to_scheme,
        to_code,
        population_2018
    from nuts_link
    union all
    select
        'NUTS' || to_version as from_scheme,
        to_code as from_code,
        'NUTS' || from_version as to_scheme,
        from_code as to_code,
        population_2018
    from nuts_link
),

nuts_shares as (
    select
        *,
        count(*) over (partition by from_scheme, to_scheme, from_code) as targets_count,
        sum(population_2018) over (partition by from_scheme, to_scheme, from_code) as people
    from nuts_pairs
),

weighted as (
    select
        from_scheme,
        from_code,
        to_scheme,
        to_code,
        cast(1 as double) / targets_count as weight,
        case
            when is_main_part then 'main_part'
            when targets_count = 1 then 'exact'
            else 'equal_parts'
        end as weight_basis
    from counted
    union all
    select
        from_scheme,
        from_code,
        to_scheme,
        to_code,
        cast(population_2018 as double) / nullif(people, 0) as weight,
        case when targets_count = 1 then 'exact' else 'population' end as weight_basis
    from nuts_shares
),

-- One's own table takes the place of the shipped one for the two classifications that it links; of
-- several for the same two, the first by name.
own_ranked as (
    select
        *,
        dense_rank() over (
            partition by from_scheme, to_scheme order by origin
        ) as file_rank
    from own_links
),

own_pairs as (
    select distinct from_scheme, to_scheme from own_ranked
),

shipped as (
    select
        weighted.from_scheme,
        weighted.from_code,
        weighted.to_scheme,
        weighted.to_code,
        weighted.weight,
        weighted.weight_basis,
        'clusterkpi' as origin,
        cast(null as varchar) as snapshot_id
    from weighted
    left join own_pairs
        on weighted.from_scheme = own_pairs.from_scheme
        and weighted.to_scheme = own_pairs.to_scheme
    where own_pairs.from_scheme is null
),

links as (
    select * from shipped
    union all
    select
        from_scheme,
        from_code,
        to_scheme,
        to_code,
        weight,
        'stated' as weight_basis,
        origin,
        snapshot_id
    from own_ranked
    where file_rank = 1
)

select
    from_scheme,
    from_code,
    to_scheme,
    to_code,
    weight,
    weight_basis,
    origin,
    snapshot_id
from links
