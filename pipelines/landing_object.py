"""A landing in an S3-compatible object store, shared by any number of workers.

Every object is put on condition that its name is free, so that the store itself keeps what was
landed: two workers with the same bytes end with one object, two with different bytes under one name
with an error. Endpoint, region and keys come from the AWS_* variables of the environment; none of
them is in an address, a file, a log or an error.

Belongs here: requests to the store, copies of its objects on this machine, its errors in plain
words. Does not belong here: what the objects are (`pipelines.landing`, `pipelines.vintages`).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import mmap
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from pipelines.errors import ConfigError, StorageError
from pipelines.landing_store import pack
from pipelines.storage import readable_os_errors, write_atomic

try:
    import obstore
    from obstore import exceptions as failures
    from obstore.store import S3Store
except ImportError as error:
    raise ConfigError(
        "CLUSTERKPI_LANDING names an object store; it is reached through the package obstore: "
        "install the extra `store` (pip install 'clusterkpi[store]')"
    ) from error

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
# A store that is away is told within seconds: the next night tries again.
_RETRY = {
    "max_retries": 4,
    "retry_timeout": timedelta(seconds=30),
    "backoff": {
        "init_backoff": timedelta(milliseconds=200),
        "max_backoff": timedelta(seconds=5),
        "base": 2,
    },
}
_STAYS = "The last published release stays in service."


class ObjectLanding:
    """Objects below `s3://bucket/prefix`.

    Payloads are read from a copy in a folder of this process, brought anew once a process, so that
    what is checked is what the store has; records are copied once and for all.
    """

    def __init__(self, url: str, scratch: Path) -> None:
        """
        Args:
            url: `s3://bucket/prefix`, checked by the settings.
            scratch: folder of this machine for copies, transfers and open journals.

        Raises:
            ConfigError: an endpoint of the environment carries credentials or is not understood.
        """
        parts = urlsplit(url)
        self._url, self.scratch = url.rstrip("/"), scratch
        endpoint = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), None)
        if endpoint and (urlsplit(endpoint).username or urlsplit(endpoint).password):
            raise ConfigError(
                "the endpoint of the object store carries credentials in its address; put them in "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        if endpoint and endpoint.startswith("http:") and not os.environ.get("AWS_ALLOW_HTTP"):
            raise ConfigError(
                f"the endpoint {endpoint} is not encrypted; set AWS_ALLOW_HTTP=true if that is "
                "meant (a store on this machine)"
            )
        with self._plain_words(self._url):
            self._store = S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                retry_config=_RETRY,
                **({"endpoint": endpoint} if endpoint else {}),
            )
        self._records = scratch / "copies" / hashlib.sha256(self._url.encode()).hexdigest()[:12]
        self._folder: Path | None = None
        self._brought: set[str] = set()

    # ------------------------------------------------------------ names

    def where(self, name: str) -> str:
        return f"{self._url}/{name}"

    def holds(self, name: str) -> bool:
        with self._plain_words(self.where(name)):
            try:
                obstore.head(self._store, name)
            except FileNotFoundError:
                return False
        return True

    def names(self, folder: str) -> list[str]:
        with self._plain_words(self.where(folder)):
            pages = obstore.list(self._store, prefix=folder)
            return sorted(str(entry["path"]) for page in pages for entry in page)

    # ------------------------------------------------------------ records

    def read(self, name: str) -> bytes:
        copy = self._records / name
        if not copy.exists():
            with self._plain_words(self.where(name)):
                body = bytes(obstore.get(self._store, name).bytes())
            write_atomic(copy, body)
        return copy.read_bytes()

    def record(self, name: str, body: bytes) -> None:
        if self._put(name, body):
            return
        with self._plain_words(self.where(name)):
            there = bytes(obstore.get(self._store, name).bytes())
        if there != body:
            raise StorageError(
                f"{self.where(name)} was written by another worker with other content and is not "
                f"overwritten. {_STAYS}"
            )

    def claim(self, stamp: str) -> bool:
        name = f"claims/{stamp}.json"
        if not self._put(name, b"{}"):
            return False
        if self._put(name, b"{}"):
            raise ConfigError(
                f"the store behind {self._url} overwrites an object although it is asked not to "
                "(If-None-Match: *); a landing needs a store that honours it"
            )
        return True

    def note(self, key: str, event: Mapping[str, Any]) -> None:
        self.record(f"events/{key}-{event['event']}.json", json.dumps(event, default=str).encode())

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(self.read(name)) for name in self.names("events")]

    # ------------------------------------------------------------ payloads

    def keep(self, name: str, plain: Path) -> None:
        with readable_os_errors(plain):
            packed = pack(name, plain)
            if not self.holds(name):
                with _mapped(packed) as body:
                    self._put(name, body)  # False: another worker was faster with the same bytes
            copy = self._copies() / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            os.replace(packed, copy)
        self._brought.add(name)

    def file(self, name: str) -> Path:
        copy = self._copies() / name
        if name not in self._brought:
            with readable_os_errors(copy):
                copy.parent.mkdir(parents=True, exist_ok=True)
                self._download(name, copy)
            self._brought.add(name)
        return copy

    def described(self) -> str:
        self.names("claims")
        return f"{self._url}: an object store, it answers"

    def _download(self, name: str, copy: Path) -> None:
        partial = copy.with_name(f"{copy.name}.partial")
        with self._plain_words(self.where(name)):
            try:
                stream = obstore.get(self._store, name).stream()
            except FileNotFoundError:
                return  # the reader says what is gone, and of which snapshot
            with partial.open("wb") as sink:
                for chunk in stream:
                    sink.write(chunk)
        os.replace(partial, copy)

    def _copies(self) -> Path:
        """Folder of this process; those of processes that ended are removed on the way."""
        if self._folder is None:
            root = self.scratch / "bytes"
            with readable_os_errors(root):
                root.mkdir(parents=True, exist_ok=True)
                with (root / ".lock").open("a") as door:
                    fcntl.flock(door, fcntl.LOCK_EX)
                    for folder in root.iterdir():
                        if folder.is_dir() and (gone := _locked(folder)) is not None:
                            shutil.rmtree(folder)
                            gone.close()
                    self._folder = Path(tempfile.mkdtemp(dir=root))
                    held = _locked(self._folder)
            weakref.finalize(self, _remove, self._folder, held)
        return self._folder

    # ------------------------------------------------------------ requests

    def _put(self, name: str, body: bytes | mmap.mmap) -> bool:
        """Write an object if its name is free.

        The body goes in one request: only so can the store refuse it as a whole.
        """
        with self._plain_words(self.where(name)):
            try:
                obstore.put(self._store, name, body, mode="create", use_multipart=False)
            except failures.AlreadyExistsError:
                return False
        return True

    @contextlib.contextmanager
    def _plain_words(self, where: str) -> Iterator[None]:
        """Say what went wrong and what to do; the store's own text may hold a key's name."""
        try:
            yield
        except (failures.UnauthenticatedError, failures.PermissionDeniedError) as error:
            raise ConfigError(
                f"{where}: the object store refuses these credentials; check AWS_ACCESS_KEY_ID, "
                f"AWS_SECRET_ACCESS_KEY and what they may do in this bucket. {_STAYS}"
            ) from error
        except FileNotFoundError as error:
            raise ConfigError(
                f"{where}: there is no such bucket or object; make the bucket, or check "
                f"CLUSTERKPI_LANDING. {_STAYS}"
            ) from error
        except failures.BaseError as error:
            if "NoSuchBucket" in str(error):
                raise ConfigError(
                    f"{where}: there is no such bucket; make it, or check CLUSTERKPI_LANDING. "
                    f"{_STAYS}"
                ) from error
            raise StorageError(
                f"{where}: the object store cannot be used ({_cause(str(error))}). Check the "
                f"network and the endpoint (AWS_ENDPOINT_URL); nothing half written counts, the "
                f"next night goes on from what was landed. {_STAYS}"
            ) from error


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[bytes | mmap.mmap]:
    """A file as one buffer whose pages the kernel may drop again: a body may be gigabytes long."""
    with path.open("rb") as body:
        if not path.stat().st_size:
            yield b""
            return
        with mmap.mmap(body.fileno(), 0, access=mmap.ACCESS_READ) as pages:
            yield pages


def _cause(text: str) -> str:
    """The end of the first line: `… - HTTP error: error sending request`; without any body."""
    return text.splitlines()[0].split("<")[0].rsplit(" - ", 1)[-1].strip(" :") or "no reason given"


def _locked(folder: Path) -> IO[str] | None:
    """The lock of a folder of copies; None while its process lives."""
    handle = (folder / ".lock").open("a")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle


def _remove(folder: Path, held: IO[str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    held.close()
