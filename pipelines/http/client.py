"""The one HTTP client: every byte that the project reads from a publisher comes through here.

Belongs here: politeness (one connection, seconds between requests, retries that honour
Retry-After, a breaker for hosts that refuse us), streaming to disk under a byte ceiling, resuming
large files with Range and If-Range. Does not belong here: what a reply means (`classify`), where
it is kept (`pipelines.landing`), which requests a source needs (`pipelines.sources`).
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2 as httpx
import stamina

from pipelines import __version__
from pipelines.http.classify import RETRYABLE, Media, Outcome, Verdict, classify
from pipelines.storage import readable_os_errors

# Every attempt is in the request log; lines of another library's format would stand among ours.
stamina.instrumentation.set_on_retry_hooks(())

_HEAD_BYTES = 65_536
_CHUNK_BYTES = 1 << 20

# Seconds between two requests to one host; the publishers' rules, where they publish any.
HOST_INTERVAL_SECONDS: dict[str, float] = {
    "api.worldbank.org": 0.5,
    "comtradeapi.un.org": 6.0,
    "ec.europa.eu": 1.0,
    "sdmx.oecd.org": 1.0,
    "sdmx.oecd.org/data": 65.0,  # 60 downloads an hour; structure calls are not counted
    "www.cepii.fr": 1.0,
    "www2.census.gov": 0.5,
    "www.census.gov": 0.5,
}
DEFAULT_INTERVAL_SECONDS = 1.0
BLOCKS_BEFORE_BREAK = 3
HTML_BEFORE_BLOCKED = 2


@dataclass(frozen=True)
class RequestSpec:
    """One GET that a source plans.

    Attributes:
        source: id of the source.
        part: what of the source is asked for (its unit of change detection).
        url: address without query and without secrets.
        params: query in the order in which it is sent.
        media: what has to come back.
        static: a plain file: conditional GET and Range are trusted there, and only there.
        max_bytes: ceiling after which the transfer is cut.
        not_found: what a 404 means at this address.
        redirect_hosts: hosts to which a redirect may be followed; none unless named.
        queue_url: address of the publisher's queue, where it keeps one: `/status/{id}` and
            `/data/{id}` below it are asked for an extraction that is not ready at once.
        pool: whose requests wait for each other; the host unless named.
        secret_headers: joined at send time, in no log, no key and no error text.
    """

    source: str
    part: str
    url: str
    params: tuple[tuple[str, str], ...] = ()
    media: Media = Media.JSON
    static: bool = False
    max_bytes: int = 256 << 20
    not_found: Outcome = Outcome.GONE
    redirect_hosts: frozenset[str] = frozenset()
    queue_url: str = ""
    pool: str = ""
    secret_headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def public_url(self) -> str:
        """The full address as it is logged and published."""
        return f"{self.url}?{urlencode(self.params)}" if self.params else self.url

    @property
    def request_key(self) -> str:
        """sha256 of what identifies the request; secrets are not part of it."""
        text = json.dumps(["GET", self.source, self.part, self.url, sorted(self.params)])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Validators:
    """What an earlier reply said about its version; sent back to static files only."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def for_range(self) -> str | None:
        """A validator fit for If-Range (RFC 9110 13.1.5 wants a strong one)."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


@dataclass(frozen=True)
class Fetched:
    """One finished request. `path` holds the entity bytes where there are any."""

    spec: RequestSpec
    verdict: Verdict
    status: int | None
    headers: Mapping[str, str]
    path: Path | None
    sha256: str | None
    entity_bytes: int
    wire_bytes: int
    attempts: int
    requested_at: datetime
    finished_at: datetime

    @property
    def outcome(self) -> Outcome:
        return self.verdict.outcome

    @property
    def validators(self) -> Validators:
        return Validators(self.headers.get("etag"), self.headers.get("last-modified"))


@dataclass(frozen=True)
class RetryPolicy:
    """How patient the client is. A longer Retry-After than `wait_max_s` parks the request.

    A queued extraction is asked for `queue_polls` times, `queue_wait_s` apart.
    """

    attempts: int = 5
    wait_initial_s: float = 2.0
    wait_max_s: float = 300.0
    queue_polls: int = 10
    queue_wait_s: float = 45.0


class _Retry(Exception):
    """Carries a retryable result through stamina's loop."""

    def __init__(self, result: Fetched, wait_s: float | None) -> None:
        super().__init__(result.verdict.detail)
        self.result = result
        self.wait_s = wait_s


