"""The landing: what publishers answered, kept for good, and a log of every request.

Bytes are named by their sha256, written once, read-only, and never overwritten; the log is
append-only. Everything behind the landing can be rebuilt from it without a network.

Belongs here: storing and finding bytes, writing and reading the request log. Does not belong
here: what the bytes mean (`pipelines.sources`), which of them are in service
(`pipelines.vintages`).
"""

from __future__ import annotations

import io
import json
import os
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
from pipelines.storage import append_line, fsync_dir, read_lines, readable_os_errors

_CHUNK_BYTES = 1 << 20
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
        path: file, zstd-compressed where its name ends in `.zst`.
        media: what it holds.
        url: address without secrets.
        requested_at: when it was asked for.
        validators: what the reply said about its version.
        last_modified: from the reply's header, as text.
        etag: from the reply's header.
    """

    sha256: str
    path: Path
    media: Media
    url: str
    requested_at: datetime
    etag: str | None = None
    last_modified: str | None = None

    @property
    def name(self) -> str:
        """File name in the publisher's address, for messages."""
        return self.url.split("?")[0].rsplit("/", 1)[-1]

    def open(self) -> IO[bytes]:
        """Open the entity bytes for reading."""
        if self.path.suffix == ".zst":
            with pa.OSFile(str(self.path), "rb") as packed:
                stream = pa.CompressedInputStream(packed, "zstd")
                return io.BytesIO(stream.read())
        return self.path.open("rb")

    def read(self) -> bytes:
        with self.open() as body:
            return body.read()


class Landing:
    """The landing of one state directory during one run."""

    def __init__(self, folder: Path, *, run_id: str, realm: str, profile: str) -> None:
        self._folder = folder
        self._run_id, self._realm, self._profile = run_id, realm, profile
        self._journal = folder / "log" / f"{run_id}.jsonl"

    @property
    def work_dir(self) -> Path:
        """Where transfers in progress live; survives a crash so that they can be resumed."""
        return self._folder / "partial" / self._realm

    def path_of(self, source: str, sha256: str, media: Media) -> Path:
        """Where bytes with this hash are or would be kept."""
        suffix = "" if media is Media.ZIP else ".zst"
        return self._folder / source / sha256[:2] / f"{sha256}{suffix}"

    def land(self, fetched: Fetched) -> Landed:
        """Keep the bytes of a finished request; the same bytes are kept once."""
        assert fetched.path is not None and fetched.sha256 is not None
        spec = fetched.spec
        target = self.path_of(spec.source, fetched.sha256, spec.media)
        if target.exists():
            fetched.path.unlink()
        else:
            with readable_os_errors(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                packed = fetched.path
                if target.suffix == ".zst":
                    packed = _compress(fetched.path)
                    fetched.path.unlink()
                os.chmod(packed, 0o444)
                os.replace(packed, target)
                fsync_dir(target.parent)
        return Landed(
            fetched.sha256,
            target,
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
            _to_parquet(journal)


def _to_parquet(journal: Path) -> None:
    frame = _log_frame(read_lines(journal))
    target = journal.with_suffix(".parquet")
    temporary = target.with_suffix(".parquet.tmp")
    with readable_os_errors(target):
        frame.write_parquet(temporary)
        os.replace(temporary, target)
        fsync_dir(target.parent)
        journal.unlink()


def _log_frame(records: Iterable[dict[str, Any]]) -> pl.DataFrame:
    text = {k: (pl.String if isinstance(v, pl.Datetime) else v) for k, v in LOG_SCHEMA.items()}
    frame = pl.DataFrame(list(records), schema=text)
    return frame.with_columns(
        pl.col(name).str.to_datetime(time_zone="UTC", time_unit="us")
        for name, kind in LOG_SCHEMA.items()
        if isinstance(kind, pl.Datetime)
    )


def read_log(landing_dir: Path) -> pl.DataFrame:
    """The whole request log, oldest first, including a run in progress."""
    folder = landing_dir / "log"
    frames = [pl.DataFrame(schema=LOG_SCHEMA)]
    frames += [pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))]
    frames += [_log_frame(read_lines(path)) for path in sorted(folder.glob("*.jsonl"))]
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


def utc_stamp(when: datetime | None = None) -> str:
    """`20261123T023000Z`: sortable, safe in file names."""
    return (when or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")


def _compress(plain: Path) -> Path:
    packed = plain.with_suffix(".zst")
    with plain.open("rb") as body, pa.CompressedOutputStream(str(packed), "zstd") as sink:
        while chunk := body.read(_CHUNK_BYTES):
            sink.write(chunk)
    return packed
