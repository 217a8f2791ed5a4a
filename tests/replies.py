"""Hand-made replies, landed, for tests of sources."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import contracts
from pipelines.http.classify import Media
from pipelines.landing import Landed
from pipelines.landing_store import kept_file
from pipelines.sources.base import Source

WHEN = datetime(2026, 11, 1, tzinfo=UTC)


def reply(folder: Path, body: bytes | str, media: Media, url: str) -> Landed:
    """Bytes as the landing keeps them, under an address."""
    content = body.encode() if isinstance(body, str) else body
    sha = hashlib.sha256(content).hexdigest()
    path = folder / sha
    path.write_bytes(content)
    return Landed(sha, kept_file(path), media, url, WHEN)


def parsed(source: Source, part: str, replies: Iterable[Landed]) -> contracts.Gated:
    """All chunks of one table through its contract."""
    good, bad = [], []
    for chunk in source.parse(part, list(replies)):
        gated = contracts.apply(source.table(chunk.table), chunk.rows, "test")
        good.append(gated.good)
        bad.append(gated.bad)
    return contracts.Gated(pl.concat(good), pl.concat(bad))


def cells(frame: pl.DataFrame, *names: str) -> list[tuple[Any, ...]]:
    return frame.select(names).rows()
