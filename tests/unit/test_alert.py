"""A failed night is told to somebody, and telling never hides the failure or a secret."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import httpx2 as httpx
import pytest

from pipelines import alert
from pipelines.settings import PROJECT_ROOT, Settings, load_settings

TOKEN = "s3cr3t-t0ken"
PAYLOAD = {"exit_code": 1, "message": "wdi/SP.POP.TOTL failed", "profile": "demo"}


def settings(tmp_path: Path, **values: str) -> Settings:
    return load_settings(home=tmp_path, **values)


def command(tmp_path: Path, body: str) -> str:
    script = tmp_path / "tell.py"
    script.write_text(body)
    return f"{sys.executable} {script} --token {TOKEN}"


def test_nothing_is_sent_where_nothing_is_set(tmp_path: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"asked {request.url}")

    assert alert.notify(settings(tmp_path), PAYLOAD, transport=httpx.MockTransport(refuse)) == []


def test_command_gets_the_payload_on_stdin(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    words = command(
        tmp_path, f"import sys, pathlib; pathlib.Path({str(told)!r}).write_text(sys.stdin.read())"
    )
    assert alert.notify(settings(tmp_path, failure_command=words), PAYLOAD) == []
    record = json.loads(told.read_text())
    assert record["message"] == "wdi/SP.POP.TOTL failed"
    assert (record["event"], record["exit_code"]) == ("night_failed", 1)
    assert record["home"] == str(tmp_path)
    assert record["at"].endswith("+00:00")


def test_webhook_gets_the_same_payload(tmp_path: Path) -> None:
    requests: list[httpx.Request] = []

    def accept(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(204)

    hook = settings(tmp_path, failure_webhook=f"https://hooks.example.org/{TOKEN}")
    assert alert.notify(hook, PAYLOAD, transport=httpx.MockTransport(accept)) == []
    assert [r.method for r in requests] == ["POST"]
    assert requests[0].headers["content-type"] == "application/json"
    assert json.loads(requests[0].content)["message"] == "wdi/SP.POP.TOTL failed"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(500), "answered 500"),
        (httpx.Response(302, headers={"location": "https://elsewhere.example.org"}), "302"),
        (httpx.ConnectTimeout("timed out"), "ConnectTimeout"),
    ],
)
def test_webhook_that_fails_is_logged_without_its_address(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    answer: httpx.Response | Exception,
    expected: str,
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    hook = settings(tmp_path, failure_webhook=f"https://hooks.example.org/{TOKEN}?key={TOKEN}")
    with caplog.at_level(logging.DEBUG):
        problems = alert.notify(hook, PAYLOAD, transport=httpx.MockTransport(handler))
    assert len(problems) == 1
    assert "hooks.example.org" in problems[0] and expected in problems[0]
    assert problems[0] in caplog.text
    assert TOKEN not in caplog.text and TOKEN not in problems[0]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("import sys; sys.exit(3)", "exit code 3"),
        ("import sys; print(sys.argv, file=sys.stderr); sys.exit(1)", "exit code 1"),
        ("import time; time.sleep(30)", "stopped after"),
    ],
)
def test_command_that_fails_is_logged_without_its_arguments(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    expected: str,
) -> None:
    monkeypatch.setattr(alert, "COMMAND_TIMEOUT_S", 2.0)
    given = settings(tmp_path, failure_command=command(tmp_path, body))
    problems = alert.notify(given, PAYLOAD)
    assert len(problems) == 1 and expected in problems[0]
    assert problems[0] in caplog.text
    out, err = capfd.readouterr()
    assert TOKEN not in caplog.text + out + err


@pytest.mark.parametrize(
    ("words", "expected"),
    [("/no/such/program", "cannot be started"), ("mail 'open quote", "quotes"), ("   ", "blank")],
)
def test_command_that_cannot_run_says_why(tmp_path: Path, words: str, expected: str) -> None:
    problems = alert.notify(settings(tmp_path, failure_command=words), PAYLOAD)
    assert len(problems) == 1
    assert expected in problems[0] and "CLUSTERKPI_FAILURE_COMMAND" in problems[0]


def test_a_failing_command_does_not_keep_the_webhook_from_being_told(tmp_path: Path) -> None:
    posted: list[bytes] = []

    def accept(request: httpx.Request) -> httpx.Response:
        posted.append(request.content)
        return httpx.Response(200)

    both = settings(
        tmp_path, failure_command="/no/such/program", failure_webhook="https://hooks.example.org/x"
    )
    assert len(alert.notify(both, PAYLOAD, transport=httpx.MockTransport(accept))) == 1
    assert len(posted) == 1


def test_alert_does_not_import_dagster() -> None:
    code = "import sys, pipelines.alert; sys.exit('dagster' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, check=False)
    assert ended.returncode == 0
