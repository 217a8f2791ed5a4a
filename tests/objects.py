"""An S3-compatible server on loopback, in this process, that serves one request at a time.

One at a time, because moto looks whether a name is free and writes in two steps: only so is its
conditional put what it is in a real store, one step.
"""

from __future__ import annotations

import threading
import urllib.request
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

KEY_ID, SECRET = "AKIDOFTHETESTS", "not-to-be-seen-anywhere"
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        pass


@dataclass
class ObjectServer:
    """Start it with `start`; what it was asked is in `asked`, as `PUT /bucket/name`."""

    deaf_to_conditions: bool = False  # like a store that ignores If-None-Match
    asked: list[str] = field(default_factory=list)
    dies_before: Callable[[str], bool] = lambda _request: False

    def start(self, *, same_port: bool = False) -> None:
        """Serve, at a free port or at the one from before; buckets outlive a stop."""
        app = DomainDispatcherApplication(create_backend_app)
        port = self._server.server_port if same_port else 0
        self._server = make_server("127.0.0.1", port, self._watched(app), request_handler=_Quiet)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """From now on nobody answers at that address."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def new_bucket(self) -> str:
        name = f"landing-{uuid.uuid4().hex[:8]}"
        request = urllib.request.Request(f"{self.endpoint}/{name}", method="PUT")
        assert urllib.request.urlopen(request).status == 200
        return name

    def environment(self) -> dict[str, str]:
        """The variables under which a client finds this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }

    def _watched(self, app: Wsgi) -> Wsgi:
        def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
            if self.dies_before(request):
                threading.Thread(target=self.stop).start()
                raise ConnectionError("the server dies here")
            self.asked.append(request)
            if self.deaf_to_conditions:
                environ.pop("HTTP_IF_NONE_MATCH", None)
            return app(environ, start_response)

        return answer
