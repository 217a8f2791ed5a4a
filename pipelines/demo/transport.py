"""The emulated hosts: which address serves what, and how a web server answers.

Belongs here: routing, headers, the publishers' behaviour on unknown codes and unpublished years.
Does not belong here: bodies (the `*_wire` modules).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import httpx2 as httpx

from pipelines.demo import baci_wire, bds_wire, calendar, cbp_figures, cbp_wire, wdi_wire
from pipelines.http.static_files import http_date, static_response

_WDI = re.escape("https://api.worldbank.org/v2")
_CENSUS = re.escape("https://www2.census.gov/programs-surveys")
_SIGNAL = {"format"}
_LIST = {"format", "per_page", "page"}
_SERIES = {"format", "source", "per_page", "page"}
_NOT_PUBLISHED = (
    b'<!DOCTYPE html><html lang="en"><head><title>404 - File or directory not found.</title></head>'
    b"<body><h1>Not Found</h1><p>The requested URL was not found on this server.</p></body></html>"
)


class UnknownUrl(LookupError):
    """The demo serves no such address: only those that the sources ask for."""


class DemoTransport(httpx.BaseTransport):
    """Answers the addresses of the four publishers with synthetic figures.

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
        self._scale, self._vintage, self._seed = scale, vintage, seed
        self._today = today or datetime.now(UTC).date()
        self._pattern: cbp_figures.Pattern | None = None
        self._bodies: dict[str, tuple[bytes, str]] = {}
        self._lock = threading.Lock()
        routes = (
            (rf"{_WDI}/sources/2", self._wdi_signal),
            (rf"{_WDI}/country", self._wdi_economies),
            (rf"{_WDI}/country/all/indicator/([^/]+)", self._wdi_series),
            (r"https://www\.cepii\.fr/DATA_DOWNLOAD/baci/data/BACI_(HS\d\d)_V([12]\d{5})\.zip",
             self._baci),
            (rf"{_CENSUS}/bds/tables/time-series/(\d{{4}})/bds\1_st\.csv", self._bds),
            (rf"{_CENSUS}/cbp/datasets/(\d\d)(\d\d)/cbp\2co\.zip", self._cbp),
        )  # fmt: skip
        self._routes = tuple((re.compile(pattern), answer) for pattern, answer in routes)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request.

        Raises:
            UnknownUrl: none of the four sources asks for this address.
        """
        address = f"{request.url.scheme}://{request.url.host}{request.url.path}"
        for pattern, answer in self._routes:
            if match := pattern.fullmatch(address):
                response = answer(request, *match.groups())
                if response is not None:
                    return response
        raise UnknownUrl(
            f"the demo serves no {request.method} {request.url}; it emulates the addresses of "
            "the sources in pipelines/sources only"
        )

    # ------------------------------------------------------------ World Bank

    def _wdi_signal(self, request: httpx.Request) -> httpx.Response | None:
        if not _asks(request, _SIGNAL):
            return None
        return _json(request, wdi_wire.signal_body(self._today, self._vintage))

    def _wdi_economies(self, request: httpx.Request) -> httpx.Response | None:
        if not _asks(request, _LIST):
            return None
        return _paged(request, wdi_wire.economies_body)

    def _wdi_series(self, request: httpx.Request, code: str) -> httpx.Response | None:
        if not _asks(request, _SERIES) or request.url.params["source"] != "2":
            return None

        def body(page: int, per_page: int) -> bytes | None:
            return wdi_wire.series_body(
                code, self._seed, self._vintage, self._today, page, per_page
            )

        return _paged(request, body)

    # ------------------------------------------------------------ static files

    def _baci(self, request: httpx.Request, revision: str, version: str) -> httpx.Response:
        made = calendar.baci_published(version)
        return self._file(
            request,
            lambda: baci_wire.release_body(self._seed, self._scale, revision, version),
            made,
            "application/zip",
        )

    def _bds(self, request: httpx.Request, release: str) -> httpx.Response:
        if int(release) != calendar.bds_release(self._today):
            return _not_found(request)
        made = calendar.bds_published(int(release))
        return self._file(
            request, lambda: bds_wire.release_body(self._seed, int(release)), made, "text/csv"
        )

    def _cbp(self, request: httpx.Request, century: str, short: str) -> httpx.Response:
        year = int(century + short)
        if year not in calendar.cbp_years(self._today):
            return _not_found(request)
        return self._file(
            request,
            lambda: cbp_wire.year_body(self._seed, self._counties(), year),
            calendar.cbp_published(year),
            "application/zip",
        )

    def _counties(self) -> cbp_figures.Pattern:
        if self._pattern is None:
            self._pattern = cbp_figures.pattern(self._seed, self._scale)
        return self._pattern

    def _file(
        self, request: httpx.Request, make: Callable[[], bytes], made: datetime, media: str
    ) -> httpx.Response:
        """A file of a static host, made once for each transport; its tag is a hash of it."""
        with self._lock:
            key = request.url.path
            if key not in self._bodies:
                body = make()
                self._bodies[key] = (body, f'"{sha256(body).hexdigest()}"')
            body, etag = self._bodies[key]
        return static_response(request, body, etag, http_date(made), media)


def _asks(request: httpx.Request, keys: set[str]) -> bool:
    """Whether the query has these parameters, each once, and asks for JSON."""
    params = request.url.params
    return sorted(params.keys()) == sorted(keys) and params["format"] == "json"


def _paged(request: httpx.Request, body: Callable[[int, int], bytes | None]) -> httpx.Response:
    """A page of a list; senseless paging and unknown codes get the message with status 200."""
    page, per_page = request.url.params["page"], request.url.params["per_page"]
    if not (page.isdecimal() and per_page.isdecimal() and int(page) and int(per_page)):
        return _json(request, wdi_wire.NOT_VALID)
    if int(per_page) > wdi_wire.MAX_PER_PAGE:
        return httpx.Response(
            400, headers={"Content-Type": "text/html"}, content=wdi_wire.TOO_LARGE, request=request
        )
    content = body(int(page), int(per_page))
    return _json(request, wdi_wire.NOT_VALID if content is None else content)


def _json(request: httpx.Request, content: bytes) -> httpx.Response:
    """A reply with the publisher's caching headers, which say nothing about the figures."""
    now = datetime.now(UTC)
    headers = {
        "Content-Type": "application/json;charset=utf-8",
        "Cache-Control": "public, must-revalidate, max-age=2592000",
        "Date": http_date(now),
        "Last-Modified": http_date(now),
        "Expires": http_date(now + timedelta(days=30)),
    }
    return httpx.Response(200, headers=headers, content=content, request=request)


def _not_found(request: httpx.Request) -> httpx.Response:
    headers = {"Content-Type": "text/html; charset=UTF-8"}
    return httpx.Response(404, headers=headers, content=_NOT_PUBLISHED, request=request)
