"""The dashboards read a file: the machinery that builds it stays out of their process."""

from __future__ import annotations

import subprocess
import sys
import tomllib

from tests.conftest import PROJECT_ROOT

PROBE = """
import sys
from dashboards import app, charts, data, maps, page, style, tables, words
from dashboards.views import cluster, guideline, overview, quality
heavy = {"dagster", "dbt", "great_expectations", "expectations", "httpx2"}
print(sorted({name.split(".")[0] for name in sys.modules} & heavy))
allowed = {"errors", "settings", "storage", "warehouse"}
own = {name.split(".")[1] for name in sys.modules if name.startswith("pipelines.")}
print(sorted(own - allowed))
"""


def test_no_builder_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["[]", "[]"]


def test_nothing_is_reported_or_fetched_by_configuration() -> None:
    config = tomllib.loads((PROJECT_ROOT / ".streamlit" / "config.toml").read_text())
    assert config["browser"]["gatherUsageStats"] is False
    theme = config["theme"]
    for font in (theme["font"], theme["headingFont"], theme["codeFont"]):
        assert "http" not in font
    assert "fontFaces" not in theme


def test_no_expression_calls_back_into_python() -> None:
    """Polars calls such functions from its own threads: two sessions at once can wait for ever."""
    for file in (PROJECT_ROOT / "dashboards").rglob("*.py"):
        code = file.read_text(encoding="utf-8")
        for name in (".map_elements(", ".map_batches(", ".map_groups(", ".map_rows("):
            assert name not in code, file
