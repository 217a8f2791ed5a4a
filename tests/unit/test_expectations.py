"""The quality gates: good data pass, and for every expectation there is data that fails it."""

from __future__ import annotations

import csv
import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

import expectations
from expectations import runner
from expectations.model import (
    NO_COMPARABLE_RELEASE,
    Check,
    CheckBroke,
    CheckResult,
    Suite,
    between,
)
from expectations.suites import SUITES
from pipelines.settings import PROJECT_ROOT

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RANGES = Path(expectations.__file__).with_name("plausible_ranges.csv")
INDICATORS = RANGES.read_text().count("\nmarts.fct_indicator_value,")  # each has a range
RAW = (
    "baci__flows",
    "bds__states",
    "cbp__counties",
    "wdi__economies",
    "wdi__observations",
)
# Table, its group and its figure.
NATIONAL = (
    ("statcan__businesses", "measure", "businesses_count"),
    ("abs__businesses", "period_year", "businesses_count"),
    ("statsnz__region_industries", "period_year", "value_count"),
    ("statsnz__region_sizes", "period_year", "value_count"),
    ("estat__counts", "measure", "value_count"),
    ("estat__amounts", "measure", "value_amount"),
    ("estat__io_cells", "period_year", "value_mjpy"),
    ("kosis__businesses", "period_year", "businesses_count"),
    ("comtrade__flows", "period_year", "value_usd"),
    ("itu__observations", "code", "value"),
)
SCHEMA = """
create schema raw; create schema marts; create schema meta; create schema reference;
create table reference.apec_economies as select * from seed;
create table apec as select unnest(string_split(
    'AUS BRN CAN CHL CHN HKG IDN JPN KOR MYS MEX NZL PNG PER PHL RUS SGP TWN THA USA VNM', ' '
)) as geo_id;

create table raw.wdi__observations as
select r.series as indicator_code, 'Name of ' || r.series as indicator_name,
    a.geo_id as economy_code_wdi, y.y::integer as period_year,
    case when y.y = 2019 then null
        else r.minimum + (r.maximum - r.minimum) * (0.2 + (y.y % 7) / 20) end as value,
    date '2026-01-01' as source_updated_on, 'wdi/' || r.series || '@1' as _snapshot_id
from ranges as r, apec as a, range(2019, 2022) as y(y)
where r.subject = 'raw.wdi__observations' and a.geo_id <> 'TWN';
update raw.wdi__observations set value = 1e9
where indicator_code = 'NY.GDP.MKTP.CD' and economy_code_wdi = 'MEX' and value is not null;

create table raw.wdi__economies as
select geo_id as economy_code_wdi, case geo_id when 'TWN' then 'NA' else 'EAS' end as region_code,
    'wdi/economies@1' as _snapshot_id
from apec;

create table raw.baci__flows as
select y.y as period_year, e.i::varchar as exporter_code, m.i::varchar as importer_code,
    '010121' as product_code, (100000 + e.i - 480)::decimal(18, 3) as value_kusd,
    1.5 as quantity_tonnes, 'HS17' as hs_revision, '202601' as baci_version,
    'baci/HS17_V202601@1' as _snapshot_id
from range(2020, 2022) as y(y), range(469, 491) as e(i), range(469, 491) as m(i)
where e.i <> m.i;
create table raw.baci__economies as
select code as economy_code, 'Name of ' || code as economy_name,
    case when code = '490' then 'N/A' else coalesce(a.geo_id, 'N/A') end as economy_code_iso3,
    'baci/codes@1' as _snapshot_id
from (
    select i::varchar as code from range(469, 491) as t(i)
    union select economy_code_baci from reference.apec_economies
) left join reference.apec_economies as a on a.economy_code_baci = code;
create table raw.baci__products as
select '010121' as product_code, 'baci/codes@1' as _snapshot_id;

create table raw.bds__states as
select 2020::bigint as period_year, lpad(s.s::varchar, 2, '0') as state_code_fips,
    900::bigint as firms_count, 1000::bigint as estabs_count, 17000::bigint as emp_count,
    100::bigint as estabs_entry_count, 10.0::double as estabs_entry_rate_pct,
    9.0::double as estabs_exit_rate_pct, 'bds/states@1' as _snapshot_id
from range(1, 52) as s(s);

create table raw.cbp__counties as
select 2020::bigint as period_year, lpad(s.s::varchar, 2, '0') as state_code_fips,
    '001' as county_code_fips, c.c as naics_code,
    case when s.s = 1 then 'D' end as emp_noise_flag,
    case when s.s = 1 then 0 else 50 end::bigint as emp_count,
    case when s.s = 1 then 0 else 2500 end::bigint as payroll_kusd,
    4::bigint as estabs_count, 'cbp/2020@1' as _snapshot_id
from range(1, 51) as s(s), (values ('------'), ('1133//'), ('113310')) as c(c);

create table raw.eurostat__observations as
select 'edat_lfse_04' as dataset_code, case when v.v > 0 then v.v end as value,
    'eurostat/edat_lfse_04@1' as _snapshot_id from range(0, 5) as v(v);
create table raw.oecd__observations as
select 'msti' as dataset_code, value, 'oecd/msti@1' as _snapshot_id
from raw.eurostat__observations;
create table raw.uis__observations as
select 'CR.5T8' as indicator_code, value, 'uis/education@1' as _snapshot_id
from raw.eurostat__observations;
create table raw.bfs__monthly as
select 'BA_BA' as series_code, value, 'bfs/monthly@1' as _snapshot_id
from raw.eurostat__observations;
create table raw.qcew__areas as
select 2024::bigint as period_year, value::bigint as emp_count, 'qcew/2024@1' as _snapshot_id
from raw.eurostat__observations;
create table raw.bds__state_sectors as
select 2024::bigint as period_year, value as estabs_entry_count,
    'bds/state_sectors@1' as _snapshot_id
from raw.eurostat__observations;
create table raw.bds__metros as
select 2024::bigint as period_year, value as estabs_entry_count, 'bds/metros@1' as _snapshot_id
from raw.eurostat__observations;
create table raw.bds__counties as
select 2024::bigint as period_year, value as estabs_entry_count, 'bds/counties@1' as _snapshot_id
from raw.eurostat__observations;
create table raw.bds__firm_ages as
select 2024::bigint as period_year, value as estabs_entry_count, 'bds/firm_ages@1' as _snapshot_id
from raw.eurostat__observations;
create table raw.cbp__states as
select 2024::bigint as period_year, value as emp_count, 'cbp/states@1' as _snapshot_id
from raw.eurostat__observations where value is not null;
create table raw.cbp__metros as
select 2024::bigint as period_year, value as emp_count, 'cbp/metros@1' as _snapshot_id
from raw.eurostat__observations where value is not null;
create table raw.susb__states as
select 2024::bigint as period_year, value as emp_count, 'susb/states@1' as _snapshot_id
from raw.eurostat__observations where value is not null;
create table raw.acs__estimates as
select 'B15003' as table_code, value as estimate_count, 'acs/estimates@1' as _snapshot_id
from raw.eurostat__observations where value is not null;
create table raw.bea__cells as
select 'use' as table_name, value as value_musd, 'bea/cells@1' as _snapshot_id
from raw.eurostat__observations;
{NATIONAL}

create table meta.source_snapshot as
select _snapshot_id as snapshot_id, count(*) as rows_landed, count(*) as rows_promoted,
    0::bigint as rows_quarantined, timestamptz '2026-01-01 00:00:00+00' as retrieved_at,
    timestamptz '2026-01-02 00:00:00+00' as last_checked_at
from (
    select _snapshot_id from raw.wdi__observations
    union all select _snapshot_id from raw.wdi__economies
    union all select _snapshot_id from raw.baci__flows
    union all select _snapshot_id from raw.baci__economies
    union all select _snapshot_id from raw.baci__products
    union all select _snapshot_id from raw.bds__states
    union all select _snapshot_id from raw.cbp__counties
    union all select _snapshot_id from raw.eurostat__observations
    union all select _snapshot_id from raw.oecd__observations
    union all select _snapshot_id from raw.uis__observations
    union all select _snapshot_id from raw.bfs__monthly
    union all select _snapshot_id from raw.qcew__areas
    union all select _snapshot_id from raw.bds__state_sectors
    union all select _snapshot_id from raw.bds__metros
    union all select _snapshot_id from raw.bds__counties
    union all select _snapshot_id from raw.bds__firm_ages
    union all select _snapshot_id from raw.cbp__states
    union all select _snapshot_id from raw.cbp__metros
    union all select _snapshot_id from raw.susb__states
    union all select _snapshot_id from raw.acs__estimates
    union all select _snapshot_id from raw.bea__cells
    {NATIONAL_SNAPSHOTS}
) group by 1;
create table meta.release as select 'r1' as release_id, 'synthetic' as realm;

create table marts.dim_geo as
select geo_id, 'economy' as geo_type, true as is_apec from apec
union all select 'USA-FIPS-06', 'state', false;
create table marts.dim_basis as
select split_part(series, '/', 1) as indicator_id, split_part(series, '/', 2) as basis,
    'unit of ' || series as unit
from ranges where subject = 'marts.fct_indicator_value';
create table marts.dim_indicator as
select distinct indicator_id, '1' as method_version, 'unit' as unit from marts.dim_basis;
create table marts.fct_indicator_value as
select b.indicator_id, b.basis, g.geo_id, 'all' as cluster_id, p.p::varchar as period,
    case when g.geo_id <> 'TWN' then
        r.minimum + (r.maximum - r.minimum) * (0.6 + (hash(g.geo_id) % 10) / 50) end as value,
    '1' as method_version
from marts.dim_basis as b
join ranges as r on r.series = b.indicator_id || '/' || b.basis
cross join marts.dim_geo as g
cross join range(2018, 2022) as p(p)
where (g.geo_type = 'state') = (b.basis like 'bds%' or b.basis like 'cbp%');
drop table ranges; drop table apec;
"""
SCHEMA = SCHEMA.replace(
    "{NATIONAL}",
    "".join(
        f"create table raw.{table} as select '1' as {group}, value as {value}, "
        f"'{table}@1' as _snapshot_id from raw.eurostat__observations where value is not null;\n"
        for table, group, value in NATIONAL
    ),
).replace(
    "{NATIONAL_SNAPSHOTS}",
    " ".join(f"union all select _snapshot_id from raw.{table}" for table, *_ in NATIONAL),
)
ECONOMIES = "update raw.baci__economies set "
WDI, BACI, BDS, CBP = (f"update raw.{name} set " for name in (RAW[4], RAW[0], RAW[1], RAW[2]))
SNAP = "update meta.source_snapshot set "
FACT = "update marts.fct_indicator_value set "
ONE_SERIES = " where indicator_code = 'SP.POP.TOTL'"
BROADBAND = " where indicator_id = 'broadband_adoption'"
ONE_CELL = BROADBAND + " and geo_id = 'PER' and period = '2020'"
FEEDS = {
    "eurostat__observations": "value",
    "oecd__observations": "value",
    "uis__observations": "value",
    "bfs__monthly": "value",
    "qcew__areas": "emp_count",
    "bds__state_sectors": "estabs_entry_count",
    "bds__metros": "estabs_entry_count",
    "bds__counties": "estabs_entry_count",
    "bds__firm_ages": "estabs_entry_count",
    "cbp__states": "emp_count",
    "cbp__metros": "emp_count",
    "susb__states": "emp_count",
    "acs__estimates": "estimate_count",
    "bea__cells": "value_musd",
    **{table: value for table, _, value in NATIONAL},
}
# check id → change that makes it fail; a change that starts with "before:" is of the last release.
BREAKS = {
    "raw_tables.has_rows": "drop schema raw cascade; create schema raw",
    "raw_tables.rows": "delete from raw.bds__states",
    "meta.source_snapshot.has_rows": (
        "delete from meta.source_snapshot; drop schema raw cascade; create schema raw"
    ),
    "meta.source_snapshot.declared": (
        "delete from meta.source_snapshot where snapshot_id like 'cbp%'"
    ),
    "meta.source_snapshot.promoted": "delete from raw.cbp__counties where state_code_fips = '07'",
    "meta.source_snapshot.accounted": SNAP + "rows_landed = rows_landed + 1",
    "meta.source_snapshot.quarantined": SNAP + "rows_landed = 100, rows_quarantined = 3",
    "meta.source_snapshot.quarantined_most": SNAP + "rows_landed = 100, rows_quarantined = 21",
    "meta.source_snapshot.clocks": SNAP + "last_checked_at = retrieved_at - interval 1 second",
    "raw.wdi__observations.rows": "delete from raw.wdi__observations" + ONE_SERIES,
    "raw.wdi__observations.range_declared": WDI + "indicator_code = 'NEW.CODE'" + ONE_SERIES,
    "raw.wdi__observations.minimum": WDI + "value = 0" + ONE_SERIES + " and period_year = 2020",
    "raw.wdi__observations.maximum": (
        WDI + "value = 100.1 where indicator_code = 'IT.NET.BBND.P2' and period_year = 2020"
    ),
    "raw.wdi__observations.nulls": WDI + "value = null" + ONE_SERIES,
    "raw.wdi__observations.economies": (
        WDI + "value = null" + ONE_SERIES + " and economy_code_wdi < 'PER'"
    ),
    "raw.wdi__observations.one_name": (
        WDI + "indicator_name = 'thousands'" + ONE_SERIES + " and period_year = 2020"
    ),
    "raw.wdi__observations.one_update": (
        WDI + "source_updated_on = '2026-02-01'" + ONE_SERIES + " and period_year = 2020"
    ),
    "raw.wdi__economies.has_rows": "delete from raw.wdi__economies",
    "raw.wdi__economies.aggregates": "update raw.wdi__economies set region_code = 'EAS'",
    "raw.wdi__economies.real": "delete from raw.wdi__economies where economy_code_wdi = 'PER'",
    "raw.baci__flows.has_rows": "delete from raw.baci__flows",
    "raw.baci__flows.one_version": BACI + "baci_version = '202501' where exporter_code = '470'",
    "raw.baci__flows.one_revision": BACI + "hs_revision = 'HS92' where exporter_code = '470'",
    "raw.baci__flows.positive": BACI + "value_kusd = 0 where exporter_code = '470'",
    "raw.baci__flows.self_trade": BACI + "importer_code = '470' where exporter_code = '470'",
    "raw.baci__flows.exporters": "delete from raw.baci__flows where exporter_code < '471'",
    "raw.baci__flows.importers": "delete from raw.baci__flows where importer_code < '471'",
    "raw.baci__flows.chinese_taipei": "delete from raw.baci__flows where exporter_code = '490'",
    "raw.baci__flows.total": BACI + "value_kusd = value_kusd * 10000",
    "raw.baci__flows.largest": (
        BACI + "value_kusd = 90000000 where exporter_code = '470' and importer_code = '471'"
    ),
    "raw.baci__flows.leading_zero": BACI + "product_code = '870323'; "
    "insert into raw.baci__products values ('870323', 'baci/codes@1'); "
    "delete from raw.baci__products where product_code = '010121'",
    "raw.baci__flows.year_on_year": BACI + "value_kusd = value_kusd * 4 where period_year = 2021",
    "raw.baci__codes.has_rows": "delete from raw.baci__flows",
    "raw.baci__codes.known_economy": BACI + "importer_code = '999' where importer_code = '470'",
    "raw.baci__chapters.has_rows": "delete from raw.baci__flows",
    "raw.baci__chapters.known_product": BACI
    + "product_code = '870323' where exporter_code = '470'",
    "raw.baci__members.has_rows": "delete from raw.baci__economies",
    "raw.baci__members.listed": ECONOMIES + "economy_code = '840' where economy_code = '842'",
    "raw.baci__members.own_code": ECONOMIES
    + "economy_code_iso3 = 'HKG' where economy_code = '156'",
    "raw.baci__members.no_alias": BACI + "exporter_code = '158' where exporter_code = '490'",
    "raw.baci__exporters.has_rows": "delete from raw.baci__flows",
    "raw.baci__exporters.jump": (
        BACI + "value_kusd = value_kusd / 1000 where period_year = 2020 and exporter_code = '470'"
    ),
    "raw.baci__exporters.twins": BACI + "value_kusd = 100001 where exporter_code in ('469', '470')",
    "raw.baci__exporters.unit": BACI + "value_kusd = value_kusd * 1000",
    "raw.baci__flows.quantity_nulls": BACI + "quantity_tonnes = null where exporter_code > '471'",
    "raw.bds__states.has_rows": "delete from raw.bds__states",
    "raw.bds__states.states": "delete from raw.bds__states where state_code_fips = '07'",
    "raw.bds__states.entry_within_stock": (
        BDS + "estabs_entry_count = 1001 where state_code_fips = '07'"
    ),
    "raw.bds__states.firms_within_estabs": BDS + "firms_count = 1001 where state_code_fips = '07'",
    "raw.bds__states.entry_rate_low": (
        BDS + "estabs_entry_rate_pct = -0.1 where state_code_fips = '07'"
    ),
    "raw.bds__states.entry_rate": BDS + "estabs_entry_rate_pct = 61 where state_code_fips = '07'",
    "raw.bds__states.exit_rate": BDS + "estabs_exit_rate_pct = 61 where state_code_fips = '07'",
    "raw.bds__states.nulls": BDS + "estabs_count = null where state_code_fips < '20'",
    "raw.bds__states.size": BDS + "emp_count = 17",
    "raw.cbp__counties.has_rows": "delete from raw.cbp__counties",
    "raw.cbp__counties.states": "delete from raw.cbp__counties where state_code_fips = '07'",
    "raw.cbp__counties.counties": "delete from raw.cbp__counties where state_code_fips = '07'",
    "raw.cbp__counties.four_digit": "delete from raw.cbp__counties where naics_code = '1133//'",
    "raw.cbp__counties.withheld": CBP + "emp_count = 7 where emp_noise_flag = 'D'",
    "raw.cbp__counties.withheld_share": CBP + "emp_noise_flag = 'D', emp_count = 0",
    "raw.cbp__counties.nulls": CBP + "emp_count = null where state_code_fips < '20'",
    "raw.cbp__counties.small_cells": CBP + "estabs_count = 2 where state_code_fips = '07'",
    "raw.cbp__counties.payroll": CBP + "payroll_kusd = payroll_kusd * 1000",
    "raw.cbp__counties.size": CBP + "estabs_count = 40",
    **{
        f"raw.{table}.nulls": f"update raw.{table} set {value} = null"
        for table, value in FEEDS.items()
    },
    **{
        f"raw.{table}.finite": f"alter table raw.{table} alter {value} type double; "
        f"update raw.{table} set {value} = 'nan'"
        for table, value in FEEDS.items()
    },
    "marts.dim_geo.apec": "delete from marts.dim_geo where geo_id = 'TWN'",
    "release.total.cells": "delete from marts.fct_indicator_value",
    "release.coverage.has_rows": "delete from marts.dim_indicator",
    "release.coverage.cells": "delete from marts.fct_indicator_value" + BROADBAND,
    "release.coverage.economies": "delete from marts.fct_indicator_value" + ONE_CELL,
    "release.coverage.range_declared": "insert into marts.dim_indicator values ('new', '1', 'u')",
    "release.coverage.minimum": FACT + "value = -0.1" + ONE_CELL,
    "release.coverage.maximum": FACT + "value = 100.1" + ONE_CELL,
    "release.coverage.nulls": FACT + "value = null" + BROADBAND + " and geo_id > 'AUS'",
    "release.comparison.has_rows": (
        "delete from marts.fct_indicator_value; before:delete from marts.fct_indicator_value"
    ),
    "release.comparison.cells": (
        "delete from marts.fct_indicator_value" + BROADBAND + " and geo_id > 'PNG'"
    ),
    "release.comparison.values": FACT + "value = null" + BROADBAND + " and geo_id > 'PNG'",
    "release.comparison.economies": FACT
    + "value = null"
    + BROADBAND
    + " and basis = 'wdi_per_100' and geo_id = 'PER'",
    "release.comparison.newest": FACT + "value = null" + BROADBAND + " and period = '2021'",
    "release.comparison.unit": "update marts.dim_basis set unit = 'thousands'" + BROADBAND,
    "release.comparison.median_move": FACT + "value = value * 1.2" + BROADBAND,
    "release.comparison.median_jump": FACT + "value = value / 2.1" + BROADBAND,
    "release.comparison.moved": FACT + "value = value / 2.1" + ONE_CELL,
    "release.comparison.moved_many": (
        FACT + "value = -value where indicator_id = 'rsca_export' and geo_id < 'IDN'"
    ),
    "release.comparison.withdrawn": (
        "delete from marts.dim_indicator" + BROADBAND + "; delete from marts.dim_basis" + BROADBAND
    ),
    "release.comparison.method": "update marts.dim_indicator set method_version = '2'" + BROADBAND,
}
RELEASE = [suite for suite in SUITES if suite.name.startswith("release.")]
OF_RAW = [suite for suite in SUITES if suite.name.startswith(("raw", "meta"))]
CHECKS = {suite.check_id(check): (suite, check) for suite in SUITES for check in suite.all_checks()}


