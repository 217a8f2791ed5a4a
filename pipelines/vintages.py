"""Raw vintages: which version of each part is in service, and since when.

A vintage is one folder, moved into place by one rename: the Parquet files of the parts that
changed, and a manifest that lists *every* part of the source as it then stood (unchanged parts
point at the folder that holds their files). The newest manifest is the state of a source; an
older one is what was known then.

Belongs here: manifests and where files lie. Does not belong here: fetching (`ingest`), contracts.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.landing_store import LandingStore
from pipelines.storage import fsync_dir, readable_os_errors


@dataclass(frozen=True)
class TableFiles:
    """The promoted rows of one table of one part, and the account of those that were not.

    Attributes:
        files: Parquet files below the raw folder.
        quarantine: Parquet files below the quarantine folder.
        landed, promoted, quarantined: rows; landed = promoted + quarantined.
        rules: per rule and column, how many rows it held and an example of the reason.
        periods: promoted rows by period, where the table has one.
    """

    files: tuple[str, ...]
    quarantine: tuple[str, ...]
    landed: int
    promoted: int
    quarantined: int
    rules: tuple[dict[str, Any], ...] = ()
    periods: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """One landed reply of a snapshot: all that is needed to read it again without its publisher."""

    sha256: str
    media: str
    url: str
    requested_at: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class PartState:
    """One snapshot: a promoted version of one part."""

    source: str
    part: str
    vintage: str
    source_version: str
    source_changed_at: str | None
    retrieved_at: str
    urls: tuple[str, ...]
    entity_sha256: tuple[str, ...]
    canonical_sha256: str
    parser_version: str
    tables: dict[str, TableFiles]
    period_first: str | None = None
    period_last: str | None = None
    units: tuple[str, ...] = ()
    replies: tuple[Reply, ...] = ()

    @property
    def snapshot_id(self) -> str:
        return f"{self.source}/{self.part}@{self.vintage}"

    @property
    def landed(self) -> int:
        return sum(table.landed for table in self.tables.values())

    @property
    def promoted(self) -> int:
        return sum(table.promoted for table in self.tables.values())

    @property
    def quarantined(self) -> int:
        return sum(table.quarantined for table in self.tables.values())


@dataclass(frozen=True)
class Manifest:
    """The state of one source at one vintage."""

    source: str
    realm: str
    vintage: str
    parts: dict[str, PartState] = field(default_factory=dict)

    def files(self, table: str, parts: Iterable[str] | None = None) -> list[str]:
        """Parquet files of one table, over the named parts or all."""
        chosen = self.parts if parts is None else parts
        return [
            path
            for part in chosen
            for path in self.parts[part].tables.get(table, TableFiles((), (), 0, 0, 0)).files
        ]


def source_dir(raw_dir: Path, realm: str, source: str) -> Path:
    """Folder of all vintages of one source; synthetic and official figures never share one."""
    return raw_dir / realm / source


def latest(raw_dir: Path, realm: str, source: str) -> Manifest:
    """The newest manifest; an empty one where nothing was promoted yet."""
    folders = sorted(source_dir(raw_dir, realm, source).glob("vintage=*/manifest.json"))
    if not folders:
        return Manifest(source, realm, "")
    return _read(folders[-1].read_bytes())


def history(raw_dir: Path, realm: str, source: str) -> list[Manifest]:
    """All manifests, oldest first."""
    folder = source_dir(raw_dir, realm, source)
    return [_read(path.read_bytes()) for path in sorted(folder.glob("vintage=*/manifest.json"))]


def record_in_landing(store: LandingStore, manifest: Manifest) -> None:
    """Write down beside the landed bytes which of them are in service as what.

    With it the landing alone is enough to make the figures again, under the same snapshot ids.
    """
    record = asdict(manifest)
    for part in record["parts"].values():
        part["tables"] = {}  # where rows lie, and how many: that is made again
    body = json.dumps(record, indent=1).encode()
    store.record(f"{_landed(manifest.realm, manifest.source)}/{manifest.vintage}.json", body)


def apart_from_landing(
    store: LandingStore, raw_dir: Path, realm: str, source: str
) -> tuple[list[Manifest], list[Manifest]]:
    """What a home and its landing do not know of each other, oldest first.

    Returns:
        Manifests in service here that the landing lacks (a crash came between the two), and those
        of the landing that are not here (another worker of the same landing wrote them).
    """
    here = {
        path.parent.name.removeprefix("vintage="): path
        for path in source_dir(raw_dir, realm, source).glob("vintage=*/manifest.json")
    }
    there = {
        name.rsplit("/", 1)[-1].removesuffix(".json"): name for name in _names(store, realm, source)
    }
    return (
        [_read(here[vintage].read_bytes()) for vintage in sorted(set(here) - set(there))],
        [_read(store.read(there[vintage])) for vintage in sorted(set(there) - set(here))],
    )


def landed_history(store: LandingStore, realm: str, source: str) -> list[Manifest]:
    """All manifests that the landing knows, oldest first, without the files of their tables."""
    return [_read(store.read(name)) for name in _names(store, realm, source)]


def landed_realms(store: LandingStore) -> list[str]:
    """Realms of which a landing has figures in service."""
    return sorted({name.split("/")[1] for name in store.names("vintages")})


def _landed(realm: str, source: str) -> str:
    return f"vintages/{realm}/{source}"


def _names(store: LandingStore, realm: str, source: str) -> list[str]:
    return [name for name in store.names(_landed(realm, source)) if name.endswith(".json")]


def _read(body: bytes) -> Manifest:
    record = json.loads(body)
    parts = {}
    for name, part in record.pop("parts").items():
        tables = {
            table: TableFiles(
                **{
                    **files,
                    "files": tuple(files["files"]),
                    "quarantine": tuple(files["quarantine"]),
                    "rules": tuple(files["rules"]),
                }
            )
            for table, files in part.pop("tables").items()
        }
        for key in ("urls", "entity_sha256", "units"):
            part[key] = tuple(part[key])
        part["replies"] = tuple(Reply(**reply) for reply in part.get("replies", ()))
        parts[name] = PartState(**part, tables=tables)
    return Manifest(**record, parts=parts)


class VintageWriter:
    """Collects the changed parts of one night and puts them in service with one rename."""

    def __init__(
        self, raw_dir: Path, quarantine_dir: Path, realm: str, source: str, vintage: str
    ) -> None:
        self._raw, self._quarantine = raw_dir, quarantine_dir
        self._realm, self._source, self._vintage = realm, source, vintage
        folder = source_dir(raw_dir, realm, source)
        self._final = folder / f"vintage={vintage}"
        self._staging = folder / f".staging-{vintage}"
        self._below = ""
        for stale in folder.glob(".staging-*"):
            shutil.rmtree(stale)  # left by a night that was killed: it was never in service

    def of_others(self, vintage: str) -> VintageWriter:
        """A writer into the same vintage for what was landed elsewhere under another one.

        Its files have names of their own: the same part may be brought anew the same night.
        """
        other = copy.copy(self)
        other._below, other._vintage = f"{vintage}/", vintage
        return other

    def write(self, table: str, part: str, number: int, good: pl.DataFrame) -> str | None:
        """Write promoted rows; returns the path that the file will have, below the raw folder."""
        if good.is_empty():
            return None
        name = f"{self._below}{table}/{_safe(part)}-{number:03d}.parquet"
        target = self._staging / name
        with readable_os_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            good.write_parquet(target, compression="zstd", compression_level=3)
        return str((self._final / name).relative_to(self._raw))

    def write_quarantine(self, table: str, part: str, number: int, bad: pl.DataFrame) -> str | None:
        """Write held rows; an unlisted file (a night that was killed) counts for nothing."""
        if bad.is_empty():
            return None
        name = f"{_safe(part)}-{number:03d}@{self._vintage}.parquet"
        target = self._quarantine / self._realm / self._source / table / name
        with readable_os_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            bad.write_parquet(target)
        return str(target.relative_to(self._quarantine))

    def discard_part(self, part: str) -> None:
        """Take back what was written for a part that turned out not to be promotable."""
        for path in self._staging.glob(f"{self._below}*/{_safe(part)}-*.parquet"):
            path.unlink()

    def commit(self, manifest: Manifest) -> None:
        """Put the vintage in service."""
        with readable_os_errors(self._staging):
            self._staging.mkdir(parents=True, exist_ok=True)
            record = asdict(manifest)
            (self._staging / "manifest.json").write_text(json.dumps(record, indent=1))
            for path in self._staging.rglob("*"):
                if path.is_file():
                    with path.open("rb") as written:
                        os.fsync(written.fileno())
            os.rename(self._staging, self._final)
            fsync_dir(self._final.parent)


def _safe(part: str) -> str:
    return part.replace("/", "_")
