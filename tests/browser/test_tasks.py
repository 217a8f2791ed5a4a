"""What a stakeholder comes for, one task after the other; each figure on the screen is the file's.

Tasks that `test_dashboard` walks (the overview's matrix, a guideline's ranking and map, counties on
a map) are not repeated here.
"""

from __future__ import annotations

import re

import duckdb
import pytest

from pipelines import warehouse
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_ten_tasks_of_a_stakeholder(visit: Visit, demo_home: object) -> None:
    con = duckdb.connect(str(warehouse.current_path(demo_home)), read_only=True)
    visit.page.goto(visit.address)
    visit.settle()
    _how_does_my_economy_stand(visit, con)
    _what_are_two_economies_side_by_side(visit, con)
    number = _who_leads_in_an_indicator(visit, con)
    _where_does_this_number_come_from(visit, con, number)
    _what_is_missing_and_why(visit, con)
    _can_the_release_be_trusted(visit, con)
    _how_is_it_defined(visit, con)
    _ask_the_file_itself(visit, con)
    con.close()
    assert visit.errors == []
    assert visit.strangers == []


def _how_does_my_economy_stand(visit: Visit, con: duckdb.DuckDBPyConnection) -> None:
    """Overview → a click on an economy → its profile, with the newest figure in words."""
    page = visit.page
    shown = page.locator(".ck-chips a", has_text="Peru")
    filled = con.execute(
        "select count(latest_period) from meta.coverage where geo_id = 'PER'"
    ).fetchall()[0][0]
    assert shown.inner_text().split() == ["Peru", str(filled)]
    shown.click()
    page.wait_for_function("() => document.querySelector('h1')?.innerText.startsWith('Profile')")
    visit.settle()
    assert "economy=Peru" in page.url
    value, period = _newest(con, "PER", "broadband_adoption", "wdi_per_100")
    told = page.locator(".ck-told").first.inner_text()
    assert f"Broadband adoption: {value:,.1f} (subscriptions per 100 people, {period})" in told


def _what_are_two_economies_side_by_side(visit: Visit, con: duckdb.DuckDBPyConnection) -> None:
    page = visit.page
    visit.open("Compare economies")
    economies = dict(
        con.execute("select geo_name, geo_id from marts.dim_geo where is_apec").fetchall()
    )
    heads = page.locator(".ck-beside thead th").all_inner_texts()[1:]
    assert len(heads) >= 2
    row = page.locator(".ck-beside tr", has_text="subscriptions per 100 people")
    for head, cell in zip(heads, row.locator("td").all_inner_texts(), strict=True):
        value, period = _newest(con, economies[head], "broadband_adoption", "wdi_per_100")
        assert cell.split() == [f"{value:,.1f}", period]


def _who_leads_in_an_indicator(visit: Visit, con: duckdb.DuckDBPyConnection) -> str:
    """One indicator: the first of the ranking has the highest value; its number is clicked."""
    page = visit.page
    visit.open("One indicator")
    visit.choose("^Indicator", "Indigenous patent share")
    heading = page.get_by_role("heading", name=re.compile(r"^(Ranking|Values), ")).inner_text()
    period = heading.split(", ")[1]
    geo, text, _ = visit.ranking()[0]
    best = con.execute(
        "select f.geo_id, f.value from marts.fct_indicator_value f join marts.dim_geo g "
        "using (geo_id) where f.indicator_id = 'indigenous_patent_share' and f.period = ? "
        "and f.value is not null and g.is_apec and f.obs_status <> 'U' order by 2 desc limit 1",
        [period],
    ).fetchall()[0]
    assert geo == best[0] and float(text) == pytest.approx(best[1], abs=0.0051)
    page.locator("tr[data-geo] a.ck-from").first.click()
    page.wait_for_function("() => document.querySelector('h1')?.innerText.startsWith('Passport')")
    visit.settle()
    return f"indigenous_patent_share|{geo}|{period}"


