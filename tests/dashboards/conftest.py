"""A home to read from, homes to change, and one way to run a page."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pipelines import warehouse

Run = Callable[..., AppTest]


@pytest.fixture
def serving(demo_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The demo release is the one that the dashboards show."""
    monkeypatch.setenv("CLUSTERKPI_HOME", str(demo_home))
    yield demo_home
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def own_home(demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of the test's own with a copy of the demo release, writable."""
    home = tmp_path / "own"
    (home / "published").mkdir(parents=True)
    shutil.copy(warehouse.current_path(demo_home), home / "published" / "release_one.duckdb")
    (home / "published" / "release_one.duckdb").chmod(0o644)
    warehouse.point_at(home, "one")
    monkeypatch.setenv("CLUSTERKPI_HOME", str(home))
    yield home
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def sql(demo_home: Path) -> Callable[..., list[tuple]]:
    """Ask the demo release directly, past the dashboards."""

    def ask(query: str, *parameters: object) -> list[tuple]:
        with duckdb.connect(str(warehouse.current_path(demo_home)), read_only=True) as con:
            return con.execute(query, list(parameters)).fetchall()

    return ask


@pytest.fixture
def run_page() -> Run:
    """Run one view in Streamlit's own test runner: `run_page("guideline", "'g7_entry'")`."""

    def run(
        view: str, *arguments: str, params: dict[str, str | list[str]] | None = None
    ) -> AppTest:
        words = ", ".join(["data.release_in_service()", *arguments])
        script = (
            f"from dashboards import data\nfrom dashboards.views import {view}\n"
            f"{view}.render({words})\n"
        )
        test = AppTest.from_string(script, default_timeout=60)
        for name, text in (params or {}).items():
            test.query_params[name] = text
        return test.run()

    return run


def html_of(test: AppTest) -> str:
    """All HTML that the page wrote, without its style sheet."""
    bodies = [element.proto.body for element in test.get("html")]
    return "\n".join(body for body in bodies if "<style>" not in body)


def rows_of(html: str) -> dict[str, list[str]]:
    """geo_id → text of the cells of its row in the rankings."""
    rows = re.findall(r'<tr data-geo="([^"]+)"[^>]*>(.*?)</tr>', html, re.S)
    return {
        geo: [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td.*?</td>", body, re.S)]
        for geo, body in rows
    }
