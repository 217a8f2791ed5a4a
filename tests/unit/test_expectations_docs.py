"""The page of the quality gates: it escapes, loads nothing, and shows the worst first."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from expectations import docs
from expectations.model import CheckResult

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def _result(name: str, severity: str, passed: bool, observed: str = "x") -> CheckResult:
    return CheckResult(f"gx.{name}", "gx", "marts.t", name, severity, passed, observed, "y", 1, NOW)


META = {
    "release_id": "20260102T030405Z",
    "built_at": NOW,
    "realm": "synthetic",
    "is_synthetic": True,
    "notice": None,
    "quarantine": [
        {
            "table_name": "raw.t",
            "rule": "minimum",
            "column_name": "emp",
            "rows_count": 1234,
            "reason": "-1 < 0",
            "snapshot_id": "s/p@1",
        }
    ],
}


def test_page_escapes_everything_and_loads_nothing(tmp_path: Path) -> None:
    evil = _result("<script>alert(1)</script>", "critical", False, '"><img src=x>')
    meta = META | {"notice": "<b>bold</b>", "release_id": "<i>"}
    text = docs.render([evil], meta, tmp_path / "new").read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    for raw in ("<script", "<img", "<b>bold", "<i>", "http:", "https:", "url(", "@import", "src="):
        assert raw not in text.replace("src=x&gt;", ""), raw
    assert "-1 &lt; 0" in text
    assert "1,234" in text


@pytest.mark.parametrize("synthetic", [True, False])
def test_page_is_watermarked_when_synthetic(tmp_path: Path, synthetic: bool) -> None:
    text = docs.render([], META | {"is_synthetic": synthetic}, tmp_path).read_text()
    assert ('class="watermark"' in text) is synthetic
    assert ("Synthetic demo figures" in text) is synthetic


def test_page_puts_critical_failures_first(tmp_path: Path) -> None:
    results = [
        _result("a passing check", "critical", True),
        _result("a mild one", "warning", False),
        _result("a grave one", "critical", False),
        dataclasses.replace(_result("unique", "critical", True), owner="dbt"),
    ]
    text = docs.render(results, META, tmp_path).read_text()
    places = [text.index(name) for name in ("a grave one", "a mild one", "Quarantine</h2>")]
    assert places == sorted(places)
    assert text.index("Build tests (dbt)") < text.index("Plausibility and comparison")
    assert "Held back: a critical check failed" in text
    warned = docs.render([results[1]], META, tmp_path).read_text()
    assert "Cleared for publishing, with warnings." in warned
    clear = docs.render([results[0]], META | {"quarantine": []}, tmp_path).read_text()
    assert "Cleared for publishing: every check passed." in clear
    assert "No row broke its contract." in clear
