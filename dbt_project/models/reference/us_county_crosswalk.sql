with changes as (
    select * from {{ ref('us_county_change') }}
),

-- A county that was only renamed has one successor and needs no count of people.
counted as (
    select
        *,
        count(*) over (partition by from_county_code_fips5) as targets_count,
        sum(population_2020) over (partition by from_county_code_fips5) as people_before,
        count(*) over (partition by to_county_code_fips5) as origins_count,
        sum(population_2020) over (partition by to_county_code_fips5) as people_after
    from changes
)

select
    changed_in_year,
    from_county_code_fips5,
    to_county_code_fips5,
    case
        when targets_count = 1 then 1
        else cast(population_2020 as double) / nullif(people_before, 0)
    end as weight,
    case
        when origins_count = 1 then 1
        else cast(population_2020 as double) / nullif(people_after, 0)
    end as share_of_successor,
    population_2020,
    why
from counted