def build() -> duckdb.DuckDBPyConnection:
    """A small candidate that every check passes."""
    con = duckdb.connect()
    con.execute("create table ranges (subject text, series text, minimum double, maximum double)")
    with RANGES.open(newline="") as lines:
        rows = [
            [row["subject"], row["series"], float(row["minimum"]), float(row["maximum"])]
            for row in csv.DictReader(lines)
        ]
    con.executemany("insert into ranges values (?, ?, ?, ?)", rows)
    members = PROJECT_ROOT / "dbt_project" / "seeds" / "reference" / "apec_economies.csv"
    con.execute(f"create table seed as select * from read_csv('{members}', all_varchar = true)")
    for statement in SCHEMA.split(";"):
        if statement.strip():
            con.execute(statement)
    return con


@pytest.fixture(scope="module")
def releases() -> tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]:
    return build(), build()


@pytest.fixture
def pair(
    releases: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
) -> Iterator[tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]]:
    """Candidate and last release; what a test changes in them is undone."""
    for con in releases:
        con.begin()
    yield releases
    for con in releases:
        con.rollback()


def change(pair: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection], sql: str) -> None:
    for statement in sql.split(";"):
        text = statement.strip()
        con = pair[1] if text.startswith("before:") else pair[0]
        con.execute(text.removeprefix("before:"))


