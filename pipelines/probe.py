"""One cheap request to each publisher: what `clusterkpi doctor` reports.

Belongs here: which request is the cheapest, and whether its answer is a good sign. Does not belong
here: reading figures (`ingest`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipelines.http.classify import Outcome
from pipelines.http.client import (
    DEFAULT_INTERVAL_SECONDS,
    HOST_INTERVAL_SECONDS,
    Client,
    RequestSpec,
)
from pipelines.settings import Settings
from pipelines.sources.base import Source, discover

_HEAD_BYTES = 65_536
_WELL = frozenset({Outcome.OK, Outcome.QUEUED, Outcome.NOT_YET_PUBLISHED})


@dataclass(frozen=True)
class Answer:
    """What came of one probe.

    Attributes:
        source: id.
        verdict: an outcome, or `off`.
        about: status, address and what was seen; for a source that is off, why.
        is_well: whether a night would get somewhere.
    """

    source: str
    verdict: str
    about: str
    is_well: bool


def every_source(client: Client, settings: Settings) -> Iterator[Answer]:
    """Probe all sources, one after the other."""
    for source in discover().values():
        if reason := source.off(settings):
            yield Answer(source.id, "off", reason, is_well=True)
            continue
        spec = cheapest(source, settings)
        if spec is None:
            yield Answer(source.id, "off", "nothing to ask for", is_well=True)
            continue
        yield _ask(source, spec, client)


def cheapest(source: Source, settings: Settings) -> RequestSpec | None:
    """A signal where there is one; otherwise the head of the newest file."""
    if spec := source.signal(settings):
        return spec
    parts = source.parts(settings)
    if not parts:
        return None
    if spec := source.part_signal(parts[-1], settings):
        return spec
    spec = source.next_request(parts[-1], [], settings)
    # not as a static file: nothing of it is kept, so that nothing has to be resumed
    return spec and replace(spec, static=False, max_bytes=_HEAD_BYTES)


def _ask(source: Source, spec: RequestSpec, client: Client) -> Answer:
    fetched = client.fetch(spec)
    outcome, detail = fetched.outcome, fetched.verdict.detail
    if outcome is Outcome.TOO_LARGE and "over the ceiling" in detail:
        outcome, detail = Outcome.OK, "its head was read, no more"
    pool = spec.pool or spec.url.split("/")[2]
    pause = HOST_INTERVAL_SECONDS.get(pool, DEFAULT_INTERVAL_SECONDS)
    about = f"{fetched.status or '-'} {spec.public_url} {detail} (one request in {pause:g} s)"
    return Answer(source.id, outcome.value, about, is_well=outcome in _WELL)
