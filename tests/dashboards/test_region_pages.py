"""Clusters by region and the portfolio of a region: against the file, and with figures gone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest
import streamlit as st

from dashboards import data, words
from pipelines.metrics.relatedness import proximity_with_gaps
from tests.dashboards.conftest import Run, html_of

Sql = Callable[..., list[tuple]]
HOSTILE = "<script>alert(1)</script>' or 1=1; drop table marts.region_cluster --"
DASH = " – "


def portfolio_of(html: str) -> dict[str, list[str]]:
    """cluster_id → text of the cells of its row."""
    rows = re.findall(r'<tr data-cluster="([^"]+)">(.*?)</tr>', html, re.S)
    return {
        cluster: [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td.*?</td>", body, re.S)]
        for cluster, body in rows
    }


def change(home: Path, *statements: str) -> None:
    with duckdb.connect(str(home / "published" / "release_one.duckdb")) as con:
        for statement in statements:
            con.execute(statement)


def test_portfolio_shows_a_figure_or_its_interval_and_never_a_zero_for_either(
    serving: Path, run_page: Run, sql: Sql
) -> None:
    test = run_page("region")
    assert not test.exception
    geo_id, period = (test.selectbox(key=key).value for key in ("region_state", "region_year"))
    cells = sql(
        "select cluster_id, emp_count, emp_lower_count, emp_upper_count, lq_in_class, "
        "lq_in_class_lower, lq_in_class_upper, p_value, is_strong, obs_status "
        "from marts.region_cluster where geo_id = ? and period = ?",
        geo_id,
        period,
    )
    shown = portfolio_of(html_of(test))
    assert set(shown) == {row[0] for row in cells}
    assert {row[-1] for row in cells} >= {"C"}, "the demo withholds cells of the largest state"
    for cluster, jobs, least, most, lq, lq_least, lq_most, p_value, strong, status in cells:
        _, jobs_text, lq_text, p_text, strength = shown[cluster][:5]
        assert shown[cluster][-1] == status
        if jobs is None:
            assert jobs_text == f"{least:,}{DASH}{most:,}"
            assert lq_text == f"{lq_least:,.2f}{DASH}{lq_most:,.2f}"
            assert p_text == ""
        else:
            assert jobs_text == f"{jobs:,}"
            assert lq_text == f"{lq:,.2f}"
            assert float(p_text) == pytest.approx(p_value, abs=0.0006)
        if strong is not None:
            assert strong == (strength in (words.STRENGTHS[3], words.STRENGTHS[4])) or DASH in (
                strength
            )
    count = sum(bool(row[8]) for row in cells)
    assert count > 0 and len(test.get("vega_lite_chart")) >= 5


def test_each_kind_of_region_has_a_portfolio(serving: Path, run_page: Run, sql: Sql) -> None:
    kinds = sql("select distinct geo_type from marts.region_cluster")
    assert {kind for (kind,) in kinds} >= {"state", "county", "cbsa", "economic_area"}
    for (kind,) in kinds:
        test = run_page("region", params={"region_level": words.geo_words(kind)})
        assert not test.exception, kind
        assert test.selectbox(key="region_level").value == kind
        assert portfolio_of(html_of(test)), kind


def test_missing_suppliers_are_those_of_the_file(serving: Path, run_page: Run, sql: Sql) -> None:
    test = run_page("region")
    geo_id = test.selectbox(key="region_state").value
    box = test.selectbox(key="region_cluster")
    listed = {
        row[0] for row in sql("select cluster_id from marts.missing_link where geo_id=?", geo_id)
    }
    chosen = next(cluster for cluster in listed if cluster != box.value)
    box.select(chosen).run()
    html = html_of(test).replace("&amp;", "&")
    rows = sql(
        "select supplier_name, weight, is_sure from marts.missing_link "
        "where geo_id = ? and cluster_id = ?",
        geo_id,
        chosen,
    )
    assert rows
    for supplier, weight, is_sure in rows:
        row = next(part for part in html.split("<tr>") if f">{supplier}</td>" in part)
        assert f">{weight:.1%}</td>" in row
        assert f">{'yes' if is_sure else 'no'}</td>" in row


def test_found_together_is_the_proximity_of_the_metrics(serving: Path, sql: Sql) -> None:
    """Two ways to one figure: the query of the page, and the tested function of the pipeline."""
    period = sql("select max(period) from marts.region_cluster where geo_type = 'economic_area'")[
        0
    ][0]
    found = {
        (row["cluster_id"], row["other_id"]): row["proximity"]
        for row in data.found_together(data.release_in_service(), period).to_dicts()
    }
    cells = sql(
        "select geo_id, cluster_id, value, value_lower, value_upper "
        "from marts.fct_indicator_value join marts.dim_geo using (geo_id) "
        "join marts.dim_cluster using (cluster_id) where indicator_id = 'location_quotient' "
        "and basis = 'cbp_employment' and geo_type = 'economic_area' and period = ? "
        "and cluster_class = 'traded'",
        period,
    )
    areas = sorted({row[0] for row in cells})
    clusters = sorted({row[1] for row in cells})
    present = np.zeros((len(areas), len(clusters)), dtype=bool)
    known = np.zeros_like(present)
    for geo, cluster, value, low, high in cells:
        at = areas.index(geo), clusters.index(cluster)
        known[at] = value is not None or (low or 0) >= 1 or (high is not None and high < 1)
        present[at] = value >= 1 if value is not None else (low or 0) >= 1
    expected = proximity_with_gaps(present, known)
    assert len(clusters) > 20
    for i, one in enumerate(clusters):
        for j, other in enumerate(clusters):
            if i != j:
                shown = found.get((one, other))
                if np.isnan(expected[i, j]):
                    assert shown is None
                else:
                    assert shown == pytest.approx(expected[i, j])


@pytest.mark.parametrize("view", ["region", "cluster"])
def test_hostile_addresses_give_the_usual_view(
    serving: Path, run_page: Run, sql: Sql, view: str
) -> None:
    keys = {
        "region": ("region_level", "region_state", "region_year", "region_cluster"),
        "cluster": ("level", "cluster", "basis", "year", "colour", "place_state"),
    }[view]
    usual = run_page(view)
    hostile = run_page(view, params=dict.fromkeys(keys, HOSTILE))
    assert not hostile.exception
    assert "<script" not in html_of(hostile)
    assert [box.value for box in hostile.selectbox] == [box.value for box in usual.selectbox]
    assert sql("select count(*) from marts.region_cluster")[0][0] > 0


@pytest.mark.parametrize("view", ["region", "cluster"])
def test_everything_withheld_is_intervals_and_no_verdict(
    own_home: Path, run_page: Run, view: str
) -> None:
    change(
        own_home,
        "update marts.region_cluster set obs_status = 'C', emp_lower_count = 0, "
        "emp_upper_count = 99, emp_count = null, lq_in_class_lower = 0, lq_in_class_upper = 9, "
        "lq_in_class = null, slq = null, p_value = null, is_qualifying = null, "
        "is_significant = null, is_strong = null, is_strong10 = null, rivalry = null, "
        "estabs_growth = null",
        "update marts.fct_indicator_value set value = null, value_lower = 0, value_upper = 9, "
        "obs_status = 'C' where indicator_id = 'location_quotient'",
    )
    test = run_page(view)
    assert not test.exception
    html = html_of(test)
    if view == "region":
        rows = portfolio_of(html)
        assert rows
        for row in rows.values():
            assert row[1] == f"0{DASH}99"
            assert row[2] == f"0.00{DASH}9.00"
            assert row[4] == f"{words.STRENGTHS[0]}{DASH}{words.STRENGTHS[4]}"
        assert "surely strong" in test.header[0].value
    else:
        assert "no place has a value" in test.info[0].value.lower()


def test_a_release_without_links_relatedness_or_regions_says_so(
    own_home: Path, run_page: Run
) -> None:
    change(
        own_home,
        "delete from marts.missing_link",
        "delete from marts.fct_indicator_value where indicator_id = 'relatedness_density'",
    )
    test = run_page("region")
    assert not test.exception
    said = " ".join(box.value for box in test.info)
    assert "no missing links" in said and "Related strengths" in said
    st.cache_data.clear()
    st.cache_resource.clear()
    change(
        own_home,
        "delete from marts.region_cluster",
        "delete from marts.fct_indicator_value where indicator_id = 'location_quotient'",
    )
    assert "no clusters of regions" in run_page("region").info[0].value
    assert "no location quotients" in run_page("cluster").info[0].value


def test_map_follows_what_it_is_coloured_by(serving: Path, run_page: Run) -> None:
    test = run_page("cluster")
    first = test.get("vega_lite_chart")[0].proto.spec
    test.segmented_control(key="colour").set_value("strength").run()
    assert not test.exception
    assert test.get("vega_lite_chart")[0].proto.spec != first
    test.segmented_control(key="colour").set_value("rivalry").run()
    assert not test.exception


@pytest.mark.parametrize(
    ("least", "most", "text"),
    [(None, None, ""), (3, 3, "strong"), (0, 4, "no strength – top tenth"), (1, 2, None)],
)
def test_a_strength_that_is_not_decided_is_a_span(
    least: int | None, most: int | None, text: str | None
) -> None:
    assert words.strength(least, most) == (
        text if text is not None else "qualifying – above the median"
    )