def failed(results: list[CheckResult]) -> dict[str, CheckResult]:
    return {result.check_id: result for result in results if not result.passed}


# ---------------------------------------------------------------- every expectation


def test_good_data_pass_every_check(pair) -> None:
    results = runner.run(SUITES, *pair, checked_at=NOW)
    assert failed(results) == {}
    assert [result.check_id for result in results] == list(CHECKS)
    assert {result.owner for result in results} == {"gx"}
    assert {result.checked_at for result in results} == {NOW}


def test_every_expectation_has_data_that_fails_it() -> None:
    assert {f"gx.{name}" for name in BREAKS} == set(CHECKS)
    assert len(CHECKS) == sum(len(suite.all_checks()) for suite in SUITES), "ids are unique"


@pytest.mark.parametrize("name", BREAKS)
def test_bad_data_fail(pair, name: str) -> None:
    suite, check = CHECKS[f"gx.{name}"]
    change(pair, BREAKS[name])
    alone = suite if check == suite.has_rows else dataclasses.replace(suite, checks=(check,))
    found = failed(runner.run([alone], *pair, checked_at=NOW))
    assert f"gx.{name}" in found, f"nothing failed but {sorted(found)}"
    result = found[f"gx.{name}"]
    assert (result.subject, result.severity) == (suite.subject, check.severity)
    if check.columns:
        assert result.rows_failed >= 1
        assert check.columns[0] in result.observed


