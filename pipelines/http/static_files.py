"""How a static file host answers: validators, conditional GET, byte ranges (RFC 9110).

Belongs here: the semantics that transports which emulate a host have in common. Does not belong
here: where the bytes come from, and anything about the client's side of the exchange.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

import httpx2 as httpx

_ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def static_response(
    request: httpx.Request,
    body: bytes | Callable[[], bytes],
    etag: str,
    last_modified: str | None = None,
    content_type: str = "application/octet-stream",
) -> httpx.Response:
    """Answer a request as a static host would.

    Args:
        request: GET or HEAD, perhaps with If-None-Match, If-Modified-Since, Range, If-Range.
        body: the whole file, or a function that makes it; not called where 304 is the answer.
        etag: with its quotes, `W/` in front if weak.
        last_modified: an HTTP date; without it there is no such header, as on some hosts.
        content_type: media type of the file.

    Returns:
        200, 206, 304, 405 or 416 with the headers that belong to it.
    """
    if request.method not in ("GET", "HEAD"):
        return httpx.Response(405, headers={"Allow": "GET, HEAD"}, request=request)
    headers = {"ETag": etag, "Accept-Ranges": "bytes"}
    if last_modified:
        headers["Last-Modified"] = last_modified
    if _not_modified(request.headers, etag, last_modified):
        return httpx.Response(304, headers=headers, request=request)
    content = body() if callable(body) else body
    size = len(content)
    status = 200
    headers["Content-Type"] = content_type
    wanted = _ONE_RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if request.method == "GET" and wanted and _same_version(request.headers, etag, last_modified):
        span = _span(wanted[1], wanted[2], size)
        if span is None:
            headers["Content-Range"] = f"bytes */{size}"
            return httpx.Response(416, headers=headers, request=request)
        if span is not _IGNORED:
            first, last = span
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
            content, status = content[first : last + 1], 206
    headers["Content-Length"] = str(len(content))
    if request.method == "HEAD":
        content = b""
    return httpx.Response(status, headers=headers, content=content, request=request)


def http_date(moment: datetime) -> str:
    """A moment in the only form in which HTTP writes dates."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _not_modified(headers: httpx.Headers, etag: str, last_modified: str | None) -> bool:
    if "if-none-match" in headers:  # where it is given, the date is not looked at
        known = [tag.strip() for tag in headers["if-none-match"].split(",")]
        return "*" in known or etag.removeprefix("W/") in [tag.removeprefix("W/") for tag in known]
    since, changed = _moment(headers.get("if-modified-since")), _moment(last_modified)
    return since is not None and changed is not None and changed <= since


def _same_version(headers: httpx.Headers, etag: str, last_modified: str | None) -> bool:
    """Whether a Range may be honoured: If-Range is absent or names this very version."""
    wanted = headers.get("if-range")
    if wanted is None:
        return True
    if wanted.startswith(('"', "W/")):
        return wanted == etag and not etag.startswith("W/")
    return wanted == last_modified


_IGNORED = (-1, -1)


def _span(first: str, last: str, size: int) -> tuple[int, int] | None:
    """First and last byte; None if there are none such; `_IGNORED` if the wish makes no sense."""
    if not first and not last:
        return _IGNORED
    if not first:
        return (max(0, size - int(last)), size - 1) if int(last) and size else None
    if last and int(last) < int(first):
        return _IGNORED
    if int(first) >= size:
        return None
    return int(first), min(int(last), size - 1) if last else size - 1


def _moment(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
