"""A loopback server that stands in for every publisher, and does one thing wrong.

Good replies come from the demo; a failure mode alters them before they go over a real socket.

Belongs here: sockets. Does not belong here: what goes wrong (`modes`), what has to come of it
(`matrix`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2 as httpx

from pipelines.demo import DemoTransport

TODAY = date(2026, 11, 1)
_ORIGIN = "X-Stub-Origin"


@dataclass
class Reply:
    """What goes over the wire.

    Attributes:
        status, headers, body: of the answer.
        sent: how many bytes of the body are sent before the connection is cut; None for all.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    sent: int | None = None


Alter = Callable[[str, Reply], Reply]


@dataclass
class Stub:
    """Serves the demo's replies; `alter` gets the address and the good reply."""

    demo: DemoTransport = field(default_factory=lambda: DemoTransport(today=TODAY))
    alter: Alter = lambda _url, reply: reply
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> Stub:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stub._answer(self)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        url = handler.headers[_ORIGIN]
        self.asked.append(url)
        good = self.demo.handle_request(httpx.Request("GET", url))
        kept = {k: v for k, v in good.headers.items() if k not in ("content-length", "date")}
        reply = self.alter(url, Reply(good.status_code, kept, good.read()))
        handler.send_response(reply.status)
        for key, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            handler.send_header(key, value)
        handler.end_headers()
        handler.wfile.write(reply.body if reply.sent is None else reply.body[: reply.sent])
        handler.close_connection = True


class ToStub(httpx.BaseTransport):
    """Sends a request for any address to the stub, over loopback."""

    def __init__(self, stub: Stub) -> None:
        # nothing is encrypted on loopback: certificates would take longer to load than a night
        self._stub, self._inner = stub, httpx.HTTPTransport(verify=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {k: v for k, v in request.headers.items() if k != "host"}
        headers[_ORIGIN] = str(request.url)
        local = httpx.Request("GET", f"http://127.0.0.1:{self._stub.port}/", headers=headers)
        local.extensions = request.extensions
        return self._inner.handle_request(local)

    def close(self) -> None:
        self._inner.close()
