"""Small, crash-safe file operations.

Belongs here: atomic writes, fsync, the lock of the state directory, and OS errors turned into
advice. Does not belong here: what is in the files.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.errors import ConfigError, StorageError

_ADVICE = {
    errno.ENOSPC: "the disk is full: free space there or set CLUSTERKPI_HOME to another disk",
    errno.EDQUOT: "the disk quota is used up: free space or set CLUSTERKPI_HOME elsewhere",
    errno.EFBIG: "the file may not grow further: lift the file size limit of this process",
}
_PERMISSION = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EEXIST,
)  # EEXIST: a file stands where a folder should


@contextlib.contextmanager
def readable_os_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or a missing permission into an error that says where and what to do."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        if error.errno in _ADVICE:
            raise StorageError(
                f"cannot write {where}: {_ADVICE[error.errno]}. "
                "The last published release stays in service."
            ) from error
        if error.errno in _PERMISSION:
            raise ConfigError(
                f"cannot write {where}: {os.strerror(error.errno)}. Give this user write access "
                "or set CLUSTERKPI_HOME. The last published release stays in service."
            ) from error
        raise


def fsync_dir(folder: Path) -> None:
    """Make a rename inside `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomic(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a reader sees the old or the new file, never a part."""
    with readable_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as sink:
                sink.write(content)
                sink.flush()
                os.fsync(sink.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        fsync_dir(path.parent)


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Append one JSON line and make it durable. A torn last line is dropped by `read_lines`."""
    with readable_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        torn = path.exists() and path.stat().st_size > 0 and _last_byte(path) != b"\n"
        with path.open("ab") as sink:
            # after a crash in mid line, start a new one: the torn line stays unreadable alone
            sink.write((b"\n" if torn else b"") + json.dumps(record, default=str).encode() + b"\n")
            sink.flush()
            os.fsync(sink.fileno())


def read_lines(path: Path) -> list[dict[str, Any]]:
    """All whole JSON lines of a file written by `append_line`; [] where it does not exist."""
    if not path.exists():
        return []
    records = []
    for line in path.read_bytes().split(b"\n"):
        if line.strip():
            with contextlib.suppress(ValueError):  # a line torn by a crash was never confirmed
                records.append(json.loads(line))
    return records


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as body:
        body.seek(-1, os.SEEK_END)
        return body.read(1)


@contextlib.contextmanager
def exclusive(home: Path) -> Iterator[None]:
    """Hold the state directory's lock: one refresh at a time, whoever starts it.

    The kernel releases the lock when the process ends, however it ends.

    Raises:
        ConfigError: another refresh holds it, or the directory cannot be written.
    """
    with readable_os_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        handle = (home / ".lock").open("a+")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(
                f"another refresh is running on {home}; wait for it or use another CLUSTERKPI_HOME"
            ) from error
        yield
