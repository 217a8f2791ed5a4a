"""A dashboard server over the demo release, and a browser that refuses to leave this machine."""

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

import pytest
from PIL import Image

from tests.conftest import PROJECT_ROOT

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
# Counts how often the page's script began to run.
COUNT_RUNS = """
    window.ckRuns = 0;
    new MutationObserver(changes => {
        for (const change of changes)
            if (change.target.getAttribute('data-test-script-state') === 'running')
                window.ckRuns += 1;
    }).observe(document, {
        subtree: true, attributes: true, attributeFilter: ['data-test-script-state'],
    });
"""


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

    def links(self) -> list[str]:
        """The pages in the menu."""
        return self.page.get_by_test_id("stPageLink-NavLink").all_inner_texts()

    def choose(self, label: str, option: str) -> None:
        """Choose an option of a select box; written into it, for long lists are drawn in part."""
        self.page.get_by_role("combobox", name=re.compile(label)).first.click()
        self.page.keyboard.type(option)
        runs = self.page.evaluate("() => window.ckRuns")
        self.page.get_by_role("option", name=option, exact=True).click()
        # on a busy machine the page rests for a while before its script starts
        self.page.wait_for_function("runs => window.ckRuns > runs", arg=runs, timeout=60_000)
        self.settle()

    def ranking(self) -> list[tuple[str, str, str]]:
        """(geo_id, value, mark) of the rows of the ranking, as they are shown."""
        return self.page.eval_on_selector_all(
            "tr[data-geo]",
            "rows => rows.map(r => [r.dataset.geo, "
            "(r.querySelector('.ck-value') ?? r.cells[r.cells.length - 2]).innerText.trim(), "
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
        page.add_init_script(COUNT_RUNS)
        seen = Visit(page, address)

        def guard(route: object) -> None:
            if urlsplit(route.request.url).hostname in LOCAL:
                route.continue_()
            else:
                seen.strangers.append(route.request.url)
                route.abort()

        page.route(re.compile(r"^https?://"), guard)

        def note(message: object) -> None:
            # Below the address of a page Streamlit first looks for its own there, in vain.
            if message.type == "error" and "/_stcore/" not in message.location["url"]:
                seen.errors.append(message.text)

        page.on("console", note)
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        yield seen
        browser.close()


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