def test_failure_names_the_year_and_its_figure(pair) -> None:
    change(pair, BREAKS["raw.baci__flows.total"])
    found = failed(runner.run(OF_RAW, *pair, checked_at=NOW))
    observed = found["gx.raw.baci__flows.total"].observed
    assert observed.startswith("2 of 2: 2020: value_busd 461,998"), observed


def test_failure_names_the_row_and_its_figures(pair) -> None:
    change(pair, BREAKS["release.comparison.economies"])
    found = failed(runner.run(RELEASE, *pair, checked_at=NOW))
    assert list(found) == ["gx.release.comparison.economies"]
    observed = found["gx.release.comparison.economies"].observed
    cells = observed.partition(": ")[2]
    assert observed.startswith(f"1 of {INDICATORS}: ")
    assert cells == "broadband_adoption/wdi_per_100: economies_lost_count 1, economies_lost PER"


# ---------------------------------------------------------------- nothing there, nothing to compare


@pytest.mark.parametrize("table", RAW)
def test_a_source_that_never_arrived_is_a_warning(pair, table: str) -> None:
    change(
        pair,
        f"delete from meta.source_snapshot where snapshot_id in "
        f"(select _snapshot_id from raw.{table}); delete from raw.{table}",
    )
    found = failed(runner.run(OF_RAW, *pair, checked_at=NOW))
    assert {result.severity for result in found.values()} == {"warning"}
    assert f"raw.{table}: rows_count 0" in found["gx.raw_tables.rows"].observed


