-- Every code of every concordance gets an amount of its own, and one that no list has is added: what
-- comes out of a conversion is what went in.
{%- set schemes = [
    ('NACE2', 'ISIC4'), ('ISIC4', 'NACE2'), ('NAICS2012', 'NAICS2017'), ('NAICS2017', 'NAICS2012'),
    ('NAICS2017', 'NAICS2022'), ('NAICS2022', 'NAICS2017'), ('NAICS2017', 'ISIC4'),
    ('NAICS2022', 'ISIC4'), ('HS', 'ISIC4'), ('NUTS2013', 'NUTS2016'), ('NUTS2016', 'NUTS2013'),
    ('NUTS2016', 'NUTS2021'), ('NUTS2021', 'NUTS2016'), ('NUTS2021', 'NUTS2024'),
    ('NUTS2024', 'NUTS2021'),
] %}
with links as (
    select * from {{ ref('concordance') }}
),

codes as (
    select distinct from_scheme, to_scheme, from_code from links
),

listed as (
    select
        from_scheme,
        to_scheme,
        from_code,
        row_number() over (partition by from_scheme, to_scheme order by from_code) as amount
    from codes
),

-- the test would pass on an empty table
expected as (
    {% for source, target in schemes -%}
    select '{{ source }}' as from_scheme, '{{ target }}' as to_scheme
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

amounts as (
    select from_scheme, to_scheme, from_code, amount from listed
    union all
    select from_scheme, to_scheme, 'no such code', 1000 from expected
),

{% for source, target in schemes -%}
input_{{ loop.index }} as (
    select * from amounts where from_scheme = '{{ source }}' and to_scheme = '{{ target }}'
),

output_{{ loop.index }} as (
    {{ converted(
        'input_' ~ loop.index, 'from_code', ['amount'], ['from_scheme', 'to_scheme'], source, target
    ) }}
),

{% endfor -%}
outputs as (
    {% for _ in schemes -%}
    select * from output_{{ loop.index }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

totals_in as (
    select from_scheme, to_scheme, sum(amount) as total, count(*) as codes_count
    from amounts
    group by from_scheme, to_scheme
),

totals_out as (
    select
        from_scheme,
        to_scheme,
        sum(amount) as total,
        sum(case when to_code = 'unmapped' then amount else 0 end) as unmapped
    from outputs
    group by from_scheme, to_scheme
)

select
    expected.from_scheme,
    expected.to_scheme,
    totals_in.codes_count,
    totals_in.total as total_in,
    totals_out.total as total_out,
    totals_out.unmapped
from expected
left join totals_in
    on expected.from_scheme = totals_in.from_scheme and expected.to_scheme = totals_in.to_scheme
left join totals_out
    on expected.from_scheme = totals_out.from_scheme and expected.to_scheme = totals_out.to_scheme
where
    (abs(totals_out.total / nullif(totals_in.total, 0) - 1) <= 1e-12) is not true
    or (totals_out.unmapped = 1000) is not true
    -- products are there once a trade release has landed
    or (totals_in.codes_count > 1 or expected.from_scheme = 'HS') is not true
