"""Every page, run by Streamlit's own test runner over the demo release."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import duckdb
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboards import app, data, page, sandbox
from dashboards.views import workbench
from tests.conftest import PROJECT_ROOT
from tests.dashboards.conftest import Run, html_of, rows_of

Sql = Callable[..., list[tuple]]
PAGES = [
    ("overview", (), "Industrial cluster indicators"),
    ("guideline", ("'g7_entry'",), "Guideline 7: Entry of new firms"),
    ("economy", (), "Profile of an economy"),
    ("indicator", (), "One indicator"),
    ("compare", (), "Compare economies"),
    ("methodology", (), "Methodology"),
    ("cluster", (), "Clusters by region"),
    ("coverage", (), "Coverage"),
    ("passport", (), "Passport of a number"),
    ("region", (), "Portfolio of a region"),
    ("exports", (), "Export linkage"),
    ("enclave", (), "Technology and enclaves"),
    ("people", (), "People"),
    ("ict", (), "ICT and e-commerce"),
    ("entry", (), "Entry and rivalry"),
    ("quality", (), "Quality and provenance"),
]


@pytest.mark.parametrize(("view", "arguments", "title"), PAGES)
def test_every_page_says_what_a_reader_has_to_know(
    serving: Path, run_page: Run, sql: Sql, view: str, arguments: tuple[str, ...], title: str
) -> None:
    test = run_page(view, *arguments)
    assert not test.exception
    assert test.title[0].value == title
    html = html_of(test)
    release_id, notice = sql("select release_id, notice from meta.release")[0]
    assert "SYNTHETIC DEMONSTRATION DATA" in html
    assert notice.partition(". ")[2] in html
    assert 'class="ck-water"' in html
    assert release_id in html
    for clock in ("Last checked", "Last changed at source", "Reference period"):
        assert clock in html
    assert "Licence:" in html
    assert test.get("download_button"), "no figures to take away"


def test_the_app_opens_on_the_overview_and_has_a_page_for_each_guideline_with_indicators(
    serving: Path,
) -> None:
    test = AppTest.from_file(str(PROJECT_ROOT / "dashboards" / "app.py"), default_timeout=60).run()
    assert not test.exception
    assert test.title[0].value == "Industrial cluster indicators"
    listed = [entry.title for entry in app.contents(data.release_in_service())]
    assert "7. Entry of new firms" in listed
    assert listed[0] == "Overview"
    assert listed[-8:] == [
        "Export linkage",
        "Clusters by region",
        "Portfolio of a region",
        "Coverage",
        "Passport of a number",
        "Quality and provenance",
        "Methodology",
        "Workbench",
    ]
    assert {"One indicator", "Compare economies", "Economies"} < set(listed)


def test_overview_lists_all_economies_and_tells_why_a_cell_is_blank(
    serving: Path, run_page: Run, sql: Sql
) -> None:
    html = html_of(run_page("overview"))
    economies = sql("select geo_id, geo_name from marts.dim_geo where is_apec")
    assert len(economies) == 21
    for geo_id, name in economies:
        assert f'<abbr title="{name}">{geo_id}</abbr>' in html
    cells = sql("select count(*) from marts.fct_indicator_value")[0][0]
    assert f"{cells:,}" in html
    blank = sql(
        "select count(*) from meta.coverage c join marts.dim_geo g using (geo_id) "
        "where g.is_apec and latest_period is null"
    )[0][0]
    assert html.count('<td class="ck-none"') == blank > 0


def test_overview_leads_to_a_region(serving: Path, run_page: Run, sql: Sql) -> None:
    test = run_page("overview")
    test.selectbox(key="overview_kind").select("state").run()
    test.selectbox(key="overview_region_state").select("USA-FIPS-06").run()
    assert not test.exception
    assert 'href="region?region_level=US+states&amp;region_state=California"' in html_of(test)
    region = run_page("region", params={"region_level": "US states", "region_state": "California"})
    assert not region.exception
    assert region.selectbox(key="region_state").value == "USA-FIPS-06"


@pytest.mark.parametrize(
    ("basis", "geo_type", "places"),
    [("wdi_llc_density", "economy", 21), ("bds_establishment_pct", "state", 51)],
)
def test_ranking_shows_the_figures_of_one_basis(
    serving: Path, run_page: Run, sql: Sql, basis: str, geo_type: str, places: int
) -> None:
    test = run_page("guideline", "'g7_entry'")
    test.segmented_control(key="g7_entry_basis").set_value(f"{basis}:{geo_type}").run()
    assert not test.exception
    period = test.selectbox(key=f"g7_entry_{basis}_year").value
    shown = rows_of(html_of(test))
    assert len(shown) == places
    cells = sql(
        "select geo_id, value, obs_status from marts.fct_indicator_value "
        "join marts.dim_geo using (geo_id) where indicator_id = 'entry_rate' and basis = ? "
        "and period = ? and geo_type = ? and cluster_id = 'all' "
        "and (is_apec or geo_type <> 'economy')",
        basis,
        period,
        geo_type,
    )
    assert {geo for geo, _, _ in cells} <= set(shown)
    values = sorted((v for _, v, s in cells if v is not None and s != "U"), reverse=True)
    for geo, value, status in cells:
        rank, _, _, text, mark = shown[geo]
        assert mark == status
        if value is None:
            assert (rank, text) == ("", "")
        else:
            digits = len(text.partition(".")[2])
            assert float(text) == pytest.approx(value, abs=0.51 * 10**-digits)
            assert digits >= 1
            assert status == "U" or int(rank) == values.index(value) + 1
    assert "never compared" in html_of(test)


def test_another_year_shows_other_figures(serving: Path, run_page: Run) -> None:
    test = run_page("guideline", "'g7_entry'")
    box = test.selectbox(key="g7_entry_wdi_llc_density_year")
    first = rows_of(html_of(test))
    other = next(year for year in box.options if year != box.value)
    box.select(other).run()
    assert rows_of(html_of(test)) != first


def test_an_address_restores_the_view(serving: Path, run_page: Run) -> None:
    usual = run_page("guideline", "'g7_entry'").selectbox(key="g7_entry_wdi_llc_density_year")
    other = next(year for year in usual.options if year != usual.value)
    test = run_page("guideline", "'g7_entry'", params={"g7_entry_wdi_llc_density_year": other})
    assert test.selectbox(key="g7_entry_wdi_llc_density_year").value == other
    bad = run_page("guideline", "'g7_entry'", params={"g7_entry_wdi_llc_density_year": "1066"})
    assert not bad.exception
    assert bad.selectbox(key="g7_entry_wdi_llc_density_year").value == usual.value


def test_other_guidelines_use_the_same_page(serving: Path, run_page: Run, sql: Sql) -> None:
    found = sql(
        "select distinct guideline_id from marts.dim_indicator where guideline_id like 'g%'"
    )
    assert len(found) > 1
    for (guideline_id,) in found:
        test = run_page("guideline", repr(guideline_id))
        assert not test.exception, guideline_id
        assert len(rows_of(html_of(test))) == 21, guideline_id


def test_structure_of_economies_is_shown_cluster_by_cluster(
    serving: Path, run_page: Run, sql: Sql
) -> None:
    test = AppTest.from_string(
        "from dashboards import data\nfrom dashboards.views import guideline\n"
        "guideline.render_structure(data.release_in_service())\n",
        default_timeout=60,
    ).run()
    assert not test.exception
    test.selectbox(key="structure_indicator").select("rsca_export").run()
    box = test.selectbox(key="structure_cluster")
    box.select_index(1).run()
    assert not test.exception
    cluster, period = (
        test.selectbox(key=f"structure_{name}").value
        for name in ("cluster", "baci_gross_exports_year")
    )
    cells = sql(
        "select geo_id, value from marts.fct_indicator_value join marts.dim_geo using (geo_id) "
        "where indicator_id = 'rsca_export' and is_apec and cluster_id = ? and period = ?",
        cluster,
        period,
    )
    shown = rows_of(html_of(test))
    assert len(shown) == 21
    for geo, value in cells:
        text = shown[geo][-2]
        assert (text == "") == (value is None)
        if value is not None:
            assert float(text.replace("−", "-")) == pytest.approx(value, abs=0.006)


def test_a_guideline_without_indicators_says_so(serving: Path, run_page: Run) -> None:
    test = run_page("guideline", "'g8_none'")
    assert not test.exception
    assert "no indicator" in test.info[0].value


@pytest.mark.parametrize("geo_type", ["state", "county"])
def test_cluster_page_ranks_no_small_and_no_withheld_cell(
    serving: Path, run_page: Run, sql: Sql, geo_type: str
) -> None:
    test = run_page("cluster")
    test.selectbox(key="level").select(geo_type).run()
    assert not test.exception
    basis, cluster, year = (test.selectbox(key=key).value for key in ("basis", "cluster", "year"))
    expected = sql(
        "select f.geo_id, f.value from marts.fct_indicator_value f "
        "join marts.dim_geo g using (geo_id) "
        "where indicator_id = 'location_quotient' and basis = ? and cluster_id = ? and period = ? "
        "and geo_type = ? and value is not null and obs_status <> 'U' order by value desc limit 15",
        basis,
        cluster,
        year,
        geo_type,
    )
    shown = rows_of(html_of(test))
    texts = [row[3] for row in shown.values()]
    values = [float(text.replace(",", "")) for text in texts]
    digits = len(texts[0].partition(".")[2])
    assert values == pytest.approx([value for _, value in expected], abs=0.5001 * 10**-digits)
    assert values == sorted(values, reverse=True)
    assert len(test.get("vega_lite_chart")) == 3
    assert test.dataframe[0].value.shape[0] >= len(expected)


def test_profile_follows_the_chosen_place(serving: Path, run_page: Run, sql: Sql) -> None:
    test = run_page("cluster")
    test.selectbox(key="place_state").select("USA-FIPS-06").run()
    assert not test.exception
    basis, year = (test.selectbox(key=key).value for key in ("basis", "year"))
    rows = sql(
        "select c.cluster_name, f.value from marts.fct_indicator_value f "
        "join marts.dim_cluster c using (cluster_id) where indicator_id = 'location_quotient' "
        "and geo_id = 'USA-FIPS-06' and basis = ? and period = ? and value is not null",
        basis,
        year,
    )
    html = html_of(test)
    assert rows
    for name, value in rows:
        cell = f'<td class="ck-num">{value:,.2f}</td>'
        assert f"{name}</td>{cell}" in html.replace("&amp;", "&")


def test_quality_page_adds_up(serving: Path, run_page: Run, sql: Sql) -> None:
    html = html_of(run_page("quality"))
    landed, kept, held = sql(
        "select sum(rows_landed)::bigint, sum(rows_promoted)::bigint, "
        "sum(rows_quarantined)::bigint from meta.source_snapshot"
    )[0]
    assert landed == kept + held
    for figure in (landed, kept, held):
        assert f'<span class="ck-figure">{figure:,}</span>' in html
    for (rule,) in sql("select distinct rule from meta.quarantine_summary"):
        assert rule in html


def test_official_figures_carry_no_demo_warning(own_home: Path, run_page: Run) -> None:
    with duckdb.connect(str(own_home / "published" / "release_one.duckdb")) as con:
        con.execute("update meta.release set is_synthetic = false, notice = 'Recorded sample.'")
    for view, arguments, _ in PAGES:
        html = html_of(run_page(view, *arguments))
        assert "SYNTHETIC" not in html
        assert 'class="ck-water"' not in html
        assert "Recorded sample." in html
        st.cache_data.clear()


def test_a_long_notice_unfolds_and_is_whole(own_home: Path) -> None:
    notice = "Recorded figures. " + "Not all years are there & some <cells> are rebuilt. " * 9
    with duckdb.connect(str(own_home / "published" / "release_one.duckdb")) as con:
        con.execute("update meta.release set is_synthetic = false, notice = ?", [notice])
    banner = page.banner(data.release_in_service())
    assert banner.startswith('<details class="ck-notice"><summary>Recorded figures.')
    assert escape(notice.partition(". ")[2]) in banner


def test_an_indicator_without_any_value_shows_marks_and_no_empty_chart(
    own_home: Path, run_page: Run
) -> None:
    with duckdb.connect(str(own_home / "published" / "release_one.duckdb")) as con:
        con.execute(
            "update marts.fct_indicator_value set value = null, obs_status = 'M' "
            "where indicator_id = 'entry_rate' and basis = 'wdi_llc_density'"
        )
    test = run_page("guideline", "'g7_entry'")
    # A basis without any value comes after the others.
    test.segmented_control(key="g7_entry_basis").set_value("wdi_llc_density:economy").run()
    assert not test.exception
    assert "No year" in test.info[0].value
    assert {row[-1] for row in rows_of(html_of(test)).values()} == {"M"}
    assert not test.get("vega_lite_chart")


def test_without_a_release_the_visitor_is_told_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERKPI_HOME", str(tmp_path / "empty"))
    test = AppTest.from_file(str(PROJECT_ROOT / "dashboards" / "app.py"), default_timeout=60).run()
    assert not test.exception
    assert test.title[0].value == "No release has been published yet"
    assert test.code[0].value == "make refresh"


def test_a_file_that_is_no_release_gives_advice_instead_of_a_traceback(own_home: Path) -> None:
    with duckdb.connect(str(own_home / "published" / "release_one.duckdb")) as con:
        con.execute("drop table marts.dim_indicator")
    test = AppTest.from_file(str(PROJECT_ROOT / "dashboards" / "app.py"), default_timeout=60).run()
    assert not test.exception
    assert "clusterkpi rollback" in test.error[0].value


def test_workbench_answers_refuses_and_can_be_turned_off(
    serving: Path, run_page: Run, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = run_page("workbench")
    assert not test.exception and not test.dataframe
    assert len(test.expander) >= 15, "tables of the release beside the editor"
    test.text_area[0].set_value("select count(*) as n from marts.fct_indicator_value")
    test.button[0].click().run()
    assert (
        test.dataframe[0].value["n"][0]
        == sql("select count(*) from marts.fct_indicator_value")[0][0]
    )
    assert len(test.get("download_button")) == 2
    test.text_area[0].set_value("drop table marts.dim_geo")
    test.button[0].click().run()
    assert "Only reading is allowed" in test.error[0].value and not test.dataframe
    monkeypatch.setenv("CLUSTERKPI_WORKBENCH", "false")
    off = run_page("workbench")
    assert "turned off" in off.info[0].value and not off.text_area
    assert "Workbench" not in [entry.title for entry in app.contents(data.release_in_service())]


@pytest.mark.parametrize("example", list(workbench.EXAMPLES))
def test_every_example_of_the_workbench_has_an_answer(serving: Path, example: str) -> None:
    release = data.release_in_service()
    answer = sandbox.ask(release.path, workbench.EXAMPLES[example])
    assert answer.problem == "" and answer.frame is not None and answer.frame.height > 0


def test_comparison_shows_the_newest_value_of_each_economy(
    serving: Path, run_page: Run, sql: Sql
) -> None:
    test = run_page("compare", params={"economies": ["Peru", "Japan"]})
    assert not test.exception
    html = html_of(test)
    value, period = sql(
        "select value, period from marts.fct_indicator_value where geo_id = 'PER' and "
        "indicator_id = 'broadband_adoption' and basis = 'wdi_per_100' and value is not null "
        "order by period desc limit 1"
    )[0]
    row = next(part for part in html.split("<tr>") if "subscriptions per 100 people" in part)
    assert f">{value:,.1f}</a></b>" in row and f">{period}<" in row
    assert row.count("ck-when") == 2
    test.multiselect(key="economies").set_value([]).run()
    assert "at least one" in test.info[0].value
    hostile = run_page("compare", params={"economies": ["<script>", "ATLANTIS"]})
    assert not hostile.exception and "<script>" not in html_of(hostile)


def test_methodology_finds_indicators_by_word(serving: Path, run_page: Run, sql: Sql) -> None:
    test = run_page("methodology")
    count = sql("select count(*) from marts.dim_indicator")[0][0]
    assert len([box for box in test.expander if "·" in box.label]) == count
    test.text_input(key="find").set_value("patent filings").run()
    assert not test.exception
    found = [box.label for box in test.expander if "·" in box.label]
    assert any("indigenous_patent_share" in label for label in found) and len(found) < count
    test.text_input(key="find").set_value("(*[").run()
    assert not test.exception
    assert not [box for box in test.expander if "·" in box.label]


def test_profile_says_of_each_figure_what_the_file_says(
    serving: Path, run_page: Run, sql: Sql
) -> None:
    test = run_page("economy", params={"economy": "Peru"})
    assert not test.exception
    html = html_of(test)
    value, period = sql(
        "select value, period from marts.fct_indicator_value where geo_id = 'PER' and "
        "indicator_id = 'broadband_adoption' and basis = 'wdi_per_100' and value is not null "
        "order by period desc limit 1"
    )[0]
    assert f"Broadband adoption: {value:,.1f} (subscriptions per 100 people, {period})" in html
    taiwan = html_of(run_page("economy", params={"economy": "Chinese Taipei"}))
    assert "Broadband adoption: no figure for Chinese Taipei" in taiwan
    few = run_page("economy", params={"economy": "Peru", "peers": ["Chile", "Japan"]})
    assert "only 2 peers have a value" in html_of(few)
