{#- The cluster of each four-digit industry of a file in each year, as a query with the columns
    period_year, naics_code, scheme, scheme_version, industry_scheme, cluster_id.

    `industries`: a relation with period_year and naics_code, each pair once. -#}

{% macro naics_clusters(industries) -%}
    with taxonomy as (
        select * from {{ ref('int_clusters__industries') }} where industry_scheme like 'NAICS%'
    ),

    -- A code of a taxonomy stands for all finer codes. Cells have four digits: an industry whose finer
    -- codes lie in several clusters goes with the one that holds most of them.
    claims as (
        select
            industries.period_year,
            industries.naics_code,
            taxonomy.scheme,
            taxonomy.scheme_version,
            taxonomy.industry_scheme,
            taxonomy.cluster_id,
            sum(taxonomy.industry_share) as claims_sum
        from {{ industries }} as industries
        inner join taxonomy
            on taxonomy.industry_code = substr(industries.naics_code, 1, length(taxonomy.industry_code))
            or industries.naics_code = substr(taxonomy.industry_code, 1, 4)
        group by
            industries.period_year,
            industries.naics_code,
            taxonomy.scheme,
            taxonomy.scheme_version,
            taxonomy.industry_scheme,
            taxonomy.cluster_id
    ),

    ranked as (
        select
            *,
            row_number() over (
                partition by period_year, naics_code, scheme, scheme_version, industry_scheme
                order by claims_sum desc, cluster_id
            ) as claim_rank
        from claims
    ),

    matched as (
        select * from ranked where claim_rank = 1
    ),

    -- A file does not name its vintage of NAICS; the vintage that knows most of its codes is it.
    vintages as (
        select
            period_year,
            scheme,
            scheme_version,
            industry_scheme,
            row_number() over (
                partition by period_year, scheme, scheme_version
                order by count(*) desc, industry_scheme
            ) as vintage_rank
        from matched
        group by period_year, scheme, scheme_version, industry_scheme
    )

    select
        matched.period_year,
        matched.naics_code,
        matched.scheme,
        matched.scheme_version,
        matched.industry_scheme,
        matched.cluster_id
    from matched
    inner join vintages
        on matched.period_year = vintages.period_year
        and matched.scheme = vintages.scheme
        and matched.scheme_version = vintages.scheme_version
        and matched.industry_scheme = vintages.industry_scheme
    where vintages.vintage_rank = 1
{%- endmacro %}
