"""Profiles become transports; the live one goes through the office's proxy if there is one."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2 as httpx
import pytest

from pipelines.errors import ConfigError
from pipelines.http.classify import Outcome
from pipelines.http.client import Client, RequestSpec, RetryPolicy
from pipelines.settings import Settings
from pipelines.transports import DEMO_NOTICE, open_profile


def test_demo_profile_is_synthetic_and_says_so() -> None:
    profile = open_profile(Settings(profile="demo"))
    asked = httpx.Request("GET", "https://api.worldbank.org/v2/sources/2?format=json")
    assert b"SYNTHETIC" in profile.transport.handle_request(asked).read()
    assert profile.notice == DEMO_NOTICE and not profile.polite
    assert profile.settings.realm == "synthetic"


def test_live_profile_is_official_and_polite() -> None:
    profile = open_profile(Settings(profile="live"))
    assert profile.polite and profile.settings.realm == "official"


@pytest.mark.parametrize("name", ["", "demo:1", "live:now", "replay", "replay:", "Live"])
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="there are `demo`, `live` and `replay:INDEX_FILE`"):
        open_profile(Settings(profile=name))


def test_live_requests_go_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            asked.append(self.path)
            self.send_error(503)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.server_address[1]}")
    profile = open_profile(Settings(profile="live"))
    client = Client(profile.transport, tmp_path, policy=RetryPolicy(attempts=1), polite=False)
    got = client.fetch(RequestSpec("s", "p", "https://statistics.example/f"))
    server.shutdown()
    server.server_close()
    assert asked == ["statistics.example:443"]
    assert got.outcome is Outcome.TRANSIENT
