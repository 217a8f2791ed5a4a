-- Which clusters an industry of a national source is part of: the group of its own classification
-- always, and clusters of a taxonomy where the source's detail holds all of their industries.

with groups as (
    select * from {{ ref('industry_group') }}
),

prefixes as (
    select * from {{ ref('cluster_industry_prefix') }}
),

taxonomies as (
    select * from {{ ref('int_clusters__industries') }} where industry_scheme = 'ISIC4'
),

japanese as (
    select distinct industry_code_jsic as industry_code
    from {{ ref('stg_estat__counts') }}
    where industry_level = 'group'
),

-- Divisions of NACE Rev. 2 are those of ISIC Rev. 4: a cluster made of whole divisions is one of both.
whole as (
    select taxonomies.cluster_id
    from taxonomies
    left join groups
        on groups.industry_scheme = 'NACE2'
        and taxonomies.industry_code = substr(groups.industry_code, 2)
    group by taxonomies.cluster_id
    having count(groups.industry_code) = count(*) and min(taxonomies.industry_share) = 1
),

-- The longest prefix decides.
placed as (
    select
        japanese.industry_code,
        arg_max(prefixes.cluster_id, length(prefixes.industry_prefix)) as cluster_id
    from japanese
    inner join prefixes
        on prefixes.industry_scheme = 'JSIC2013'
        and starts_with(japanese.industry_code, prefixes.industry_prefix)
    group by japanese.industry_code
)

select
    industry_scheme,
    industry_code,
    lower(industry_scheme) || ':' || industry_code as cluster_id
from groups
where industry_scheme in ('ANZSIC2006', 'NACE2')
union all
select
    'JSIC2013' as industry_scheme,
    industry_code,
    'jsic2013:' || left(industry_code, 2) as cluster_id
from japanese
union all
select
    'JSIC2013' as industry_scheme,
    industry_code,
    cluster_id
from placed
union all
select
    'NACE2' as industry_scheme,
    groups.industry_code,
    taxonomies.cluster_id
from taxonomies
inner join whole
    on taxonomies.cluster_id = whole.cluster_id
inner join groups
    on groups.industry_scheme = 'NACE2'
    and taxonomies.industry_code = substr(groups.industry_code, 2)
