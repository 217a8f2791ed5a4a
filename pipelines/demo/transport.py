"""The emulated world behind one transport: finds the route that answers a request.

Belongs here: discovery of routes and the error for unknown addresses. Does not belong here:
addresses and bodies (the `*_wire` modules, found by their `ROUTES`).
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from datetime import UTC, date, datetime
from functools import cache

import httpx2 as httpx

from pipelines.demo.hosts import Demo, Route


class UnknownUrl(LookupError):
    """The demo serves no such address: only those that the sources ask for."""


class DemoTransport(httpx.BaseTransport):
    """Answers the publishers' addresses with synthetic figures.

    Args:
        scale: multiplies the volume of BACI and County Business Patterns.
        vintage: 1 or 2; the second has a revised World Bank database, all else is the same.
        seed: other seeds give other figures.
        today: the day on which is asked; decides which years are published.

    Raises:
        ValueError: scale or vintage is out of range.
    """

    def __init__(
        self,
        *,
        scale: int = 1,
        vintage: int = 2,
        seed: int = 20050309,
        today: date | None = None,
    ) -> None:
        if scale < 1:
            raise ValueError(f"scale is {scale}; it has to be 1 or more")
        if vintage not in (1, 2):
            raise ValueError(f"vintage is {vintage}; there are 1 and 2")
        self._demo = Demo(seed, scale, vintage, today or datetime.now(UTC).date())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request.

        Raises:
            UnknownUrl: no source asks for this address.
        """
        address = f"{request.url.scheme}://{request.url.host}{request.url.path}"
        for pattern, route in _routes():
            if match := pattern.fullmatch(address):
                response = route.answer(self._demo, request, *match.groups())
                if response is not None:
                    return response
        raise UnknownUrl(
            f"the demo serves no {request.method} {request.url}; it emulates the addresses of "
            "the sources in pipelines/sources only"
        )


@cache
def _routes() -> tuple[tuple[re.Pattern[str], Route], ...]:
    """The routes of every `*_wire` module of this package."""
    found: list[Route] = []
    for info in pkgutil.iter_modules(importlib.import_module("pipelines.demo").__path__):
        if info.name.endswith("_wire"):
            found += importlib.import_module(f"pipelines.demo.{info.name}").ROUTES
    return tuple((re.compile(route.pattern), route) for route in found)