def test_indicators_without_a_source_do_not_stop_a_first_release(pair) -> None:
    change(pair, "delete from marts.fct_indicator_value where indicator_id <> 'rsca_export'")
    found = failed(runner.run(RELEASE, pair[0], checked_at=NOW))
    assert list(found) == ["gx.release.coverage.cells"]
    assert found["gx.release.coverage.cells"].severity == "warning"


@pytest.mark.parametrize("baseline", ["none", "other realm"])
def test_comparison_is_skipped_aloud(pair, baseline: str) -> None:
    change(pair, "before:update meta.release set realm = 'official'")
    change(pair, FACT + "value = value / 2.1" + BROADBAND)
    before = None if baseline == "none" else pair[1]
    results = runner.run(RELEASE, pair[0], before, checked_at=NOW)
    skipped = [r for r in results if r.check_id.startswith("gx.release.comparison.")]
    assert len(skipped) == 12
    assert all(r.passed and r.observed == NO_COMPARABLE_RELEASE for r in skipped)
    assert not [r for r in results if r not in skipped and r.observed == NO_COMPARABLE_RELEASE]


def test_a_new_method_is_compared_no_further(pair) -> None:
    change(pair, FACT + "value = value / 2.1, method_version = '2'" + BROADBAND)
    change(pair, "update marts.dim_basis set unit = 'per 1,000'" + BROADBAND)
    change(pair, "update marts.dim_indicator set method_version = '2'" + BROADBAND)
    found = failed(runner.run(RELEASE, *pair, checked_at=NOW))
    assert list(found) == ["gx.release.comparison.method"]


