"""Sign-in: off by default; asked for, nothing is shown to a stranger, set up or not."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.conftest import PROJECT_ROOT
from tests.dashboards.conftest import html_of


def _open() -> AppTest:
    return AppTest.from_file(str(PROJECT_ROOT / "dashboards" / "app.py"), default_timeout=60).run()


def test_a_stranger_sees_nothing_and_a_missing_set_up_lets_nobody_in(
    serving: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERKPI_SIGN_IN", "true")
    test = _open()
    assert not test.exception
    assert [button.label for button in test.button] == ["Sign in"]
    assert "ck-strip" not in html_of(test) and not test.get("page_link")
    test.button(key="sign_in").click().run()
    assert not test.exception
    assert "not set up" in test.error[0].value
    assert "ck-strip" not in html_of(test)


@pytest.mark.parametrize("claim", [False, None, "true", 1])
def test_only_a_sign_in_of_the_provider_counts(
    serving: Path, monkeypatch: pytest.MonkeyPatch, claim: object
) -> None:
    monkeypatch.setenv("CLUSTERKPI_SIGN_IN", "true")
    monkeypatch.setattr(st, "user", {"is_logged_in": claim})
    assert [button.label for button in _open().button] == ["Sign in"]


def test_whoever_is_signed_in_sees_the_pages_and_can_leave(
    serving: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERKPI_SIGN_IN", "true")
    monkeypatch.setattr(st, "user", {"is_logged_in": True})
    test = _open()
    assert not test.exception
    assert "ck-strip" in html_of(test)
    assert "Sign out" in [button.label for button in test.button]
