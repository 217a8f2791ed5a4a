with measures as (
    select * from {{ ref('int_regions__cluster_measures') }}
),

quotients as (
    select * from {{ ref('int_regions__location_quotients') }}
),

strengths as (
    select * from {{ ref('int_regions__cluster_strengths') }}
),

clusters as (
    select * from {{ ref('dim_cluster') }}
),

national as (
    select * from {{ ref('int_national__measures') }}
),

all_industries as (
    select * from quotients where basis = 'cbp_employment'
),

in_class as (
    select * from quotients where basis = 'cbp_employment_in_class'
),

of_establishments as (
    select * from quotients where basis = 'cbp_establishments'
)

select
    measures.geo_id,
    measures.geo_type,
    measures.cluster_id,
    clusters.scheme,
    clusters.scheme_version,
    clusters.cluster_class,
    cast(measures.period_year as varchar) as period,
    measures.obs_status,
    measures.is_small,
    measures.emp_count,
    measures.emp_lower_count,
    measures.emp_upper_count,
    measures.estabs_count,
    measures.estabs_upper_count,
    measures.withheld_count as industries_withheld_count,
    measures.absent_count as industries_maybe_hidden_count,
    measures.nation_share,
    measures.nation_share_lower,
    measures.nation_share_upper,
    cast(in_class.cluster_count as double) / nullif(in_class.region_count, 0) as class_share,
    in_class.quotient_lower * in_class.nation_cluster_count
    / nullif(in_class.nation_count, 0) as class_share_lower,
    in_class.quotient_upper * in_class.nation_cluster_count
    / nullif(in_class.nation_count, 0) as class_share_upper,
    all_industries.quotient as lq,
    all_industries.quotient_lower as lq_lower,
    all_industries.quotient_upper as lq_upper,
    in_class.quotient as lq_in_class,
    in_class.quotient_lower as lq_in_class_lower,
    in_class.quotient_upper as lq_in_class_upper,
    of_establishments.quotient as lq_estabs,
    of_establishments.quotient_lower as lq_estabs_lower,
    of_establishments.quotient_upper as lq_estabs_upper,
    strengths.slq,
    strengths.p_value,
    strengths.draws_count,
    strengths.qualifying as is_qualifying,
    strengths.significant as is_significant,
    strengths.strong as is_strong,
    strengths.strong10 as is_strong10,
    measures.rivalry,
    measures.rivalry_lower,
    measures.rivalry_upper,
    measures.estabs_growth,
    measures.estabs_growth_lower,
    measures.estabs_growth_upper,
    measures.sme_estabs_share,
    measures.sme_estabs_share_lower,
    measures.sme_estabs_share_upper,
    measures.snapshot_id
from measures
inner join all_industries
    on measures.period_year = all_industries.period_year
    and measures.geo_id = all_industries.geo_id
    and measures.cluster_id = all_industries.cluster_id
inner join in_class
    on measures.period_year = in_class.period_year
    and measures.geo_id = in_class.geo_id
    and measures.cluster_id = in_class.cluster_id
inner join of_establishments
    on measures.period_year = of_establishments.period_year
    and measures.geo_id = of_establishments.geo_id
    and measures.cluster_id = of_establishments.cluster_id
inner join strengths
    on measures.period_year = strengths.period_year
    and measures.geo_id = strengths.geo_id
    and measures.cluster_id = strengths.cluster_id
inner join clusters
    on measures.cluster_id = clusters.cluster_id
union all
-- Of other economies the class is all industries.
select
    national.geo_id,
    national.geo_type,
    national.cluster_id,
    clusters.scheme,
    clusters.scheme_version,
    clusters.cluster_class,
    cast(national.period_year as varchar) as period,
    case when national.nation_emp is null then national.estabs_status else national.emp_status end as obs_status,
    national.is_small,
    -- estimates of jobs (E) stand as whole numbers, as everybody's employment here
    cast(round(national.emp_value) as bigint) as emp_count,
    national.emp_lower_count,
    national.emp_upper_count,
    national.estabs_count,
    national.estabs_upper_count,
    national.emp_industries_withheld_count as industries_withheld_count,
    national.absent_count as industries_maybe_hidden_count,
    national.nation_share,
    national.nation_share_lower,
    national.nation_share_upper,
    national.emp_value / nullif(national.region_emp_value, 0) as class_share,
    national.emp_quotient_lower * national.nation_cluster_emp / nullif(national.nation_emp, 0) as class_share_lower,
    national.emp_quotient_upper * national.nation_cluster_emp / nullif(national.nation_emp, 0) as class_share_upper,
    national.emp_quotient as lq,
    case when not national.is_emp_exact then national.emp_quotient_lower end as lq_lower,
    case when not national.is_emp_exact then national.emp_quotient_upper end as lq_upper,
    coalesce(national.emp_quotient, case when national.nation_emp is null then national.estabs_quotient end)
        as lq_in_class,
    case when not national.is_emp_exact and national.nation_emp is not null then national.emp_quotient_lower end
        as lq_in_class_lower,
    case when not national.is_emp_exact and national.nation_emp is not null then national.emp_quotient_upper end
        as lq_in_class_upper,
    national.estabs_quotient as lq_estabs,
    case when not national.is_estabs_exact then national.estabs_quotient_lower end as lq_estabs_lower,
    case when not national.is_estabs_exact then national.estabs_quotient_upper end as lq_estabs_upper,
    strengths.slq,
    strengths.p_value,
    strengths.draws_count,
    strengths.qualifying as is_qualifying,
    strengths.significant as is_significant,
    strengths.strong as is_strong,
    strengths.strong10 as is_strong10,
    national.rivalry,
    -- without any employment the least of it, 0, says nothing
    case
        when national.nation_emp is not null and national.rivalry_lower is distinct from national.rivalry_upper
            then national.rivalry_lower
    end as rivalry_lower,
    case when national.rivalry_lower is distinct from national.rivalry_upper then national.rivalry_upper end
        as rivalry_upper,
    national.estabs_growth,
    national.estabs_growth_lower,
    national.estabs_growth_upper,
    cast(null as double) as sme_estabs_share,
    cast(null as double) as sme_estabs_share_lower,
    cast(null as double) as sme_estabs_share_upper,
    national.snapshot_id
from national
inner join strengths
    on national.period_year = strengths.period_year
    and national.geo_id = strengths.geo_id
    and national.cluster_id = strengths.cluster_id
inner join clusters
    on national.cluster_id = clusters.cluster_id
