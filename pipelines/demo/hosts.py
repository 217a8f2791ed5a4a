"""What every emulated host has in common: routes, plain files, "not found".

Belongs here: what a wire module needs to answer requests. Does not belong here: any publisher's
addresses or bodies (its `*_wire` module), finding those modules (`transport`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256

import httpx2 as httpx

from pipelines.http.static_files import http_date, static_response

_NOT_PUBLISHED = (
    b'<!DOCTYPE html><html lang="en"><head><title>404 - File or directory not found.</title></head>'
    b"<body><h1>Not Found</h1><p>The requested URL was not found on this server.</p></body></html>"
)


@dataclass(frozen=True)
class Demo:
    """One emulated world: what its figures depend on, and the files made so far.

    Attributes:
        seed: other seeds give other figures.
        scale: multiplies the volume of the largest sources.
        vintage: 1 or 2; the second has revisions.
        today: the day on which is asked; decides which years are published.
    """

    seed: int
    scale: int
    vintage: int
    today: date
    _bodies: dict[str, tuple[bytes, str]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def file(
        self, request: httpx.Request, make: Callable[[], bytes], made: datetime, media: str
    ) -> httpx.Response:
        """A file of a static host, made once in a world; its tag is a hash of it."""
        with self._lock:
            key = f"{request.url.host}{request.url.path}"
            if key not in self._bodies:
                body = make()
                self._bodies[key] = (body, f'"{sha256(body).hexdigest()}"')
            body, etag = self._bodies[key]
        return static_response(request, body, etag, http_date(made), media)


@dataclass(frozen=True)
class Route:
    """Which addresses a function answers.

    Attributes:
        pattern: regular expression of scheme, host and path as a whole.
        answer: called with the world, the request and the groups of the pattern; None where the
            query is not one that a source asks.
    """

    pattern: str
    answer: Callable[..., httpx.Response | None]


def not_found(request: httpx.Request) -> httpx.Response:
    """What the static hosts answer for a file that is not there: a page with status 404."""
    headers = {"Content-Type": "text/html; charset=UTF-8"}
    return httpx.Response(404, headers=headers, content=_NOT_PUBLISHED, request=request)
