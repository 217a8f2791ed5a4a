"""A withheld cell never becomes 0: from the delivered row to the dashboards' frames.

The walk starts at the rows that the publisher marks as withheld, goes through every table and
indicator that rests on them, and asks for an interval in each place.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import streamlit as st

from dashboards import data
from pipelines import warehouse

# indicator → basis; figures of a region × cluster that hang on its employment
OF_EMPLOYMENT = {
    "location_quotient": "cbp_employment",
    "slq_employment": "cbp_employment_in_class",
    "rivalry_index": "cbp",
    "missing_link_index": "cbp_bea",
}
FIGURES = (
    "emp_count",
    "nation_share",
    "class_share",
    "lq",
    "lq_in_class",
    "slq",
    "p_value",
    "rivalry",
)


@pytest.fixture(scope="module")
def con(demo_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The release, and beside it every withheld county industry as it was delivered."""
    files = sorted(demo_home.glob("raw/synthetic/cbp/*/counties/*.parquet"))
    assert files
    with duckdb.connect() as found:
        release = warehouse.current_path(demo_home)
        found.execute(f"attach '{release}' as demo (read_only)")
        found.execute("use demo")
        found.execute(
            f"""
            create temp table withheld as
            select distinct
                cast(rows.period_year as varchar) as period,
                'USA-FIPS-' || rows.state_code_fips as state_geo_id,
                'USA-FIPS-' || rows.state_code_fips || rows.county_code_fips as geo_id,
                industries.cluster_id
            from read_parquet({[str(f) for f in files]}, union_by_name = true) as rows
            inner join reference.cluster_industry as industries
                on rtrim(rows.naics_code, '/-') = industries.industry_code
                and industries.industry_scheme = 'NAICS2017'
            where rows.emp_noise_flag in ('D', 'S') and length(rtrim(rows.naics_code, '/-')) = 4
                and rows.county_code_fips <> '999'
            """
        )
        yield found


def count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    return con.execute(f"select count(*) from ({sql})").fetchall()[0][0]


def test_there_is_something_to_walk(con: duckdb.DuckDBPyConnection) -> None:
    assert count(con, "from withheld") > 1000
    assert count(con, "select distinct period from withheld") >= 5


def test_every_withheld_cell_stands_in_the_portfolio_with_bounds(
    con: duckdb.DuckDBPyConnection,
) -> None:
    joined = "from withheld left join marts.region_cluster as r using (geo_id, cluster_id, period)"
    filled = " or ".join(f"r.{name} is not null" for name in FIGURES)
    assert count(con, f"select 1 {joined} where r.geo_id is null") == 0
    assert count(con, f"select 1 {joined} where r.obs_status not in ('C', 'Q')") == 0
    assert count(con, f"select 1 {joined} where {filled}") == 0
    for name in ("emp", "nation_share", "lq", "lq_in_class", "rivalry"):
        lower = f"r.{name}_lower_count" if name == "emp" else f"r.{name}_lower"
        assert count(con, f"select 1 {joined} where {lower} is null") == 0, name
    # the demo publishes every county's total, so that every employment has a finite end
    assert count(con, f"select 1 {joined} where r.emp_upper_count is null") == 0
    assert count(con, f"select 1 {joined} where r.emp_lower_count > r.emp_upper_count") == 0


@pytest.mark.parametrize(("indicator", "basis"), OF_EMPLOYMENT.items())
def test_no_indicator_of_a_withheld_cell_has_a_value(
    con: duckdb.DuckDBPyConnection, indicator: str, basis: str
) -> None:
    cells = f"""
        select f.* from withheld
        inner join marts.fct_indicator_value as f using (geo_id, cluster_id, period)
        where f.indicator_id = '{indicator}' and f.basis = '{basis}'
    """
    assert count(con, cells) > 100
    assert count(con, f"select 1 from ({cells}) where value is not null") == 0
    assert count(con, f"select 1 from ({cells}) where obs_status not in ('C', 'Q')") == 0
    ends = "value_lower is null and value_upper is null"
    assert count(con, f"select 1 from ({cells}) where {ends}") == 0
    if indicator != "missing_link_index":  # there no link can be missing, whatever is hidden
        assert count(con, f"select 1 from ({cells}) where value_upper = 0") == 0