def test_a_new_basis_has_no_unit_before(pair) -> None:
    """The fixtures' releases are alike: it is the older one that loses the basis."""
    for table in ("fct_indicator_value", "dim_basis"):
        change(pair, f"before:delete from marts.{table}" + BROADBAND)
    change(pair, "update marts.dim_basis set unit = 'per 1,000'" + BROADBAND)
    assert "gx.release.comparison.unit" not in failed(runner.run(RELEASE, *pair, checked_at=NOW))


def test_figures_next_to_zero_may_flip_their_sign(pair) -> None:
    tiny = " value = {} where indicator_id = 'rsca_export' and geo_id = 'PER'"
    change(pair, "update marts.fct_indicator_value set" + tiny.format("0.001"))
    change(pair, "before:update marts.fct_indicator_value set" + tiny.format("-0.001"))
    assert failed(runner.run(RELEASE, *pair, checked_at=NOW)) == {}


def test_an_accepted_failure_is_published_with_its_reason(pair) -> None:
    change(pair, BREAKS["release.comparison.economies"])
    accepted = {"gx.release.comparison.economies": "withdrawn by the source"}
    results = runner.run(RELEASE, *pair, checked_at=NOW, accepted=accepted)
    (result,) = failed(results).values()
    assert result.severity == "warning"
    accepted_of = f"accepted (withdrawn by the source): 1 of {INDICATORS}: "
    assert result.observed.startswith(accepted_of)


