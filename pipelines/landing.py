"""The landing: what publishers answered, kept for good, and a log of every request.

Bytes are named by their sha256, written once, read-only, and never overwritten; the log is
append-only. Everything behind the landing can be rebuilt from it without a network.

Belongs here: storing and finding bytes, writing and reading the request log. Does not belong
here: where they lie (`pipelines.landing_store`), what the bytes mean (`pipelines.sources`), which
of them are in service (`pipelines.vintages`).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

import polars as pl
import pyarrow as pa

from pipelines import __version__
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import Fetched, Validators
from pipelines.landing_store import PACKED, Kept, LandingStore
from pipelines.storage import append_line, read_lines

SIGNAL_PART = "_signal"  # request that asks about a whole source, not about one part
LOG_SCHEMA: dict[str, Any] = {
    "run_id": pl.String,
    "realm": pl.String,
    "profile": pl.String,
    "source": pl.String,
    "part": pl.String,
    "request_key": pl.String,
    "url": pl.String,
    "outcome": pl.String,
    "detail": pl.String,
    "status": pl.Int64,
    "headers_json": pl.String,
    "requested_at": pl.Datetime("us", "UTC"),
    "finished_at": pl.Datetime("us", "UTC"),
    "attempts": pl.Int64,
    "wire_bytes": pl.Int64,
    "entity_bytes": pl.Int64,
    "entity_sha256": pl.String,
    "canonical_sha256": pl.String,
    "etag": pl.String,
    "last_modified": pl.String,
    "licence_id": pl.String,
    "software_version": pl.String,
}


@dataclass(frozen=True)
class Landed:
    """Entity bytes at rest.

    Attributes:
        sha256: of the entity bytes (content-decoded, otherwise untouched).
        kept: where they lie, zstd-compressed where the name ends in `.zst`.
        media: what it holds.
        url: address without secrets.
        requested_at: when it was asked for.
        validators: what the reply said about its version.
        last_modified: from the reply's header, as text.
        etag: from the reply's header.
    """

    sha256: str
    kept: Kept
    media: Media
    url: str
    requested_at: datetime
    etag: str | None = None
    last_modified: str | None = None

    @property
    def name(self) -> str:
        """File name in the publisher's address, for messages."""
        return self.url.split("?")[0].rsplit("/", 1)[-1]

    @property
    def path(self) -> Path:
        """File of this machine that holds them as they are kept."""
        return self.kept.path

    def open(self) -> IO[bytes]:
        """Open the entity bytes for reading."""
        if self.kept.name.endswith(PACKED):
            with pa.OSFile(str(self.path), "rb") as packed:
                stream = pa.CompressedInputStream(packed, "zstd")
                return io.BytesIO(stream.read())
        return self.path.open("rb")

    def read(self) -> bytes:
        with self.open() as body:
            return body.read()


class Landing:
    """A landing during one run."""

    def __init__(self, store: LandingStore, *, run_id: str, realm: str, profile: str) -> None:
        self.store = store
        self._run_id, self._realm, self._profile = run_id, realm, profile
        self._journal = store.scratch / "log" / f"{run_id}.jsonl"

    @property
    def work_dir(self) -> Path:
        """Where transfers in progress live; survives a crash so that they can be resumed."""
        return self.store.scratch / "partial" / self._realm

    def kept(self, source: str, sha256: str, media: Media) -> Kept:
        """Bytes with this hash, as they are or would be kept."""
        return Kept(self.store, payload_name(source, sha256, media))

    def land(self, fetched: Fetched) -> Landed:
        """Keep the bytes of a finished request; the same bytes are kept once."""
        assert fetched.path is not None and fetched.sha256 is not None
        spec = fetched.spec
        kept = self.kept(spec.source, fetched.sha256, spec.media)
        self.store.keep(kept.name, fetched.path)
        return Landed(
            fetched.sha256,
            kept,
            spec.media,
            spec.public_url,
            fetched.requested_at,
            fetched.headers.get("etag"),
            fetched.headers.get("last-modified"),
        )

    def log(self, fetched: Fetched, *, licence_id: str, canonical: str | None = None) -> None:
        """Append one request to the log."""
        spec, headers = fetched.spec, fetched.headers
        append_line(
            self._journal,
            {
                "run_id": self._run_id,
                "realm": self._realm,
                "profile": self._profile,
                "source": spec.source,
                "part": spec.part,
                "request_key": spec.request_key,
                "url": spec.public_url,
                "outcome": fetched.outcome.value,
                "detail": fetched.verdict.detail,
                "status": fetched.status,
                "headers_json": json.dumps(dict(headers)),
                "requested_at": fetched.requested_at.isoformat(),
                "finished_at": fetched.finished_at.isoformat(),
                "attempts": fetched.attempts,
                "wire_bytes": fetched.wire_bytes,
                "entity_bytes": fetched.entity_bytes,
                "entity_sha256": fetched.sha256,
                "canonical_sha256": canonical,
                "etag": headers.get("etag"),
                "last_modified": headers.get("last-modified"),
                "licence_id": licence_id,
                "software_version": __version__,
            },
        )

    def close_log(self) -> None:
        """Turn this run's journal, and those of runs that were killed, into Parquet."""
        for journal in sorted(self._journal.parent.glob("*.jsonl")):
            body = io.BytesIO()
            _log_frame(read_lines(journal)).write_parquet(body)
            self.store.record(f"log/{journal.stem}.parquet", body.getvalue())
            journal.unlink()


