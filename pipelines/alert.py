"""Telling somebody that a night failed: a command that gets JSON on stdin, a webhook, or both.

A notification that cannot be delivered is logged and never raised: the failure that it was about
must stay the one that people see. Addresses and arguments may carry tokens, so that log lines
name a program or a host and nothing more.

Belongs here: delivery. Does not belong here: what counts as a failure (`steps`, `cli`, `defs`),
anything of Dagster's.
"""

from __future__ import annotations

import contextlib
import json
import logging
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx

from pipelines.settings import Settings

COMMAND_TIMEOUT_S = 60.0
WEBHOOK_TIMEOUT_S = 10.0

log = logging.getLogger(__name__)


def notify(
    settings: Settings,
    payload: Mapping[str, Any],
    *,
    transport: httpx.BaseTransport | None = None,
) -> list[str]:
    """Send `payload` to the command and the webhook of the settings, where they are set.

    Args:
        settings: `failure_command` and `failure_webhook`.
        payload: what happened. Where it came from and when are added to it.
        transport: stands in for the network.

    Returns:
        What went wrong with the notification itself, one sentence each; also logged as errors.
    """
    body = json.dumps(
        {
            "event": "night_failed",
            "software": "clusterkpi",
            "home": str(settings.home),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            **payload,
        },
        default=str,
    ).encode()
    problems = []
    if settings.failure_command:
        problems.append(_run_command(settings.failure_command, body))
    if settings.failure_webhook:
        problems.append(_post(settings.failure_webhook, body, transport))
    told = [problem for problem in problems if problem]
    for problem in told:
        log.error("%s", problem)
    return told


def _run_command(command: str, body: bytes) -> str | None:
    advice = "run it by hand with a line of JSON on stdin to see why (CLUSTERKPI_FAILURE_COMMAND)"
    try:
        words = shlex.split(command)
    except ValueError as error:
        return f"the failure command cannot be read ({error}); check its quotes; {advice}"
    if not words:
        return f"the failure command is blank; {advice}"
    program = Path(words[0]).name
    try:
        ended = subprocess.run(
            words,
            input=body,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # it may repeat its arguments, and with them a token
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return (
            f"failure command {program!r} was stopped after {COMMAND_TIMEOUT_S:.0f} s; nobody may "
            f"have been told; {advice}"
        )
    except OSError as error:
        return f"failure command {program!r} cannot be started: {error.strerror}; {advice}"
    if ended.returncode:
        return f"failure command {program!r} ended with exit code {ended.returncode}; {advice}"
    return None


def _post(url: str, body: bytes, transport: httpx.BaseTransport | None) -> str | None:
    try:
        host = urlsplit(url).hostname or "without a host"
    except ValueError:
        host = "that is no address"
    advice = "check CLUSTERKPI_FAILURE_WEBHOOK and that this machine can reach it"
    try:
        with _quiet(), httpx.Client(transport=transport, timeout=WEBHOOK_TIMEOUT_S) as client:
            reply = client.post(url, content=body, headers={"Content-Type": "application/json"})
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return f"failure webhook {host} cannot be reached: {type(error).__name__}; {advice}"
    if not reply.is_success:
        return f"failure webhook {host} answered {reply.status_code}; {advice}"
    return None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the HTTP library from logging the whole address, which it does at level INFO."""
    library = logging.getLogger(httpx.__name__)
    before = library.disabled
    library.disabled = True
    try:
        yield
    finally:
        library.disabled = before