def test_no_table_of_ours_stays_in_the_candidate(releases) -> None:
    before = releases[0].execute("select count(*) from duckdb_tables()").fetchall()
    runner.run(RELEASE[:1], *releases, checked_at=NOW)
    assert releases[0].execute("select count(*) from duckdb_tables()").fetchall() == before


# ---------------------------------------------------------------- a check that broke


def _suite(*checks: Check, sql: str = "select 1 as x", empty: Any = "warning") -> Suite:
    return Suite("broken", "marts.none", sql, ("x",), checks, empty=empty)


X = between("x_range", "x", "x", 0, 1, "critical")
BROKEN = {
    "missing table": (_suite(X, sql="select * from marts.none"), "reducing query", "none"),
    "missing column": (_suite(dataclasses.replace(X, kwargs={"column": "y", "min_value": 0})),
                       "x_range", "y"),
    "unknown class": (_suite(dataclasses.replace(X, type="ExpectNothing")), "x_range", "Nothing"),
    "wrong argument": (_suite(dataclasses.replace(X, kwargs={"column": "x"})), "x_range",
                       "min_value"),
    "no row where one is due": (_suite(X, sql="select 1 as x where false", empty=None),
                                "reducing query", "no row"),
    "text for a number": (_suite(X, sql="select 'a' as x"), "x_range", "same type"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_check_is_no_verdict_on_the_data(releases, case: str) -> None:
    suite, expectation, cause = BROKEN[case]
    with pytest.raises(CheckBroke) as caught:
        runner.run([suite], releases[0], checked_at=NOW)
    assert (caught.value.suite, caught.value.expectation) == ("broken", expectation)
    assert cause in caught.value.cause
    assert "suite broken" in str(caught.value)
    assert "refresh again" in str(caught.value)


def test_a_last_release_that_cannot_be_read_is_named(releases) -> None:
    other = duckdb.connect()
    other.execute("create schema meta; create table meta.release as select 'synthetic' as realm")
    with pytest.raises(CheckBroke, match="baseline_cell of suite last published release"):
        runner.run(RELEASE, releases[0], other, checked_at=NOW)
    other.execute("delete from meta.release")
    with pytest.raises(CheckBroke, match="0 rows instead of one"):
        runner.run(RELEASE, releases[0], other, checked_at=NOW)


def test_the_engine_is_quiet_and_in_memory() -> None:
    _, context, _ = runner._engine()
    variables = context.variables
    assert type(context).__name__ == "EphemeralDataContext"
    assert context.config.analytics_enabled is False
    assert variables.progress_bars["globally"] is False
    assert not variables.data_docs_sites


def test_importing_the_package_does_not_import_the_engine() -> None:
    code = (
        "import sys, expectations.runner, expectations.suites, expectations.docs;"
        "sys.exit('great_expectations' in sys.modules or 'pandas' in sys.modules)"
    )
    root = Path(expectations.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