def _where_does_this_number_come_from(
    visit: Visit, con: duckdb.DuckDBPyConnection, number: str
) -> None:
    page = visit.page
    indicator, geo, period = number.split("|")
    value, terms, ids = con.execute(
        "select value, components, source_ids from marts.fct_indicator_value "
        "where indicator_id = ? and geo_id = ? and period = ?",
        [indicator, geo, period],
    ).fetchall()[0]
    facts = page.locator(".ck-facts", has_text="To the last digit").inner_text()
    assert float(facts.split("\n")[1].replace(",", "")) == value
    table = page.locator(".ck-table", has_text="Comes from")
    shown = [float(t.replace(",", "")) for t in table.locator("tbody .ck-num").all_inner_texts()]
    assert shown == pytest.approx(list(terms.values()))
    cards = page.locator(".ck-cards li").all_inner_texts()
    assert len(cards) == len(ids)
    for sha256, url in con.execute(
        "select entity_sha256[1], url from meta.source_snapshot "
        "where list_contains(?, snapshot_id)",
        [ids],
    ).fetchall():
        assert any(sha256 in card and url in card for card in cards)
    page.go_back()
    page.wait_for_function("() => document.querySelector('h1')?.innerText === 'One indicator'")
    visit.settle()
    assert visit.ranking()[0][0] == geo, "the way back does not restore the view"


def _what_is_missing_and_why(visit: Visit, con: duckdb.DuckDBPyConnection) -> None:
    page = visit.page
    visit.open("Coverage")
    page.get_by_text("Core set only").click()
    visit.settle()
    core, filled = con.execute(
        "select count(distinct indicator_id), count(distinct indicator_id) "
        "filter (where latest_period is not null) from marts.mart_coverage_matrix where is_core "
        "and geo_type = 'economy'"
    ).fetchall()[0]
    assert f"{filled} of {core}" in page.locator(".ck-figure").all_inner_texts()
    assert page.locator(".ck-matrix tbody tr:not(.ck-group)").count() == core
    blank = con.execute(
        "select count(*) from marts.mart_coverage_matrix where is_core "
        "and geo_type = 'economy' and latest_period is null"
    ).fetchall()[0][0]
    assert page.locator(".ck-matrix td.ck-none").count() == blank
    reasons = page.locator(".ck-table", has_text="Reason").inner_text()
    assert (
        con.execute(
            "select reason from marts.mart_coverage_matrix where is_core and geo_id = 'TWN' "
            "and indicator_id = 'broadband_adoption'"
        ).fetchall()[0][0]
        in reasons
    )


def _can_the_release_be_trusted(visit: Visit, con: duckdb.DuckDBPyConnection) -> None:
    visit.open("Quality and provenance")
    total, passed = con.execute(
        "select count(*), count(*) filter (where passed) from meta.check_result"
    ).fetchall()[0]
    landed, kept, held = con.execute(
        "select sum(rows_landed)::bigint, sum(rows_promoted)::bigint, "
        "sum(rows_quarantined)::bigint from meta.source_snapshot"
    ).fetchall()[0]
    shown = visit.page.locator(".ck-figure").all_inner_texts()
    assert shown[:4] == [f"{passed:,} of {total:,}", f"{landed:,}", f"{kept:,}", f"{held:,}"]


def _how_is_it_defined(visit: Visit, con: duckdb.DuckDBPyConnection) -> None:
    page = visit.page
    visit.open("Methodology")
    page.get_by_label("Find").fill("patent filings")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => document.querySelectorAll('[data-testid=\"stExpander\"]').length < 20"
    )
    visit.settle()
    page.get_by_text("indigenous_patent_share").first.click()
    formula = con.execute(
        "select formula from marts.dim_indicator where indicator_id = 'indigenous_patent_share'"
    ).fetchall()[0][0]
    assert page.get_by_text(formula).first.is_visible()


def _ask_the_file_itself(visit: Visit, con: duckdb.DuckDBPyConnection) -> None:
    page = visit.page
    visit.open("Workbench")
    sql = "select count(*) as n from marts.fct_indicator_value where obs_status = 'C'"
    page.get_by_role("textbox").first.fill(sql)
    page.get_by_role("button", name=re.compile("^Run")).first.click()
    page.wait_for_selector('[data-testid="stDataFrame"]')
    visit.settle()
    assert visit.download()[0]["n"] == str(con.execute(sql).fetchall()[0][0])


def _newest(
    con: duckdb.DuckDBPyConnection, geo: str, indicator: str, basis: str
) -> tuple[float, str]:
    return con.execute(
        "select value, period from marts.fct_indicator_value where geo_id = ? "
        "and indicator_id = ? and basis = ? and value is not null order by period desc limit 1",
        [geo, indicator, basis],
    ).fetchall()[0]