def test_every_region_around_a_withheld_cell_is_an_interval(con: duckdb.DuckDBPyConnection) -> None:
    around = """
        select w.cluster_id, w.period, w.geo_id as inner_id, w.state_geo_id as geo_id
        from withheld as w
        union all
        select w.cluster_id, w.period, w.geo_id, 'USA-CBSA-' || m.cbsa_code
        from withheld as w
        inner join reference.us_county_cbsa as m on w.geo_id = 'USA-FIPS-' || m.county_code_fips5
        union all
        select w.cluster_id, w.period, w.geo_id, 'USA-EA-' || m.economic_area_code
        from withheld as w
        inner join reference.us_county_economic_area as m
            on w.geo_id = 'USA-FIPS-' || m.county_code_fips5
    """
    joined = f"""
        select r.* from ({around})
        left join marts.region_cluster as r using (geo_id, cluster_id, period)
    """
    assert count(con, f"select distinct geo_type from ({joined})") == 3
    assert count(con, f"select 1 from ({joined}) where geo_id is null") == 0
    filled = " or ".join(f"{name} is not null" for name in FIGURES)
    assert count(con, f"select 1 from ({joined}) where {filled}") == 0
    assert count(con, f"select 1 from ({joined}) where emp_lower_count is null") == 0
    # an area's bounds hold its counties' together
    sums = f"""
        select a.geo_id, a.cluster_id, a.period, sum(i.emp_lower_count) as least
        from (select distinct * from ({around})) as a
        inner join marts.region_cluster as i
            on a.inner_id = i.geo_id and a.cluster_id = i.cluster_id and a.period = i.period
        group by all
    """
    outside = f"""
        select 1 from ({sums}) inner join marts.region_cluster as r
        using (geo_id, cluster_id, period) where r.emp_upper_count < least
    """
    assert count(con, outside) == 0


def test_shares_of_a_region_with_a_withheld_cluster_are_intervals(
    con: duckdb.DuckDBPyConnection,
) -> None:
    cells = """
        select distinct f.* from withheld
        inner join marts.dim_cluster as c using (cluster_id)
        inner join marts.fct_indicator_value as f using (geo_id, period)
        where c.cluster_class = 'traded' and f.indicator_id = 'cluster_strength_share'
    """
    assert count(con, cells) > 100
    assert count(con, f"select 1 from ({cells}) where value is not null") == 0
    assert (
        count(con, f"select 1 from ({cells}) where value_lower is null or value_upper is null") == 0
    )


def test_the_dashboards_frames_show_the_interval(
    con: duckdb.DuckDBPyConnection, demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERKPI_HOME", str(demo_home))
    release = data.release_in_service()
    period, cluster, geo_id = con.execute(
        "select period, cluster_id, geo_id from withheld order by all desc limit 1"
    ).fetchall()[0]
    part = data.Slice("location_quotient", "cbp_employment", cluster)
    frames = [
        data.cross_section(release, part, "county", period).rows(named=True),
        data.series(release, part, "county").rows(named=True),
    ]
    portfolio = data.profile(release, part.indicator_id, part.basis, geo_id, period)
    rows = [r for f in frames for r in f if r["geo_id"] == geo_id and r["period"] == period]
    rows += [r for r in portfolio.rows(named=True) if r["cluster_id"] == cluster]
    assert len(rows) == 3
    for row in rows:
        assert row["value"] is None and row["obs_status"] in ("C", "Q")
        assert row["value_lower"] is not None
    st.cache_data.clear()
    st.cache_resource.clear()
