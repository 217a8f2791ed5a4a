"""Where landed things lie: files of this machine, or objects of a store that workers share.

Every name is written once and never again. A payload is named by its hash, a record by the stamp
of the run that wrote it, so that two writers can meet only with the same bytes or with an error.

Belongs here: the seam (`LandingStore`), the folder behind it, and the choice between the two.
Does not belong here: what is landed and logged (`pipelines.landing`), the object store
(`pipelines.landing_object`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from pipelines.settings import Settings
from pipelines.storage import append_line, fsync_dir, read_lines, readable_os_errors, write_atomic

PACKED = ".zst"
_RECORDS = ("log", "vintages")  # the other folders hold payloads, one folder a source
_NOT_LANDED = ("partial", "copies", "bytes")
_CHUNK_BYTES = 1 << 20


class LandingStore(Protocol):
    """Bytes by name. Names are relative, with `/` between folders.

    Raises:
        StorageError: what lies behind it cannot be reached or takes no more.
        ConfigError: it may not be read or written as it is configured.
    """

    @property
    def scratch(self) -> Path:
        """Folder of this machine for what is not landed yet: transfers, open journals."""
        ...

    def where(self, name: str) -> str:
        """Path or address of a name, for people."""
        ...

    def holds(self, name: str) -> bool:
        """Whether a name was written."""
        ...

    def names(self, folder: str) -> list[str]:
        """All names below a folder, in their order; [] where there is none."""
        ...

    def read(self, name: str) -> bytes:
        """The bytes of a record."""
        ...

    def file(self, name: str) -> Path:
        """A file of this machine with a payload's bytes as the store has them; it is brought here
        where it lies elsewhere. The path may not exist where the payload is gone."""
        ...

    def keep(self, name: str, plain: Path) -> None:
        """Take a file in as a payload (packed where the name ends in `.zst`), unless it is held
        already. The file itself is used up."""
        ...

    def record(self, name: str, body: bytes) -> None:
        """Write a record."""
        ...

    def claim(self, stamp: str) -> bool:
        """Take a stamp for the names of one run; False where another worker has it."""
        ...

    def note(self, key: str, event: Mapping[str, Any]) -> None:
        """Write down that something happened; `key` sorts by time and is unique for its kind."""
        ...

    def events(self) -> list[dict[str, Any]]:
        """All that was noted, oldest first."""
        ...

    def described(self) -> str:
        """One sentence on what it is and whether it can be used; asks it once or twice."""
        ...


@dataclass(frozen=True)
class Kept:
    """A payload at rest."""

    store: LandingStore
    name: str

    @property
    def path(self) -> Path:
        """A file of this machine that has its bytes."""
        return self.store.file(self.name)

    @property
    def where(self) -> str:
        return self.store.where(self.name)

    def exists(self) -> bool:
        return self.store.holds(self.name)


def kept_file(path: Path) -> Kept:
    """Any file, as if it had been landed."""
    return Kept(LocalLanding(path.parent), path.name)


def open_landing(settings: Settings) -> LandingStore:
    """The landing of a home: its own folder, or the store that the setting names.

    Raises:
        ConfigError: the store needs a package that is not installed, or a setting that is missing.
    """
    if not settings.landing:
        return LocalLanding(settings.landing_dir)
    from pipelines.landing_object import ObjectLanding  # its package is optional

    return ObjectLanding(settings.landing, settings.landing_dir)


@dataclass(frozen=True)
class LocalLanding:
    """A folder. One worker at a time writes to it: the lock of its home sees to that."""

    folder: Path

    @property
    def scratch(self) -> Path:
        return self.folder

    def where(self, name: str) -> str:
        return str(self.folder / name)

    def holds(self, name: str) -> bool:
        return (self.folder / name).exists()

    def names(self, folder: str) -> list[str]:
        return sorted(
            path.relative_to(self.folder).as_posix()
            for path in (self.folder / folder).rglob("*")
            if path.is_file() and not path.name.startswith(".")  # one that is being written
        )

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def file(self, name: str) -> Path:
        return self.folder / name

    def keep(self, name: str, plain: Path) -> None:
        target = self.folder / name
        if target.exists():
            plain.unlink()
            return
        with readable_os_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            packed = pack(name, plain)
            os.chmod(packed, 0o444)
            os.replace(packed, target)
            fsync_dir(target.parent)

    def record(self, name: str, body: bytes) -> None:
        write_atomic(self.folder / name, body)

    def claim(self, stamp: str) -> bool:
        return True

    def note(self, key: str, event: Mapping[str, Any]) -> None:
        append_line(self.folder / "events.jsonl", dict(event))

    def events(self) -> list[dict[str, Any]]:
        return read_lines(self.folder / "events.jsonl")

    def described(self) -> str:
        return f"{self.folder}: a folder of this machine"


def copy_all(source: LocalLanding, target: LandingStore) -> tuple[int, int]:
    """Bring a whole landing into another one; what is there already is left alone.

    Payloads first, what speaks of them last: a copy that is cut off can be begun again.

    Returns:
        How many names were written, and how many were there.
    """
    names = [name for name in source.names("") if _is_landed(name)]
    there = 0
    for name in sorted(names, key=lambda name: (name.split("/")[0] in _RECORDS, name)):
        if target.holds(name):
            there += 1
        else:
            target.record(name, source.read(name))
    noted = {json.dumps(event, sort_keys=True) for event in target.events()}
    for event in source.events():
        if json.dumps(event, sort_keys=True) not in noted:
            target.note(event["release_id" if event["event"] == "publish" else "run_id"], event)
    return len(names) - there, there


def _is_landed(name: str) -> bool:
    return name.split("/")[0] not in _NOT_LANDED and not name.endswith(".jsonl")


def pack(name: str, plain: Path) -> Path:
    """The file as it is kept under a name: compressed beside it, and used up, or as it is."""
    if not name.endswith(PACKED):
        return plain
    packed = plain.with_suffix(PACKED)
    with plain.open("rb") as body, pa.CompressedOutputStream(str(packed), "zstd") as sink:
        while chunk := body.read(_CHUNK_BYTES):
            sink.write(chunk)
    plain.unlink()
    return packed
