-- Regions × clusters of every national source, with their quotients, competition and growth. The
-- nation is held as published, where it can be. Bounds follow from what is hidden in the region.

with cells as (
    {% for source in ['abs', 'statsnz', 'estat', 'eurostat'] -%}
    select
        economy_geo_id,
        source_id,
        geo_type,
        geo_id,
        period_year,
        industry_scheme,
        industry_code,
        emp_count,
        emp_estimate,
        emp_lower_count,
        emp_upper_count,
        emp_status,
        estabs_count,
        estabs_lower_count,
        estabs_upper_count,
        estabs_status,
        snapshot_id
    from {{ ref('int_national__' ~ source ~ '_cells') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

industry_clusters as (
    select * from {{ ref('int_national__industry_clusters') }}
),

clusters as (
    select * from {{ ref('dim_cluster') }}
),

-- Industries that a nation has in a year: a region that lacks a row of one is not known to be empty.
expected as (
    select
        present.economy_geo_id,
        present.period_year,
        industry_clusters.cluster_id,
        count(*) as members_count
    from (
        select distinct
            economy_geo_id,
            period_year,
            industry_scheme,
            industry_code
        from cells
    ) as present
    inner join industry_clusters
        on present.industry_scheme = industry_clusters.industry_scheme
        and present.industry_code = industry_clusters.industry_code
    group by present.economy_geo_id, present.period_year, industry_clusters.cluster_id
),

sums as (
    select
        cells.economy_geo_id,
        cells.source_id,
        cells.geo_type,
        cells.geo_id,
        cells.period_year,
        industry_clusters.cluster_id,
        count(*) as rows_count,
        {% for name in ['emp', 'estabs'] -%}
        case
            when count(cells.{{ name }}_count) = max(expected.members_count) then sum(cells.{{ name }}_count)
        end as {{ name }}_count,
        sum(cells.{{ name }}_lower_count) as {{ name }}_lower_count,
        case
            when count(cells.{{ name }}_upper_count) = max(expected.members_count)
                then sum(cells.{{ name }}_upper_count)
        end as {{ name }}_upper_count,
        count(*) filter (cells.{{ name }}_status = 'C') as {{ name }}_withheld_count,
        case
            when bool_or(cells.{{ name }}_status = 'U') then 'U'
            when bool_or(cells.{{ name }}_status = 'B') then 'B'
            when bool_or(cells.{{ name }}_status in ('E', 'I')) then 'E'
            when bool_or(cells.{{ name }}_status = 'P') then 'P'
            when bool_or(cells.{{ name }}_status = 'N') then 'N'
            else 'A'
        end as {{ name }}_known_status,
        {% endfor -%}
        {{ order_free_sum('cells.emp_estimate', 6) }} as emp_estimate,
        max(expected.members_count) - count(*) as absent_count,
        max(cells.snapshot_id) as snapshot_id
    from cells
    inner join industry_clusters
        on cells.industry_scheme = industry_clusters.industry_scheme
        and cells.industry_code = industry_clusters.industry_code
    inner join expected
        on cells.economy_geo_id = expected.economy_geo_id
        and cells.period_year = expected.period_year
        and industry_clusters.cluster_id = expected.cluster_id
    group by
        cells.economy_geo_id,
        cells.source_id,
        cells.geo_type,
        cells.geo_id,
        cells.period_year,
        industry_clusters.cluster_id
),

-- A total that is not published stands with the middle of its interval, or with its least.
totals as (
    select
        *,
        coalesce(
            emp_count, emp_estimate, (emp_lower_count + emp_upper_count) / 2.0, emp_lower_count
        ) as emp_value,
        coalesce(
            estabs_count, (estabs_lower_count + estabs_upper_count) / 2.0, estabs_lower_count
        ) as estabs_value
    from cells
    where industry_code = ''
),

-- A nation with fewer than one of its regions alone is an error of the publisher: it is no reference.
largest as (
    select
        economy_geo_id,
        period_year,
        cluster_id,
        max(emp_lower_count) as emp_most,
        max(estabs_lower_count) as estabs_most
    from sums
    where geo_type <> 'economy'
    group by economy_geo_id, period_year, cluster_id
),

joined as (
    select
        sums.*,
        coalesce(clusters.scheme, '') as scheme,
        clusters.cluster_class,
        coalesce(cast(sums.emp_count as double), sums.emp_estimate) as emp_value,
        cast(totals.emp_value as double) as region_emp_value,
        totals.emp_lower_count as region_emp_lower,
        totals.emp_upper_count as region_emp_upper,
        cast(totals.estabs_value as double) as region_estabs_value,
        totals.estabs_lower_count as region_estabs_lower,
        totals.estabs_upper_count as region_estabs_upper,
        case
            when largest.emp_most <= coalesce(national.emp_count, largest.emp_most)
                then coalesce(cast(national.emp_count as double), national.emp_estimate)
        end as nation_cluster_emp,
        case
            when largest.estabs_most <= national.estabs_count then cast(national.estabs_count as double)
        end as nation_cluster_estabs,
        national.emp_count is null as is_nation_estimated,
        cast(nation_totals.emp_value as double) as nation_emp,
        cast(nation_totals.estabs_value as double) as nation_estabs
    from sums
    inner join clusters
        on sums.cluster_id = clusters.cluster_id
    inner join totals
        on sums.geo_id = totals.geo_id
        and sums.period_year = totals.period_year
    inner join sums as national
        on sums.economy_geo_id = national.geo_id
        and sums.period_year = national.period_year
        and sums.cluster_id = national.cluster_id
    inner join largest
        on sums.economy_geo_id = largest.economy_geo_id
        and sums.period_year = largest.period_year
        and sums.cluster_id = largest.cluster_id
    inner join totals as nation_totals
        on sums.economy_geo_id = nation_totals.geo_id
        and sums.period_year = nation_totals.period_year
    where sums.geo_type <> 'economy'
),

years as (
    select distinct economy_geo_id, period_year from sums
),

measured as (
    select
        joined.*,
        {% for name in ['emp', 'estabs'] -%}
        {% set value = 'emp_value' if name == 'emp' else 'estabs_count' -%}
        cast(joined.{{ value }} as double) * joined.nation_{{ name }}
        / nullif(joined.region_{{ name }}_value * joined.nation_cluster_{{ name }}, 0) as {{ name }}_quotient,
        -- The cluster is part of its region: it stands in the total with the end that it has itself. An
        -- open end of the total leaves nothing above 0 below, and none of the cluster leaves nothing above.
        case
            when joined.region_{{ name }}_upper is not null
                then joined.{{ name }}_lower_count * joined.nation_{{ name }}
                    / nullif(
                        greatest(joined.region_{{ name }}_upper, joined.{{ name }}_lower_count)
                        * joined.nation_cluster_{{ name }}, 0
                    )
            else 0
        end as {{ name }}_quotient_least,
        case
            when joined.{{ name }}_upper_count is not null
                then joined.{{ name }}_upper_count * joined.nation_{{ name }}
                    / nullif(
                        greatest(joined.region_{{ name }}_lower, joined.{{ name }}_upper_count)
                        * joined.nation_cluster_{{ name }}, 0
                    )
        end as {{ name }}_quotient_most,
        joined.{{ value }} is not null
        and joined.{{ name }}_lower_count is not distinct from joined.{{ name }}_upper_count
        and joined.region_{{ name }}_lower is not distinct from joined.region_{{ name }}_upper
            as is_{{ name }}_exact,
        {% endfor -%}
        coalesce(joined.estabs_upper_count < 3, false)
        or coalesce(joined.estabs_count < 3, false)
        or coalesce(joined.emp_value < 50, false)
        or coalesce(joined.emp_upper_count < 50, false) as is_small,
        years.period_year is not null as has_year_before,
        coalesce(before.estabs_count, before.estabs_lower_count) as estabs_before_lower,
        before.estabs_upper_count as estabs_before_upper,
        before.estabs_count as estabs_before_count,
        before.estabs_known_status as estabs_before_status
    from joined
    left join years
        on joined.economy_geo_id = years.economy_geo_id
        and joined.period_year = years.period_year + 1
    left join joined as before
        on joined.geo_id = before.geo_id
        and joined.cluster_id = before.cluster_id
        and joined.period_year = before.period_year + 1
)

select
    economy_geo_id,
    source_id,
    geo_type,
    geo_id,
    period_year,
    scheme,
    cluster_class,
    cluster_id,
    cast(rows_count as bigint) as rows_count,
    cast(absent_count as bigint) as absent_count,
    is_small,
    {% for name in ['emp', 'estabs'] -%}
    {{ name }}_withheld_count > 0 and {{ name }}_count is null as is_{{ name }}_withheld,
    case
        when {{ name }}_quotient is null and {{ name }}_withheld_count > 0 then 'C'
        when {{ name }}_quotient is null then 'M'
        when {{ name }}_quotient = 0 and is_{{ name }}_exact and {{ name }}_known_status in ('A', 'P') then 'Z'
        when is_small or {{ name }}_known_status = 'U' then 'U'
        when not is_{{ name }}_exact then 'E'
        else {{ name }}_known_status
    end as {{ name }}_status,
    cast({{ name }}_withheld_count as bigint) as {{ name }}_industries_withheld_count,
    {{ name }}_quotient as {{ name }}_quotient,
    -- rounding must not put a value outside its own bounds
    least(coalesce({{ name }}_quotient, {{ name }}_quotient_least), {{ name }}_quotient_least)
        as {{ name }}_quotient_lower,
    case
        when {{ name }}_quotient_most is not null
            then greatest(coalesce({{ name }}_quotient, 0), {{ name }}_quotient_most)
    end as {{ name }}_quotient_upper,
    is_{{ name }}_exact,
    cast({{ name }}_count as bigint) as {{ name }}_count,
    cast({{ name }}_lower_count as bigint) as {{ name }}_lower_count,
    cast({{ name }}_upper_count as bigint) as {{ name }}_upper_count,
    region_{{ name }}_value,
    region_{{ name }}_lower,
    region_{{ name }}_upper,
    nation_cluster_{{ name }},
    nation_{{ name }},
    {% endfor -%}
    emp_value,
    emp_value / nullif(nation_cluster_emp, 0) as nation_share,
    emp_lower_count / nullif(nation_cluster_emp, 0) as nation_share_lower,
    emp_upper_count / nullif(nation_cluster_emp, 0) as nation_share_upper,
    -- establishments a job, against the nation
    cast(estabs_count as double) * nation_cluster_emp
    / nullif(emp_value * nation_cluster_estabs, 0) as rivalry,
    coalesce(
        estabs_lower_count * nation_cluster_emp / nullif(emp_upper_count * nation_cluster_estabs, 0), 0
    ) as rivalry_lower,
    estabs_upper_count * nation_cluster_emp
    / nullif(emp_lower_count * nation_cluster_estabs, 0) as rivalry_upper,
    coalesce(has_year_before, false) as has_year_before,
    cast(estabs_before_count as bigint) as estabs_before_count,
    cast(estabs_before_upper as bigint) as estabs_before_upper_count,
    estabs_before_status,
    -- symmetric growth of establishments
    2.0 * (estabs_count - estabs_before_count) / nullif(estabs_count + estabs_before_count, 0) as estabs_growth,
    2.0 * (estabs_lower_count - estabs_before_upper)
    / nullif(estabs_lower_count + estabs_before_upper, 0) as estabs_growth_lower,
    2.0 * (estabs_upper_count - estabs_before_lower)
    / nullif(estabs_upper_count + estabs_before_lower, 0) as estabs_growth_upper,
    snapshot_id
from measured
