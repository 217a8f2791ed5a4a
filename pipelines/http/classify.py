"""What a reply is, decided from status, headers and first bytes: a closed set of outcomes.

HTTP status alone does not tell: the World Bank says "no such indicator" with 200, Eurostat says
"too big" with 413 or 200, the Census Bureau answers a missing key with a redirect to a page.

Belongs here: pure judgement over one reply. Does not belong here: retries (`client`), proof that
several replies make one complete delivery (the sources).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

import orjson


class Outcome(StrEnum):
    """Everything that a request can come to. Nothing else is ever logged."""

    OK = "ok"
    EMPTY = "empty"
    NOT_MODIFIED = "not_modified"
    QUEUED = "queued"
    RATE_LIMITED = "rate_limited"
    QUOTA_EXHAUSTED = "quota_exhausted"
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"
    TORN = "torn"
    AUTH = "auth"
    BLOCKED = "blocked"
    BAD_REQUEST = "bad_request"
    GONE = "gone"
    NOT_YET_PUBLISHED = "not_yet_published"
    TRANSIENT = "transient"
    SCHEMA_DRIFT = "schema_drift"


class Media(StrEnum):
    """What a request expects to get."""

    JSON = "json"
    CSV = "csv"
    TSV = "tsv"
    PSV = "psv"
    XML = "xml"
    ZIP = "zip"


# What stands between the cells of a text table.
SEPARATORS = {Media.CSV: b",", Media.TSV: b"\t", Media.PSV: b"|"}


@dataclass(frozen=True)
class Verdict:
    """The outcome of one reply.

    Attributes:
        outcome: member of the closed set.
        detail: one sentence for the log and for people.
        retry_after_s: seconds that the server asked to wait, where it did.
        queue_id: under which a queued extraction can be asked for, where the server gave one.
    """

    outcome: Outcome
    detail: str = ""
    retry_after_s: float | None = None
    queue_id: str = ""


RETRYABLE = frozenset({Outcome.TRANSIENT, Outcome.RATE_LIMITED})
HAS_DATA = frozenset({Outcome.OK, Outcome.EMPTY, Outcome.NOT_MODIFIED})
PARKED = frozenset({Outcome.RATE_LIMITED, Outcome.QUOTA_EXHAUSTED, Outcome.QUEUED})

_HTML = re.compile(rb"^(<!doctype html|<html|<head|<\?xml[^>]*>\s*<!doctype html)", re.I)
_QUEUE_STATUS = re.compile(r"<(?:\w+:)?status>\s*(\w+)\s*</", re.I)
_QUEUE_ID = re.compile(r"<(?:\w+:)?(?:id|key)>\s*([\w.-]+)\s*</", re.I)
_CODED_HEADER = re.compile(rb"\[\w+\][^\s,\]]")  # `[13301A]name`: never the beginning of JSON
_MESSAGE_BYTES = 65_536
_REPLENISHED = re.compile(r"replenished in (\d+):(\d\d):(\d\d)")
_TRANSIENT_STATUS = frozenset({408, 425, 500, 502, 503, 504})
# World Bank message ids: 105 service unavailable, 199 internal; all others are about the request.
_WORLD_BANK_TRANSIENT = frozenset({"105", "199"})


def classify(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    media: Media,
    *,
    not_found: Outcome = Outcome.GONE,
    now: datetime | None = None,
) -> Verdict:
    """Judge one reply.

    Args:
        status: HTTP status.
        headers: response headers with lower-case names.
        body: the whole body, or at least its first 64 KiB where `media` is CSV or ZIP.
        media: what was asked for.
        not_found: what a 404 means at this address (`NOT_YET_PUBLISHED` for dated files).
        now: clock for Retry-After dates.

    Returns:
        A verdict. Never raises on odd bytes: what cannot be told apart is `TRANSIENT` or
        `BLOCKED`, never `OK`.
    """
    start = body[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    html = bool(_HTML.match(start))
    if status == 304:
        return Verdict(Outcome.NOT_MODIFIED)
    if status == 204:
        return Verdict(Outcome.EMPTY, "204 no content")
    if "x-datawebapi-keyerror" in headers or (
        status in (301, 302, 303, 307, 308) and "_key" in headers.get("location", "")
    ):
        return Verdict(Outcome.AUTH, "the Census Bureau asks for a valid API key")
    if 300 <= status < 400:
        return Verdict(
            Outcome.BLOCKED, f"redirect to {headers.get('location', '?')} is not on the allow-list"
        )
    if status >= 400:
        return _refusal(status, headers, start, html, not_found, now)
    if html:
        return Verdict(Outcome.TRANSIENT, "an HTML page came instead of data")
    if start[:1] == b"<" and media is not Media.ZIP:
        return _xml(start, media)
    if not body:
        return Verdict(Outcome.TRANSIENT, "empty body with a success status")
    if media is Media.ZIP:
        if start[:2] == b"PK":
            return Verdict(Outcome.OK)
        return Verdict(Outcome.TRANSIENT, f"not a zip archive: starts with {start[:16]!r}")
    if media in SEPARATORS:
        if start[:1] in (b"{", b"[") and not _CODED_HEADER.match(start):
            said = _json(body) if len(body) < _MESSAGE_BYTES else Verdict(Outcome.OK)
            if said.outcome in (Outcome.QUEUED, Outcome.BAD_REQUEST, Outcome.EMPTY):
                return said
            return Verdict(Outcome.TRANSIENT, f"not CSV: starts with {start[:24]!r}")
        if b"\n" not in body.rstrip(b"\r\n"):
            return Verdict(Outcome.NOT_YET_PUBLISHED, "the file holds a header and no rows")
        return Verdict(Outcome.OK)
    if media is Media.XML:
        return Verdict(Outcome.TRANSIENT, f"not XML: starts with {start[:24]!r}")
    return _json(body)


def _xml(start: bytes, media: Media) -> Verdict:
    """XML with a success status: a queue's answer (Eurostat), a fault, or what was asked for."""
    text = start.decode("utf-8", "replace")
    status = _QUEUE_STATUS.search(text)
    if status:
        ticket = _QUEUE_ID.search(text)
        state, number = status[1].upper(), ticket[1] if ticket else ""
        if state == "AVAILABLE":
            return Verdict(Outcome.OK, "the queued extraction is ready", queue_id=number)
        if state == "EXPIRED":
            return Verdict(Outcome.TRANSIENT, "the queued extraction has expired")
        return Verdict(Outcome.QUEUED, f"the extraction is queued ({state})", queue_id=number)
    if "Fault>" in text:
        return Verdict(
            Outcome.TOO_LARGE if "EXTRACTION_TOO_BIG" in text else Outcome.BAD_REQUEST,
            " ".join(re.sub(r"<[^>]*>", " ", text).split())[:200],
        )
    if media is Media.XML:
        return Verdict(Outcome.OK)
    return Verdict(Outcome.TRANSIENT, f"XML came instead of {media.value}: {text[:24]!r}")


