"""The coverage page: all 21 economies, every blank with its reason, StatsAPEC's signs."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape
from pathlib import Path

import duckdb
import pytest
import streamlit as st

from dashboards import charts_coverage, data, links, words
from dashboards.style import Look
from dashboards.views import coverage
from tests.dashboards.conftest import Run, html_of

Sql = Callable[..., list[tuple]]


@pytest.mark.parametrize(
    ("value", "status", "text"),
    [
        (None, "L", "…"),
        (None, "M", "…"),
        (None, "C", "(c)"),
        (None, "Q", "(c)"),
        (0.0, "Z", "-"),
        (0.04, "A", "0.0"),
        (-0.04, "A", "0.0"),
        (12.34, "A", "12.3"),
    ],
)
def test_signs_of_statsapec(value: float | None, status: str, text: str) -> None:
    assert words.statsapec(value, status, 1) == text


def test_the_matrix_is_the_files_and_every_blank_has_its_reason(
    serving: Path, run_page: Run, sql: Sql
) -> None:
    test = run_page("coverage")
    assert not test.exception
    html = html_of(test)
    cells = _cells(html)
    rows = sql(
        "select m.indicator_id, g.geo_name, m.basis, m.latest_period, m.coverage_status, "
        "m.reason, m.geo_id from marts.mart_coverage_matrix m join marts.dim_geo g "
        "using (geo_id) where m.geo_type = 'economy'"
    )
    assert len(rows) == len(cells) > 1000
    assert {geo for *_, geo in rows} == set(re.findall(r'<abbr title="[^"]+">([A-Z]{3})<', html))
    names = dict(sql("select indicator_id, indicator_name from marts.dim_indicator"))
    for indicator_id, geo_name, basis, latest, status, reason, geo_id in rows:
        name = names.get(indicator_id, indicator_id.replace("_", " ").capitalize())
        tone, text, href = cells[geo_name, name]
        assert text == (latest or ("(c)" if status == "suppressed" else "…"))
        if reason:
            assert escape(reason) in html
        expected = links.passport(indicator_id, geo_id, latest, basis, None) if basis else ""
        assert href == (expected if latest else "")
        assert ("ck-none" in tone) == (latest is None)


def test_core_set_guideline_and_values(serving: Path, run_page: Run, sql: Sql) -> None:
    test = run_page("coverage")
    test.toggle(key="coverage_core").set_value(True).run()
    assert not test.exception
    core = sql("select count(distinct indicator_id) from marts.mart_coverage_matrix where is_core")
    assert f"{core[0][0]} indicators" in test.subheader[0].value
    test.multiselect(key="coverage_guideline").set_value(["g1_infrastructure"]).run()
    test.segmented_control(key="coverage_show").set_value("value").run()
    assert not test.exception
    value, digits = sql(
        "select value, 1 from marts.fct_indicator_value where indicator_id = 'broadband_adoption' "
        "and geo_id = 'PER' and basis = 'wdi_per_100' and value is not null "
        "order by period desc limit 1"
    )[0]
    _, text, _ = _cells(html_of(test))["Peru", "Broadband adoption"]
    assert text == f"{value:.{digits}f}"


def test_a_choice_without_indicators_says_so(own_home: Path, run_page: Run) -> None:
    with duckdb.connect(str(own_home / "published" / "release_one.duckdb")) as con:
        con.execute("update marts.bridge_guideline_indicator set is_built = false")
    test = run_page("coverage", params={"coverage_built": "true"})
    assert not test.exception
    assert "No indicator fits" in test.info[0].value


def test_a_release_without_a_matrix_and_one_where_all_is_withheld(
    own_home: Path, run_page: Run
) -> None:
    release = own_home / "published" / "release_one.duckdb"
    with duckdb.connect(str(release)) as con:
        con.execute(
            "update marts.mart_coverage_matrix set latest_period = null, "
            "coverage_status = 'suppressed', reason = 'withheld by the source'"
        )
    test = run_page("coverage")
    assert not test.exception
    assert {text for _, text, _ in _cells(html_of(test)).values()} == {"(c)"}
    st.cache_data.clear()
    st.cache_resource.clear()
    with duckdb.connect(str(release)) as con:
        con.execute("delete from marts.mart_coverage_matrix")
    empty = run_page("coverage")
    assert not empty.exception and "no coverage matrix" in empty.info[0].value


@pytest.mark.parametrize("text", ["<script>", "' or 1=1", "x" * 3000, "../..", "Core"])
def test_hostile_addresses(serving: Path, run_page: Run, text: str) -> None:
    names = ("guideline", "show", "core", "built")
    test = run_page("coverage", params={f"coverage_{name}": text for name in names})
    assert not test.exception
    assert "<script>" not in html_of(test)
    assert len(_cells(html_of(test))) >= 21


def test_bars_count_every_indicator_once(serving: Path) -> None:
    frame = data.coverage_matrix(data.release_in_service())
    counts = frame.group_by("geo_name", "coverage_status").len("count")
    spec = charts_coverage.by_economy(counts, look=Look(is_synthetic=True)).to_dict()
    assert spec["title"]["text"] == "SYNTHETIC DEMONSTRATION DATA"
    values = next(iter(spec["datasets"].values()))
    totals: dict[str, int] = {}
    for row in values:
        totals[row["geo_name"]] = totals.get(row["geo_name"], 0) + row["count"]
    assert set(totals.values()) == {frame["indicator_id"].n_unique()} and len(totals) == 21
    assert tuple(charts_coverage.STATUSES)[:3] == coverage.FILLED


def _cells(html: str) -> dict[tuple[str, str], tuple[str, str, str]]:
    """(economy, indicator) → class, text and link of its cell of the matrix."""
    table = re.search(r'<table class="ck-table ck-matrix">.*?</table>', html, re.S)
    assert table
    names = re.findall(r'<abbr title="([^"]+)">', table[0])
    found = {}
    for row in re.findall(r'<tr><th scope="row">.*?</tr>', table[0], re.S):
        head = re.search(r'<th scope="row">(.*?)(?: <span|</th>)', row)
        cells = re.findall(r'<td class="([^"]*)" title="[^"]*">(.*?)</td>', row)
        assert head and len(cells) == len(names)
        for name, (tone, inside) in zip(names, cells, strict=True):
            href = re.search(r'href="([^"]+)"', inside)
            text = unescape(re.sub(r"<[^>]+>", "", inside))
            link = unescape(href[1]) if href else ""
            found[unescape(name), unescape(head[1])] = (tone, text, link)
    return found
