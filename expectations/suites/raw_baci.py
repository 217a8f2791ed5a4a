"""BACI: one release, whole years, positive flows of a believable size, each under its own code.

Three slips that no single row shows are looked for by name: an economy's trade under another's
code, figures in the wrong unit (a thousandfold) in one year, one exporter or all of it, and codes
that the release itself does not list.
"""

from __future__ import annotations

from expectations.model import Suite, between

_YEARS = """
select
    period_year,
    count(*) as rows_count,
    count(distinct exporter_code) as exporters_count,
    count(distinct importer_code) as importers_count,
    count(distinct product_code) as products_count,
    count(distinct baci_version) as versions_count,
    count(distinct hs_revision) as revisions_count,
    count(*) filter (exporter_code = importer_code) as self_trade_count,
    count(*) filter (value_kusd is null or value_kusd <= 0) as not_positive_count,
    count(*) filter (quantity_tonnes is null) / count(*) as quantity_null_share,
    sum(value_kusd)::double / 1e6 as value_busd,
    max(value_kusd)::double / nullif(sum(value_kusd)::double, 0) as largest_flow_share,
    count(*) filter (exporter_code = '490') as chinese_taipei_count,
    count(*) filter (product_code < '1') as leading_zero_count,
    -- NULL in the first year, and after a year that is not there
    case when lag(period_year) over (order by period_year) = period_year - 1
        then sum(value_kusd)::double
            / nullif(lag(sum(value_kusd)) over (order by period_year)::double, 0)
    end as change_ratio
from raw.baci__flows group by 1 order by 1
"""

# One row for each code that a flow has on either side.
_CODES = """
with used as (
    select code, sum(rows_count) as rows_count
    from (
        select exporter_code as code, count(*) as rows_count from raw.baci__flows group by all
        union all
        select importer_code, count(*) from raw.baci__flows group by all
    )
    group by code
)
select u.code, case when e.economy_code is null then u.rows_count else 0 end as unlisted_count
from used as u
left join (select distinct economy_code from raw.baci__economies) as e on e.economy_code = u.code
order by 1
"""

# One row for each chapter: the first unlisted product stands for the others of its chapter.
_PRODUCTS = """
select
    left(u.product_code, 2) as chapter,
    count(*) filter (p.product_code is null) as unlisted_count,
    min(u.product_code) filter (p.product_code is null) as first_unlisted
from (select distinct product_code from raw.baci__flows) as u
left join (select distinct product_code from raw.baci__products) as p using (product_code)
group by 1 order by 1
"""

# One row for each member of APEC. Its code in BACI is fixed; two of the codes differ from the
# numbers of ISO 3166, under which a careless copy would put the same trade.
_MEMBERS = """
with used as (
    select code, sum(rows_count) as rows_count
    from (
        select exporter_code as code, count(*) as rows_count from raw.baci__flows group by all
        union all
        select importer_code, count(*) from raw.baci__flows group by all
    )
    group by code
),
listed as (
    select economy_code, max(economy_name) as economy_name,
        max(economy_code_iso3) filter (regexp_full_match(economy_code_iso3, '[A-Z]{3}')) as iso3
    from raw.baci__economies group by economy_code
),
alias as (
    select economy_code as code, iso3 as geo_id from listed where iso3 is not null
    union
    select * from (values ('840', 'USA'), ('158', 'TWN'))
)
select
    m.geo_id, m.economy_code_baci as code, l.economy_name as listed_as,
    (l.economy_code is not null)::integer as listed_count,
    (l.iso3 is not null and l.iso3 <> m.geo_id)::integer as other_iso3_count,
    coalesce(sum(u.rows_count), 0) as alias_rows_count,
    string_agg(u.code, ' ' order by u.code) as alias_codes
from reference.apec_economies as m
left join listed as l on l.economy_code = m.economy_code_baci
left join alias as a on a.geo_id = m.geo_id and a.code <> m.economy_code_baci
left join used as u on u.code = a.code
where exists (select 1 from listed)
group by all order by 1
"""

