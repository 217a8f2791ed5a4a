"""The HTTP client against a loopback server that misbehaves on purpose."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2 as httpx
import pytest

from pipelines.http.classify import Media, Outcome
from pipelines.http.client import Client, RequestSpec, RetryPolicy, Validators

PAYLOAD = b"PK" + bytes(range(256)) * 4000
ETAG = '"v1"'
Reply = tuple[int, dict[str, str], bytes]


class Publisher:
    """Serves scripted replies and remembers what was asked."""

    def __init__(self) -> None:
        self.script: Callable[[BaseHTTPRequestHandler, int], Reply] = lambda _h, _n: (404, {}, b"")
        self.seen: list[dict[str, str]] = []
        self.hits: Counter[str] = Counter()
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.hits[self.path] += 1
                publisher.seen.append({k.lower(): v for k, v in self.headers.items()})
                status, headers, body = publisher.script(self, publisher.hits[self.path])
                self.send_response(status)
                cut = headers.pop("x-cut", None)
                headers.setdefault("Content-Length", str(len(body)))
                for key, value in headers.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(body[: int(cut)] if cut else body)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    served = Publisher()
    yield served
    served.server.shutdown()
    served.server.server_close()


def make_client(folder: Path, attempts: int = 3, **options: object) -> Client:
    policy = RetryPolicy(attempts, wait_initial_s=0.0, wait_max_s=2.0)
    return Client(httpx.HTTPTransport(), folder, policy=policy, polite=False, **options)  # type: ignore[arg-type]


def spec(publisher: Publisher, path: str = "/f", **options: object) -> RequestSpec:
    return RequestSpec("s", "p", publisher.base + path, **options)  # type: ignore[arg-type]


def file_spec(publisher: Publisher, **options: object) -> RequestSpec:
    return spec(publisher, media=Media.ZIP, static=True, **options)


def test_body_is_streamed_to_disk_with_its_hash(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = lambda _h, _n: (200, {"ETag": ETAG}, PAYLOAD)
    got = make_client(tmp_path).fetch(file_spec(publisher))
    assert got.outcome is Outcome.OK
    assert got.path is not None and got.path.read_bytes() == PAYLOAD
    assert got.sha256 == hashlib.sha256(PAYLOAD).hexdigest()
    assert got.validators.etag == ETAG


def test_cut_transfer_is_resumed_with_range_and_if_range(
    publisher: Publisher, tmp_path: Path
) -> None:
    def script(handler: BaseHTTPRequestHandler, number: int) -> Reply:
        if number == 1:
            return 200, {"ETag": ETAG, "x-cut": "500000"}, PAYLOAD
        start = int(handler.headers["Range"].removeprefix("bytes=").rstrip("-"))
        where = f"bytes {start}-{len(PAYLOAD) - 1}/{len(PAYLOAD)}"
        return 206, {"ETag": ETAG, "Content-Range": where}, PAYLOAD[start:]

    publisher.script = script
    got = make_client(tmp_path).fetch(file_spec(publisher))
    assert got.outcome is Outcome.OK and got.attempts == 2
    assert got.path is not None and got.path.read_bytes() == PAYLOAD
    second = publisher.seen[1]
    assert second["if-range"] == ETAG
    assert 0 < int(second["range"].removeprefix("bytes=").rstrip("-")) <= 500000


def test_transfer_is_resumed_by_the_next_process(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = lambda _h, _n: (200, {"ETag": ETAG, "x-cut": "300000"}, PAYLOAD)
    first = make_client(tmp_path, attempts=1).fetch(file_spec(publisher))
    assert first.outcome is Outcome.TRANSIENT

    def resume(handler: BaseHTTPRequestHandler, _number: int) -> Reply:
        start = int(handler.headers["Range"].removeprefix("bytes=").rstrip("-"))
        return 206, {"Content-Range": f"bytes {start}-/{len(PAYLOAD)}"}, PAYLOAD[start:]

    publisher.script = resume
    got = make_client(tmp_path, attempts=1).fetch(file_spec(publisher))
    assert got.path is not None and got.path.read_bytes() == PAYLOAD


def test_changed_file_is_fetched_from_the_start(publisher: Publisher, tmp_path: Path) -> None:
    newer = b"PK" + b"new" * 1000
    replies = [(200, {"ETag": ETAG, "x-cut": "9000"}, PAYLOAD), (200, {"ETag": '"v2"'}, newer)]
    publisher.script = lambda _h, number: replies[number - 1]
    got = make_client(tmp_path).fetch(file_spec(publisher))
    assert got.path is not None and got.path.read_bytes() == newer


def test_retry_after_is_honoured_and_a_long_one_parks(publisher: Publisher, tmp_path: Path) -> None:
    replies = [(429, {"Retry-After": "0"}, b"slow down"), (200, {}, b'{"a": 1}')]
    publisher.script = lambda _h, number: replies[number - 1]
    assert make_client(tmp_path).fetch(spec(publisher)).outcome is Outcome.OK
    publisher.script = lambda _h, _n: (429, {"Retry-After": "3600"}, b"slow down")
    parked = make_client(tmp_path).fetch(spec(publisher, "/long"))
    assert parked.outcome is Outcome.RATE_LIMITED and parked.attempts == 1
    assert parked.verdict.retry_after_s == 3600


def test_server_errors_are_tried_again_and_then_given_up(
    publisher: Publisher, tmp_path: Path
) -> None:
    publisher.script = lambda _h, _n: (503, {}, b"busy")
    got = make_client(tmp_path, attempts=4).fetch(spec(publisher))
    assert got.outcome is Outcome.TRANSIENT and got.attempts == 4


def test_html_instead_of_data_is_blocked_after_two(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = lambda _h, _n: (200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><p>")
    got = make_client(tmp_path, attempts=5).fetch(spec(publisher))
    assert got.outcome is Outcome.BLOCKED and got.attempts == 3
    assert got.path is None or not got.path.read_bytes().startswith(b"PK")


def test_breaker_opens_after_three_refusals(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = lambda _h, _n: (403, {}, b"Access Denied")
    client = make_client(tmp_path)
    for number in range(5):
        assert client.fetch(spec(publisher, f"/{number}")).outcome is Outcome.BLOCKED
    assert len(publisher.seen) == 3


def test_redirects_are_refused_unless_the_host_is_allowed(
    publisher: Publisher, tmp_path: Path
) -> None:
    def script(handler: BaseHTTPRequestHandler, _number: int) -> Reply:
        if handler.path == "/f":
            return 302, {"Location": "/g"}, b""
        return 200, {}, b'{"a": 1}'

    publisher.script = script
    refused = make_client(tmp_path).fetch(spec(publisher))
    assert refused.outcome is Outcome.BLOCKED and "redirect" in refused.verdict.detail
    hosts = frozenset({"127.0.0.1"})
    followed = make_client(tmp_path).fetch(spec(publisher, redirect_hosts=hosts))
    assert followed.outcome is Outcome.OK


def test_secrets_are_sent_but_not_to_the_redirect_target_nor_logged(
    publisher: Publisher, tmp_path: Path
) -> None:
    def script(handler: BaseHTTPRequestHandler, _number: int) -> Reply:
        if handler.path == "/f":
            return 302, {"Location": "/g"}, b""
        return 200, {}, b'{"a": 1}'

    publisher.script = script
    asked = spec(
        publisher, redirect_hosts=frozenset({"127.0.0.1"}), secret_headers={"X-Key": "hush"}
    )
    make_client(tmp_path).fetch(asked)
    assert publisher.seen[0]["x-key"] == "hush" and "x-key" not in publisher.seen[1]
    assert "hush" not in repr(asked) + asked.request_key + asked.public_url


def test_byte_ceiling_cuts_the_transfer(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = lambda _h, _n: (200, {}, PAYLOAD)
    got = make_client(tmp_path).fetch(file_spec(publisher, max_bytes=1000))
    assert got.outcome is Outcome.TOO_LARGE and got.path is None
    assert not list(tmp_path.glob("*.part"))


def test_conditional_get_only_for_static_files(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = lambda h, _n: (
        (304, {}, b"") if h.headers.get("If-None-Match") == ETAG else (200, {}, b'{"a": 1}')
    )
    known = Validators(etag=ETAG)
    assert make_client(tmp_path).fetch(spec(publisher), known).outcome is Outcome.OK
    assert make_client(tmp_path).fetch(file_spec(publisher), known).outcome is Outcome.NOT_MODIFIED


def test_undeclared_gzip_is_unpacked(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = lambda _h, _n: (200, {}, gzip.compress(b"a,b\n1,2\n"))
    got = make_client(tmp_path).fetch(spec(publisher, media=Media.CSV))
    assert got.path is not None and got.path.read_bytes() == b"a,b\n1,2\n"
    assert got.outcome is Outcome.OK


def test_no_network_is_an_outcome_not_an_exception(tmp_path: Path) -> None:
    nobody = RequestSpec("s", "p", "http://127.0.0.1:9/none")
    got = make_client(tmp_path, attempts=2).fetch(nobody)
    assert got.outcome is Outcome.TRANSIENT and "ConnectError" in got.verdict.detail


def test_requests_to_one_host_keep_their_distance(publisher: Publisher, tmp_path: Path) -> None:
    publisher.script = lambda _h, _n: (200, {}, b'{"a": 1}')
    now, pauses = [100.0], []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    host = publisher.base.removeprefix("http://")
    client = Client(
        httpx.HTTPTransport(), tmp_path, intervals={host: 6.5}, clock=lambda: now[0], sleep=sleep
    )
    for _ in range(3):
        client.fetch(spec(publisher))
    assert pauses == [6.5, 6.5]


def queue(publisher: Publisher, states: list[str]) -> None:
    """A publisher that queues `/f`; its status goes through `states`, then the data are there."""
    told = iter(states)

    def script(handler: BaseHTTPRequestHandler, _n: int) -> Reply:
        if handler.path.startswith("/async/status/"):
            return 200, {}, f"<r><status>{next(told)}</status></r>".encode()
        if handler.path == "/async/data/a-1":
            return 200, {}, b"geo,value\nDE21,1\n"
        envelope = (
            b'<S:Envelope xmlns:S="x"><queued><id>a-1</id><status>SUBMITTED</status></queued>'
        )
        return 200, {}, envelope + b"</S:Envelope>"

    publisher.script = script


def test_queued_extraction_is_polled_until_it_is_there(
    publisher: Publisher, tmp_path: Path
) -> None:
    queue(publisher, ["PROCESSING", "AVAILABLE"])
    asked = spec(publisher, media=Media.CSV, queue_url=publisher.base + "/async")
    got = make_client(tmp_path).fetch(asked)
    assert got.outcome is Outcome.OK and got.spec == asked
    assert got.path is not None and got.path.read_bytes() == b"geo,value\nDE21,1\n"
    assert publisher.hits == {"/f": 1, "/async/status/a-1": 2, "/async/data/a-1": 1}


def test_expired_extraction_is_asked_for_again_and_polling_ends(
    publisher: Publisher, tmp_path: Path
) -> None:
    queue(publisher, ["EXPIRED"] * 20)
    policy = RetryPolicy(1, wait_initial_s=0.0, queue_polls=3)
    client = Client(httpx.HTTPTransport(), tmp_path, policy=policy, polite=False)
    asked = spec(publisher, media=Media.CSV, queue_url=publisher.base + "/async")
    got = client.fetch(asked)
    assert got.outcome is Outcome.QUEUED
    assert publisher.hits["/f"] == 4


def test_queue_without_a_ticket_is_the_same_request_again_after_a_pause(
    publisher: Publisher, tmp_path: Path
) -> None:
    label = "ASYNCHRONOUS_RESPONSE. Your request will be treated asynchronously."
    body = json.dumps({"error": [{"status": 413, "id": 413, "label": label}]}).encode()
    publisher.script = lambda _h, n: (413, {}, body) if n < 3 else (200, {}, b"a,b\n1,2\n")
    pauses: list[float] = []
    client = Client(
        httpx.HTTPTransport(),
        tmp_path,
        policy=RetryPolicy(1, queue_polls=5, queue_wait_s=45.0),
        intervals={publisher.base.removeprefix("http://"): 0.0},
        sleep=pauses.append,
    )
    got = client.fetch(spec(publisher, media=Media.CSV))
    assert got.outcome is Outcome.OK and got.attempts == 3
    assert [pause for pause in pauses if pause > 1] == [45.0, 45.0]