def _refusal(
    status: int,
    headers: Mapping[str, str],
    start: bytes,
    html: bool,
    not_found: Outcome,
    now: datetime | None,
) -> Verdict:
    text = start[:1000].decode("utf-8", "replace")
    wait = retry_after_seconds(headers.get("retry-after"), now or datetime.now(UTC))
    brief = " ".join(text.split())[:200] if not html else "an HTML page"
    if status == 403 and "quota" in text.lower():
        hms = _REPLENISHED.search(text)
        if hms:
            hours, minutes, seconds = (int(part) for part in hms.groups())
            wait = hours * 3600.0 + minutes * 60 + seconds
        return Verdict(Outcome.QUOTA_EXHAUSTED, brief, wait)
    if status == 429:
        return Verdict(Outcome.RATE_LIMITED, f"429 {brief}", wait)
    if status in _TRANSIENT_STATUS:
        return Verdict(Outcome.TRANSIENT, f"{status} {brief}", wait)
    if "ERR_NOT_FOUND_4" in text:
        return Verdict(Outcome.GONE, f"{status} {brief}")
    if status == 400 and "No results found" in text:
        return Verdict(Outcome.EMPTY, f"{status} {brief}")
    if status == 413 or (status == 400 and "Too much data" in text):
        # both of Eurostat's refusals carry the same id: only the label tells them apart
        queued = "ASYNCHRONOUS_RESPONSE" in text
        return Verdict(Outcome.QUEUED if queued else Outcome.TOO_LARGE, f"{status} {brief}")
    if status == 401:
        return Verdict(Outcome.AUTH, f"401 {brief}")
    if status == 403:
        return Verdict(Outcome.BLOCKED, f"403 {brief}")
    if status in (404, 410):
        return Verdict(not_found, f"{status} not found")
    if status == 416:
        return Verdict(Outcome.TRANSIENT, "416 the file is shorter than the part already fetched")
    return Verdict(Outcome.BAD_REQUEST, f"{status} {brief}")


def _json(body: bytes) -> Verdict:
    try:
        reply = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        return Verdict(Outcome.TRANSIENT, f"not JSON: {error}")
    first = reply[0] if isinstance(reply, list) and reply else reply
    if isinstance(first, dict):
        messages = first.get("message")
        if isinstance(messages, list) and messages and isinstance(messages[0], dict):
            ids = {str(message.get("id", "")) for message in messages}
            detail = f"World Bank message {', '.join(sorted(ids))}: {messages[0].get('value', '')}"
            transient = bool(ids & _WORLD_BANK_TRANSIENT)
            return Verdict(Outcome.TRANSIENT if transient else Outcome.BAD_REQUEST, detail)
        if "warning" in first and "ASYNCHRONOUS_RESPONSE" in str(first["warning"]):
            return Verdict(Outcome.QUEUED, "the extraction is queued")
        if first.get("error") and "data" in first:
            return Verdict(Outcome.BAD_REQUEST, str(first["error"])[:200])
        if str(first.get("total", first.get("count", ""))) == "0":
            return Verdict(Outcome.EMPTY, "the reply counts 0 rows")
    if reply in ([], {}, None):
        return Verdict(Outcome.EMPTY, "empty JSON")
    return Verdict(Outcome.OK)


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After header (number or HTTP date); None where absent or unreadable."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (when - now).total_seconds())
