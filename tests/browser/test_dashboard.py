"""The dashboards in a real browser: figures against the file, maps that are drawn, no network.

Streamlit's own test runner does not draw: it cannot see a blank map, a script that fails in the
browser, or a request that leaves the machine.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pytest
from PIL import Image

from pipelines import warehouse
from tests.conftest import PROJECT_ROOT

pytestmark = pytest.mark.browser

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
WIDE = {"width": 1400, "height": 1000}
LOCAL = ("127.0.0.1", "localhost")
NUMBER = re.compile(r"^−?[\d,]+(\.\d+)?$")


@dataclass
class Visit:
    """A browser page on the dashboards, with what it did behind the scenes."""

    page: object
    address: str
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Wait until the page is drawn: no script runs, and no element is stale."""
        page = self.page
        page.wait_for_selector("h1", timeout=60_000)
        page.wait_for_function(
            """() => document.querySelector('[data-testid="stApp"]')
                 ?.getAttribute('data-test-script-state') === 'notRunning'
               && !document.querySelector('[data-stale="true"]')
               && !document.querySelector('[data-testid="stSkeleton"]')""",
            timeout=60_000,
        )
        page.wait_for_timeout(400)

    def open(self, link: str) -> None:
        """Click on a page in the menu."""
        before = self.page.locator("h1").inner_text()
        self.page.get_by_role("link", name=link, exact=True).click()
        self.page.wait_for_function(
            "old => document.querySelector('h1')?.innerText !== old", arg=before, timeout=60_000
        )
        self.settle()

    def choose(self, label: str, option: str) -> None:
        """Choose an option of a select box."""
        self.page.get_by_role("combobox", name=re.compile(label)).first.click()
        self.page.get_by_role("option", name=option, exact=True).click()
        self.settle()

    def ranking(self) -> list[tuple[str, str, str]]:
        """(geo_id, value, mark) of the rows of the ranking, as they are shown."""
        return self.page.eval_on_selector_all(
            "tr[data-geo]",
            "rows => rows.map(r => [r.dataset.geo, r.cells[r.cells.length - 2].innerText.trim(), "
            "r.cells[r.cells.length - 1].innerText.trim()])",
        )

    def areas_of_chart(self, number: int) -> dict[tuple[int, int, int], int]:
        """Colour → dots, for colours that really fill an area of a chart on the screen.

        Greys do not count, nor what is smaller than an entry of the legend (170 dots), nor the
        watermark: a chart with nothing but its frame gives an empty answer.
        """
        chart = self.page.locator('[data-testid="stVegaLiteChart"]').nth(number)
        chart.scroll_into_view_if_needed()
        self.page.wait_for_timeout(500)
        shot = chart.screenshot(style=".ck-water { display: none }")
        picture = Image.open(io.BytesIO(shot)).convert("RGB")
        counted = picture.getcolors(picture.width * picture.height) or []
        return {
            colour: dots
            for dots, colour in counted
            if dots > 300 and max(colour) - min(colour) >= 20
        }

    def download(self) -> list[dict[str, str]]:
        """The rows of the file behind the first download button."""
        with self.page.expect_download() as waiting:
            self.page.get_by_role("button", name="Download these figures (CSV)").first.click()
        assert waiting.value.suggested_filename.startswith("SYNTHETIC_")
        text = Path(waiting.value.path()).read_text(encoding="utf-8")
        return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def chromium() -> str:
    """Path of an installed Chromium."""
    for name in CHROMIUM:
        if found := shutil.which(name):
            return found
    reason = f"none of {', '.join(CHROMIUM)} is installed"
    if os.environ.get("CLUSTERKPI_REQUIRE_BROWSER") == "1":
        pytest.fail(f"CLUSTERKPI_REQUIRE_BROWSER=1, but {reason}")
    pytest.skip(f"{reason}; on Debian: apt-get install chromium")


@pytest.fixture(scope="module")
def address(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard server on a free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("browser") / "streamlit.log"
    command = [
        *(sys.executable, "-m", "streamlit", "run", "dashboards/app.py"),
        *("--server.port", str(port), "--server.address", "127.0.0.1"),
    ]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env={**os.environ, "CLUSTERKPI_HOME": str(demo_home)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(port, server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture
def visit(chromium: str, address: str, tmp_path: Path) -> Iterator[Visit]:
    """A fresh browser that refuses, and records, every request that is not to this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=chromium,
            args=FLAGS,
            viewport=WIDE,
            accept_downloads=True,
        )
        page = browser.pages[0]
        page.set_default_timeout(30_000)
        seen = Visit(page, address)

        def guard(route: object) -> None:
            if urlsplit(route.request.url).hostname in LOCAL:
                route.continue_()
            else:
                seen.strangers.append(route.request.url)
                route.abort()

        page.route(re.compile(r"^https?://"), guard)
        page.on("console", lambda m: seen.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        yield seen
        browser.close()


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
    links = page.get_by_test_id("stSidebarNavLink").all_inner_texts()
    assert set(seen) < set(links)
    for link in links:
        if link not in seen:
            visit.open(link)
            _known_to_readers(visit, con)
            assert len(visit.ranking()) == 21
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
        ".ck-matrix tbody tr", "rows => rows.map(r => [...r.cells].map(c => c.innerText.trim()))"
    )
    heads = page.locator(".ck-matrix thead th").all_inner_texts()
    assert len(rows) == 21
    expected = {
        (geo, name): latest or status
        for geo, name, latest, status in con.execute(
            "select geo_name, indicator_name, latest_period, obs_status from meta.coverage "
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
    assert len(visit.areas_of_chart(0)) >= 3, "no lines are drawn"
    _download_is_the_files(visit, con, "wdi_llc_density")
    visit.page.get_by_role("radio", name=re.compile("^US states")).or_(
        visit.page.get_by_role("button", name=re.compile("^US states"))
    ).first.click()
    visit.page.wait_for_selector('tr[data-geo="USA-FIPS-06"]')
    visit.settle()
    _ranking_is_the_files(visit, con, "bds_establishment_pct", 51)
    _map_is_drawn(visit.areas_of_chart(1), colours=8, dots=15_000)
    _download_is_the_files(visit, con, "bds_establishment_pct")


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


def _download_is_the_files(visit: Visit, con: duckdb.DuckDBPyConnection, basis: str) -> None:
    rows = visit.download()
    assert {"SYNTHETIC" in row["notice"] for row in rows} == {True}
    assert {row["basis"] for row in rows} == {basis}
    found = {(row["geo_id"], row["period"]): float(row["value"]) for row in rows if row["value"]}
    expected = con.execute(
        "select geo_id, period, value from marts.fct_indicator_value "
        "join marts.dim_geo using (geo_id) where indicator_id = 'entry_rate' and basis = ? "
        "and value is not null and (is_apec or geo_type <> 'economy')",
        [basis],
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


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if server.poll() is not None:
            pytest.fail(f"streamlit ended with {server.returncode}:\n{log.read_text()}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"streamlit did not answer on port {port} in 60 s:\n{log.read_text()}")