def payload_name(source: str, sha256: str, media: Media) -> str:
    """Name of bytes with this hash in a landing; a zip is packed already."""
    return f"{source}/{sha256[:2]}/{sha256}{'' if media is Media.ZIP else PACKED}"


def _log_frame(records: Iterable[dict[str, Any]]) -> pl.DataFrame:
    text = {k: (pl.String if isinstance(v, pl.Datetime) else v) for k, v in LOG_SCHEMA.items()}
    frame = pl.DataFrame(list(records), schema=text)
    return frame.with_columns(
        pl.col(name).str.to_datetime(time_zone="UTC", time_unit="us")
        for name, kind in LOG_SCHEMA.items()
        if isinstance(kind, pl.Datetime)
    )


def note_run(store: LandingStore, run_id: str, **facts: Any) -> None:
    """Write down a run beside the bytes, so that the landing alone tells of it."""
    store.note(run_id, {"event": "run", "run_id": run_id, **facts})


def note_release(store: LandingStore, release_id: str, **facts: Any) -> None:
    """Write down a release beside the bytes, so that the landing alone tells of it."""
    store.note(release_id, {"event": "publish", "release_id": release_id, **facts})


def read_log(store: LandingStore) -> pl.DataFrame:
    """The whole request log, oldest first, including a run in progress on this machine."""
    frames = [pl.DataFrame(schema=LOG_SCHEMA)]
    frames += [
        pl.read_parquet(io.BytesIO(store.read(name)))
        for name in store.names("log")
        if name.endswith(".parquet")
    ]
    journals = sorted((store.scratch / "log").glob("*.jsonl"))
    frames += [_log_frame(read_lines(path)) for path in journals]
    return pl.concat(frames, how="diagonal").sort("requested_at")


def known_validators(log: pl.DataFrame, realm: str) -> dict[str, tuple[str, Validators, str]]:
    """For each request that brought bytes: their sha256, validators and canonical hash.

    Returns:
        request_key → (entity sha256, validators, canonical sha256 or ""), newest reply wins.
    """
    useful = log.filter(
        (pl.col("realm") == realm)
        & (pl.col("outcome") == Outcome.OK.value)
        & pl.col("entity_sha256").is_not_null()
    )
    columns = ("request_key", "entity_sha256", "etag", "last_modified", "canonical_sha256")
    return {
        key: (sha, Validators(etag, modified), canonical or "")
        for key, sha, etag, modified, canonical in cast(
            Iterable[tuple[str, str, str | None, str | None, str | None]],
            useful.select(columns).iter_rows(),
        )
    }


def last_asked(log: pl.DataFrame, realm: str) -> dict[str, datetime]:
    """`source/part` → when its publisher was last asked about it.

    A signal of a whole source speaks for each of its parts.
    """
    asked = (
        log.filter(pl.col("realm") == realm)
        .group_by("source", "part")
        .agg(pl.col("finished_at").max())
    )
    times = {(source, part): when for source, part, when in asked.iter_rows()}
    return {
        f"{source}/{part}": max(when, times.get((source, SIGNAL_PART), when))
        for (source, part), when in times.items()
    }


def utc_stamp(when: datetime | None = None) -> str:
    """`20261123T023000Z`: sortable, safe in file names."""
    return (when or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