# One row for each exporter. A year in the wrong unit jumps by a thousand; a whole release in the
# wrong unit does not jump, but is a thousandth or a thousandfold of the exports in the World Bank's
# figures (goods and services, so that only the order of magnitude is compared).
_EXPORTERS = """
with years as (
    select exporter_code as code, period_year, count(*) as rows_count,
        sum(value_kusd)::double as value_kusd
    from raw.baci__flows group by all
),
changes as (
    select *,
        case when lag(period_year) over w = period_year - 1 then lag(value_kusd) over w end
            as before_kusd,
        count(*) over (partition by period_year, rows_count, value_kusd) - 1 as twins_count
    from years window w as (partition by code order by period_year)
),
world_bank as (
    select economy_code_wdi as iso3, period_year,
        max(value) filter (indicator_code = 'NE.EXP.GNFS.ZS') / 100
        * max(value) filter (indicator_code = 'NY.GDP.MKTP.CD') / 1000 as exports_kusd
    from raw.wdi__observations
    where indicator_code in ('NE.EXP.GNFS.ZS', 'NY.GDP.MKTP.CD')
    group by all
)
select
    c.code, max(e.economy_name) as economy,
    -- small territories do jump
    max(greatest(c.value_kusd / nullif(c.before_kusd, 0), c.before_kusd / nullif(c.value_kusd, 0)))
        filter (greatest(c.value_kusd, c.before_kusd) >= 1e6) as largest_jump,
    arg_max(c.period_year,
        greatest(c.value_kusd / nullif(c.before_kusd, 0), c.before_kusd / nullif(c.value_kusd, 0)))
        filter (greatest(c.value_kusd, c.before_kusd) >= 1e6) as jump_year,
    sum(c.twins_count) filter (c.rows_count >= 10) as twins_count,
    median(c.value_kusd / nullif(b.exports_kusd, 0)) as world_bank_ratio
from changes as c
left join (
    select economy_code, max(economy_name) as economy_name, max(economy_code_iso3) as iso3
    from raw.baci__economies group by 1
) as e on e.economy_code = c.code
left join world_bank as b on b.iso3 = e.iso3 and b.period_year = c.period_year
group by 1 order by 1
"""

SUITES = (
    Suite(
        name="raw.baci__flows",
        subject="raw.baci__flows",
        sql=_YEARS,
        key=("period_year",),
        checks=(
            between(
                "one_version", "One BACI release, never two", "versions_count", 1, 1, "critical"
            ),
            between("one_revision", "One HS revision", "revisions_count", 1, 1, "critical"),
            between(
                "positive",
                "Flows are positive: BACI leaves out zeros",
                "not_positive_count",
                0,
                0,
                "critical",
            ),
            between(
                "self_trade",
                "No economy trades with itself",
                "self_trade_count",
                0,
                0,
                "warning",
            ),
            between(
                "exporters",
                "A year has at least 21 exporters",
                "exporters_count",
                21,
                None,
                "warning",
            ),
            between(
                "importers",
                "A year has at least 21 importers",
                "importers_count",
                21,
                None,
                "warning",
            ),
            between(
                "chinese_taipei",
                "Chinese Taipei exports under code 490 in every year",
                "chinese_taipei_count",
                1,
                None,
                "warning",
            ),
            between(
                "total",
                "A year's trade has a believable size (billion USD)",
                "value_busd",
                1,
                200_000,
                "critical",
            ),
            between(
                "largest",
                "No single flow is a large part of a year's trade",
                "largest_flow_share",
                None,
                0.25,
                "warning",
            ),
            between(
                "leading_zero",
                "Products of chapters 01 to 09 are there, with their zero",
                "leading_zero_count",
                1,
                None,
                "critical",
            ),
            between(
                "year_on_year",
                "World trade did not change threefold in a year",
                "change_ratio",
                1 / 3,
                3,
                "critical",
            ),
            between(
                "quantity_nulls",
                "Most flows have a quantity",
                "quantity_null_share",
                None,
                0.5,
                "warning",
            ),
        ),
    ),
    Suite(
        name="raw.baci__codes",
        subject="raw.baci__flows",
        sql=_CODES,
        key=("code",),
        checks=(
            between(
                "known_economy",
                "Every code of a flow is in the release's list of economies",
                "unlisted_count",
                0,
                0,
                "critical",
            ),
        ),
    ),
    Suite(
        name="raw.baci__chapters",
        subject="raw.baci__flows",
        sql=_PRODUCTS,
        key=("chapter",),
        checks=(
            between(
                "known_product",
                "Every product of a flow is in the release's list of products",
                "unlisted_count",
                0,
                0,
                "critical",
                show=("first_unlisted",),
            ),
        ),
    ),
    Suite(
        name="raw.baci__members",
        subject="raw.baci__economies",
        sql=_MEMBERS,
        key=("geo_id",),
        checks=(
            between(
                "listed",
                "The release lists the code of each member of APEC",
                "listed_count",
                1,
                1,
                "critical",
                show=("code",),
            ),
            between(
                "own_code",
                "The code of a member of APEC does not carry another economy's ISO code",
                "other_iso3_count",
                0,
                0,
                "critical",
                show=("code", "listed_as"),
            ),
            between(
                "no_alias",
                "No trade of a member of APEC stands under another code",
                "alias_rows_count",
                0,
                0,
                "critical",
                show=("alias_codes",),
            ),
        ),
    ),
    Suite(
        name="raw.baci__exporters",
        subject="raw.baci__flows",
        sql=_EXPORTERS,
        key=("code",),
        checks=(
            between(
                "jump",
                "No exporter above a billion USD changed 300-fold in a year (a slip of units is a "
                "thousandfold)",
                "largest_jump",
                None,
                300,
                "critical",
                show=("economy", "jump_year"),
            ),
            between(
                "twins",
                "No two exporters have the same trade, to the dollar, in a year",
                "twins_count",
                0,
                0,
                "critical",
                show=("economy",),
            ),
            between(
                "unit",
                "Exports have the order of magnitude of those in the World Bank's figures",
                "world_bank_ratio",
                0.02,
                50,
                "critical",
                show=("economy",),
            ),
        ),
    ),
)