class Client:
    """Fetches `RequestSpec`s one at a time.

    Args:
        transport: where requests go: the network, recorded files or the demo.
        work_dir: folder for `.part` files; they survive a crash and are resumed from.
        policy: retries.
        intervals: seconds between requests by host, over the built-in table.
        polite: whether to wait between requests; off for transports that contact nobody.
        contact: mail address or URL for the User-Agent.
    """

    def __init__(
        self,
        transport: httpx.BaseTransport,
        work_dir: Path,
        *,
        policy: RetryPolicy | None = None,
        intervals: Mapping[str, float] | None = None,
        polite: bool = True,
        contact: str = "",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._work_dir = work_dir
        self._policy = policy or RetryPolicy()
        self._intervals = {**HOST_INTERVAL_SECONDS, **(intervals or {})}
        self._polite = polite
        self._clock, self._sleep = clock, sleep
        self._last_request: dict[str, float] = {}
        self._blocked: Counter[str] = Counter()
        agent = f"clusterkpi/{__version__}" + (f" ({contact})" if contact else "")
        self._http = httpx.Client(
            transport=transport,
            follow_redirects=False,
            timeout=httpx.Timeout(60.0, connect=10.0),
            headers={"User-Agent": agent, "Accept": "*/*", "Cache-Control": "no-cache"},
        )

    def close(self) -> None:
        self._http.close()

    def fetch(self, spec: RequestSpec, known: Validators | None = None) -> Fetched:
        """Run one request to a final outcome.

        Args:
            spec: what to ask for.
            known: validators of the copy already landed; used for static files only.

        Returns:
            A `Fetched`; network trouble comes back as an outcome, not as an exception.

        Raises:
            StorageError: the bytes could not be written.
        """
        result = self._fetch(spec, known)
        for _ in range(self._policy.queue_polls):
            if result.outcome is not Outcome.QUEUED:
                break
            if self._polite:
                self._sleep(self._policy.queue_wait_s)
            polled = self._poll(spec, result.verdict.queue_id)
            result = replace(polled, spec=spec, attempts=result.attempts + polled.attempts)
        return result

    def _poll(self, spec: RequestSpec, ticket: str) -> Fetched:
        """Ask once for an extraction that was queued."""
        if not (ticket and spec.queue_url):
            return self._fetch(spec, None)  # no ticket: the same request is asked again
        url = f"{spec.queue_url}/status/{ticket}"
        status = self._fetch(replace(spec, url=url, params=(), media=Media.XML), None)
        if status.path is not None:
            _discard(status.path)
        if status.outcome is Outcome.OK:
            url = f"{spec.queue_url}/data/{ticket}"
            return self._fetch(replace(spec, url=url, params=()), None)
        if status.outcome is Outcome.QUEUED:
            verdict = replace(status.verdict, queue_id=ticket)
            return replace(status, verdict=verdict, path=None, sha256=None)
        return self._fetch(spec, None)  # it expired or was lost: start again

    def _fetch(self, spec: RequestSpec, known: Validators | None) -> Fetched:
        host = urlsplit(spec.url).netloc
        if self._blocked[host] >= BLOCKS_BEFORE_BREAK:
            now = datetime.now(UTC)
            verdict = Verdict(Outcome.BLOCKED, f"{host} refused {BLOCKS_BEFORE_BREAK} requests")
            return Fetched(spec, verdict, None, {}, None, None, 0, 0, 0, now, now)
        attempts = html_pages = 0
        try:
            for attempt in stamina.retry_context(
                on=self._backoff,
                attempts=self._policy.attempts,
                timeout=None,
                wait_initial=self._policy.wait_initial_s,
                wait_max=self._policy.wait_max_s,
                wait_jitter=self._policy.wait_initial_s,
            ):
                with attempt:
                    attempts += 1
                    self._wait_for_turn(spec.pool or host)
                    result = self._once(spec, known, attempts)
                    if "HTML page came" in result.verdict.detail:
                        html_pages += 1
                        if html_pages > HTML_BEFORE_BLOCKED:
                            verdict = Verdict(Outcome.BLOCKED, result.verdict.detail)
                            result = replace(result, verdict=verdict)
                    if result.outcome in RETRYABLE:
                        raise _Retry(result, result.verdict.retry_after_s)
        except _Retry as last:
            result = last.result
        if result.outcome is Outcome.BLOCKED:
            self._blocked[host] += 1
        elif result.status is not None and result.status < 400:
            self._blocked[host] = 0
        return result

    def _backoff(self, error: Exception) -> bool | float:
        if not isinstance(error, _Retry):
            return False
        if error.wait_s is None:
            return True
        return error.wait_s if error.wait_s <= self._policy.wait_max_s else False

    def _wait_for_turn(self, pool: str) -> None:
        if not self._polite:
            return
        pause = self._intervals.get(pool, DEFAULT_INTERVAL_SECONDS)
        last = self._last_request.get(pool)
        if last is not None and (rest := last + pause - self._clock()) > 0:
            self._sleep(rest)
        self._last_request[pool] = self._clock()

    def _once(self, spec: RequestSpec, known: Validators | None, attempt: int) -> Fetched:
        started = datetime.now(UTC)
        part = self._work_dir / f"{spec.request_key[:32]}.part"
        status: int | None = None
        headers: dict[str, str] = {}
        wire = 0
        try:
            with readable_os_errors(part):
                part.parent.mkdir(parents=True, exist_ok=True)
                with self._open(spec, known, part) as (response, resumed):
                    status = response.status_code
                    headers = {key.lower(): value for key, value in response.headers.items()}
                    wire, complaint = _stream(response, part, resumed, spec.max_bytes)
        except httpx.HTTPError as error:
            name = type(error).__name__
            verdict = Verdict(Outcome.TRANSIENT, f"{name}: {error}" if str(error) else name)
            return self._result(spec, verdict, None, {}, None, wire, attempt, started)
        if complaint is not None:
            return self._result(spec, complaint, status, headers, None, wire, attempt, started)
        with readable_os_errors(part):
            _gunzip_if_undeclared(part, spec.media)
            body = _head_of(part, spec.media)
        status_now = 200 if status == 206 else status
        verdict = classify(status_now, headers, body, spec.media, not_found=spec.not_found)
        if verdict.outcome is Outcome.TRANSIENT or verdict.outcome is Outcome.NOT_MODIFIED:
            _discard(part)  # a refused or odd body is no base to resume from
            return self._result(spec, verdict, status, headers, None, wire, attempt, started)
        return self._result(spec, verdict, status, headers, part, wire, attempt, started)

    @contextlib.contextmanager
    def _open(
        self, spec: RequestSpec, known: Validators | None, part: Path
    ) -> Iterator[tuple[httpx.Response, bool]]:
        headers = dict(spec.secret_headers)
        offset, tag = _resumable(part) if spec.static else (0, None)
        if spec.static:
            headers["Accept-Encoding"] = "identity"  # byte offsets must be those of the file
            if offset and tag:
                headers |= {"Range": f"bytes={offset}-", "If-Range": tag}
            elif known and known.etag:
                headers["If-None-Match"] = known.etag
            elif known and known.last_modified:
                headers["If-Modified-Since"] = known.last_modified
        if not (offset and tag):
            _discard(part)
        url, hops = httpx.URL(spec.url, params=list(spec.params) or None), 0
        while True:
            with self._http.stream("GET", url, headers=headers) as response:
                target = response.headers.get("location", "")
                if response.is_redirect and hops < 3:
                    following = response.url.join(target)
                    if following.host in spec.redirect_hosts:
                        url, hops = following, hops + 1
                        headers = {k: v for k, v in headers.items() if k not in spec.secret_headers}
                        continue
                if spec.static and response.status_code in (200, 206):
                    stamp = Validators(
                        response.headers.get("etag"), response.headers.get("last-modified")
                    )
                    if stamp.for_range:
                        _sidecar(part).write_text(json.dumps({"if_range": stamp.for_range}))
                yield response, response.status_code == 206
                return

    @staticmethod
    def _result(
        spec: RequestSpec,
        verdict: Verdict,
        status: int | None,
        headers: Mapping[str, str],
        part: Path | None,
        wire: int,
        attempt: int,
        started: datetime,
    ) -> Fetched:
        size, sha = 0, None
        if part is not None and part.exists():
            with part.open("rb") as body:
                sha = hashlib.file_digest(body, "sha256").hexdigest()
            size = part.stat().st_size
        return Fetched(
            spec,
            verdict,
            status,
            headers,
            part,
            sha,
            size,
            wire,
            attempt,
            started,
            datetime.now(UTC),
        )


def _stream(
    response: httpx.Response, part: Path, resumed: bool, max_bytes: int
) -> tuple[int, Verdict | None]:
    """Write the body to `part`; returns wire bytes and a verdict if the transfer is no good."""
    if resumed:
        start = response.headers.get("content-range", "").removeprefix("bytes ").split("-")[0]
        if start != str(part.stat().st_size):
            _discard(part)
            return 0, Verdict(Outcome.TRANSIENT, f"the server resumed at byte {start or '?'}")
    total = part.stat().st_size if resumed else 0
    received = 0
    with part.open("ab" if resumed else "wb") as sink:
        for chunk in response.iter_bytes():  # as they come: a cut transfer keeps what it got
            total += len(chunk)
            received += len(chunk)
            if total > max_bytes:
                sink.close()
                _discard(part)
                return received, Verdict(Outcome.TOO_LARGE, f"over the ceiling of {max_bytes:,} B")
            sink.write(chunk)
        sink.flush()
        os.fsync(sink.fileno())
    announced = response.headers.get("content-length")
    if announced and not response.headers.get("content-encoding") and received < int(announced):
        return received, Verdict(
            Outcome.TRANSIENT, f"cut short: {received:,} of {int(announced):,} bytes came"
        )
    _sidecar(part).unlink(missing_ok=True)
    return response.num_bytes_downloaded or received, None


def _gunzip_if_undeclared(part: Path, media: Media) -> None:
    """Some servers send gzip without saying so; the two magic bytes decide."""
    with part.open("rb") as body:
        if media is Media.ZIP or body.read(2) != b"\x1f\x8b":
            return
    plain = part.with_suffix(".plain")
    with gzip.open(part, "rb") as packed, plain.open("wb") as sink:
        while chunk := packed.read(_CHUNK_BYTES):
            sink.write(chunk)
    plain.replace(part)


def _head_of(part: Path, media: Media) -> bytes:
    with part.open("rb") as body:
        return body.read() if media is Media.JSON else body.read(_HEAD_BYTES)


def _resumable(part: Path) -> tuple[int, str | None]:
    """Bytes at hand and the validator that says which version of the file they belong to."""
    sidecar = _sidecar(part)
    if not (part.exists() and sidecar.exists()):
        return 0, None
    try:
        tag: Any = json.loads(sidecar.read_text()).get("if_range")
    except (ValueError, AttributeError):
        return 0, None  # the process died while writing it: fetch from the start
    return part.stat().st_size, tag if isinstance(tag, str) else None


def _sidecar(part: Path) -> Path:
    return part.with_suffix(".json")


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    _sidecar(part).unlink(missing_ok=True)
