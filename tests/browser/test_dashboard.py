"""The dashboards in a real browser: figures against the file, maps that are drawn, no network.

Streamlit's own test runner does not draw: it cannot see a blank map, a script that fails in the
browser, or a request that leaves the machine.
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from pipelines import warehouse
from tests.browser.conftest import WIDE, Visit

pytestmark = pytest.mark.browser

NUMBER = re.compile(r"^−?[\d,]+(\.\d+)?$")


def test_every_page_shows_the_figures_of_the_file(visit: Visit, demo_home: Path) -> None:
    con = duckdb.connect(str(warehouse.current_path(demo_home)), read_only=True)
    page = visit.page
    page.goto(visit.address)
    visit.settle()
    _overview(visit, con)
    _fits_a_telephone(visit)
    visit.open("7. Entry of new firms")
    _entry(visit, con)
    _fits_a_telephone(visit)
    visit.open("Clusters by region")
    _clusters(visit, con)
    _fits_a_telephone(visit)
    visit.open("Quality and provenance")
    _known_to_readers(visit, con)
    _fits_a_telephone(visit)
    seen = ("Overview", "7. Entry of new firms", "Clusters by region", "Quality and provenance")
    assert set(seen) < set(visit.links())
    for link in visit.links():
        if link not in seen:
            visit.open(link)
            _known_to_readers(visit, con)
            _fits_a_telephone(visit)
            if re.match(r"^\d\. ", link):
                assert len(visit.ranking()) == 21, link
    con.close()
    assert visit.errors == []
    assert visit.strangers == []


def _overview(visit: Visit, con: duckdb.DuckDBPyConnection) -> None:
    page = visit.page
    assert page.locator("h1").inner_text() == "Industrial cluster indicators"
    _known_to_readers(visit, con)
    shown = page.locator(".ck-figure").all_inner_texts()
    cells, values = con.execute(
        "select count(*), count(value) from marts.fct_indicator_value"
    ).fetchall()[0]
    assert f"{cells:,}" in shown
    assert f"{values:,} with a value" in page.locator(".ck-remark").all_inner_texts()
    rows = page.eval_on_selector_all(
        ".ck-matrix tbody tr:not(.ck-group)",
        "rows => rows.map(r => [...r.cells].map(c => c.innerText.trim()))",
    )
    heads = page.locator(".ck-matrix thead th").all_inner_texts()
    assert len(heads) == 22
    expected = {
        (name, geo): latest or status
        for name, geo, latest, status in con.execute(
            "select indicator_name, geo_id, latest_period, obs_status from meta.coverage "
            "join marts.dim_geo using (geo_id) join marts.dim_indicator using (indicator_id) "
            "where is_apec"
        ).fetchall()
    }
    found = {
        (row[0], head): text for row in rows for head, text in zip(heads[1:], row[1:], strict=True)
    }
    assert {key: found[key] for key in expected} == expected


def _entry(visit: Visit, con: duckdb.DuckDBPyConnection) -> None:
    _known_to_readers(visit, con)
    _ranking_is_the_files(visit, con, "wdi_llc_density", 21)
    _map_is_drawn(visit.areas_of_chart(0), colours=4, dots=15_000)
    assert len(visit.areas_of_chart(1)) >= 3, "no lines are drawn"
    _download_is_the_files(visit, con, "wdi_llc_density", "economy")
    visit.page.get_by_role("radio", name=re.compile("^US states")).or_(
        visit.page.get_by_role("button", name=re.compile("^US states"))
    ).first.click()
    visit.page.wait_for_selector('tr[data-geo="USA-FIPS-06"]')
    visit.settle()
    _ranking_is_the_files(visit, con, "bds_establishment_pct", 51)
    _map_is_drawn(visit.areas_of_chart(0), colours=4, dots=15_000)
    _download_is_the_files(visit, con, "bds_establishment_pct", "state")


def _clusters(visit: Visit, con: duckdb.DuckDBPyConnection) -> None:
    _known_to_readers(visit, con)
    _map_is_drawn(visit.areas_of_chart(0), colours=4, dots=30_000)
    states = visit.ranking()
    visit.choose("Level", "US counties")
    visit.page.wait_for_function(
        "old => document.querySelector('tr[data-geo]')?.dataset.geo !== old", arg=states[0][0]
    )
    visit.settle()
    assert "level=" in visit.page.url, "the address does not keep the view"
    _map_is_drawn(visit.areas_of_chart(0), colours=5, dots=10_000)
    rows = visit.download()
    one = rows[0]
    assert {"SYNTHETIC" in row["notice"] for row in rows} == {True}
    key = (one["basis"], one["cluster_id"])
    period = next(row["period"] for row in rows if row["period"])
    cells = con.execute(
        "select geo_id, value from marts.fct_indicator_value join marts.dim_geo using (geo_id) "
        "where indicator_id = 'location_quotient' and basis = ? and cluster_id = ? and period = ? "
        "and geo_type = 'county' and value is not null",
        [*key, period],
    ).fetchall()
    found = {row["geo_id"]: float(row["value"]) for row in rows if row["value"]}
    assert found == pytest.approx(dict(cells), rel=1e-12)
    ranked = con.execute(
        "select geo_id, value from marts.fct_indicator_value join marts.dim_geo using (geo_id) "
        "where indicator_id = 'location_quotient' and basis = ? and cluster_id = ? and period = ? "
        "and geo_type = 'county' and value is not null and obs_status <> 'U'",
        [*key, period],
    ).fetchall()
    values = dict(ranked)
    shown = visit.ranking()
    assert len(shown) == min(15, len(values))
    for geo, text, _ in shown:
        _same(text, values[geo])
    cut = min(values[geo] for geo, _, _ in shown)
    assert sum(value > cut for value in values.values()) < len(shown)


def _known_to_readers(visit: Visit, con: duckdb.DuckDBPyConnection) -> None:
    """Every page says that it is a demo, which release it is, and shows three clocks."""
    page = visit.page
    for trouble in ("stException", "stAlert"):
        assert page.get_by_test_id(trouble).count() == 0
    release_id, notice = con.execute("select release_id, notice from meta.release").fetchall()[0]
    banner = page.get_by_role("alert").first
    assert "SYNTHETIC DEMONSTRATION DATA" in banner.inner_text()
    assert notice.partition(". ")[2] in banner.inner_text()
    box = banner.bounding_box()
    assert box and box["y"] < 200 and box["width"] > 600
    assert page.locator(".ck-water").count() == 1
    text = page.locator(".ck-strip").inner_text()
    for word in (release_id, "Last checked", "Last changed at source", "Reference period"):
        assert word in text


def _fits_a_telephone(visit: Visit) -> None:
    """Nothing is wider than a narrow screen; wide tables scroll in a box of their own."""
    page = visit.page
    page.set_viewport_size({"width": 420, "height": 900})
    page.wait_for_timeout(700)
    width = page.evaluate(
        "Math.max(document.documentElement.scrollWidth, "
        "document.querySelector('[data-testid=\"stMain\"]').scrollWidth)"
    )
    heading = page.locator("h1").inner_text()
    page.set_viewport_size(WIDE)
    visit.settle()
    assert width <= 420, f"{heading} is {width} dots wide"


def _ranking_is_the_files(
    visit: Visit, con: duckdb.DuckDBPyConnection, basis: str, places: int
) -> None:
    heading = visit.page.get_by_role("heading", name=re.compile(r"^Ranking, ")).inner_text()
    period = heading.removeprefix("Ranking, ")
    cells = {
        geo: (value, status)
        for geo, value, status in con.execute(
            "select geo_id, value, obs_status from marts.fct_indicator_value "
            "where indicator_id = 'entry_rate' and basis = ? and period = ?",
            [basis, period],
        ).fetchall()
    }
    shown = visit.ranking()
    assert len(shown) == places
    assert any(value is not None for value, _ in cells.values())
    for geo, text, mark in shown:
        value, status = cells.get(geo, (None, "·"))
        assert mark == status, geo
        if value is None:
            assert not NUMBER.match(text), geo
        else:
            _same(text, value)


def _download_is_the_files(
    visit: Visit, con: duckdb.DuckDBPyConnection, basis: str, geo_type: str
) -> None:
    rows = visit.download()
    assert {"SYNTHETIC" in row["notice"] for row in rows} == {True}
    assert {row["basis"] for row in rows} == {basis}
    found = {(row["geo_id"], row["period"]): float(row["value"]) for row in rows if row["value"]}
    expected = con.execute(
        "select geo_id, period, value from marts.fct_indicator_value "
        "join marts.dim_geo using (geo_id) where indicator_id = 'entry_rate' and basis = ? "
        "and value is not null and geo_type = ? and (is_apec or geo_type <> 'economy')",
        [basis, geo_type],
    ).fetchall()
    assert found == pytest.approx({(geo, year): value for geo, year, value in expected}, rel=1e-12)


def _map_is_drawn(areas: dict[tuple[int, int, int], int], *, colours: int, dots: int) -> None:
    assert len(areas) >= colours, f"the map shows {len(areas)} colours: {areas}"
    assert sum(areas.values()) >= dots, f"the map covers {sum(areas.values())} dots: {areas}"


def _same(text: str, value: float) -> None:
    """The text is the value, rounded to the digits that it shows."""
    assert NUMBER.match(text), text
    digits = len(text.partition(".")[2])
    shown = float(text.replace(",", "").replace("−", "-"))
    assert shown == pytest.approx(value, abs=0.5001 * 10**-digits)
