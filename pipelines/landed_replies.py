"""The replies of a snapshot as they lie in the landing, and whether they are still what they were.

Belongs here: finding landed replies again, checking them against their hashes. Does not belong
here: landing them (`landing`), reading them (`ingest.parse`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable

from pipelines.errors import ClusterkpiError, ConfigError
from pipelines.http.classify import Media
from pipelines.landing import Landed, payload_name
from pipelines.landing_store import Kept, LandingStore
from pipelines.vintages import PartState

_CHUNK_BYTES = 1 << 20


class Tampered(ClusterkpiError):
    """Landed bytes are not what their names say: changed, cut or gone."""


def landed(store: LandingStore, source: str, state: PartState) -> list[Landed]:
    """The replies of a snapshot as they lie in the landing, unchecked.

    Raises:
        ConfigError: it was landed by a version of this project that did not write down enough.
    """
    if not state.replies:
        raise ConfigError(
            f"{state.snapshot_id} was landed before replies were written down one by one; "
            f"`clusterkpi refresh --only {source} --force` reads it anew"
        )
    return [
        Landed(
            reply.sha256,
            Kept(store, payload_name(source, reply.sha256, Media(reply.media))),
            Media(reply.media),
            reply.url,
            dt.datetime.fromisoformat(reply.requested_at),
            reply.etag,
            reply.last_modified,
        )
        for reply in state.replies
    ]


def check(replies: Iterable[Landed], snapshot_id: str) -> None:
    """Compare landed bytes with the hash that they are named by.

    Raises:
        Tampered: names the file, what it belongs to, and both hashes.
    """
    for reply in replies:
        where = f"{reply.kept.where} (landed for {snapshot_id} from {reply.url})"
        if not reply.path.exists():
            raise Tampered(f"{where} is gone")
        digest = hashlib.sha256()
        try:
            with reply.open() as body:
                while chunk := body.read(_CHUNK_BYTES):
                    digest.update(chunk)
        except OSError as error:
            raise Tampered(f"{where} cannot be unpacked: {error}") from error
        if digest.hexdigest() != reply.sha256:
            raise Tampered(
                f"{where} is not what was landed: its bytes hash to {digest.hexdigest()}"
            )
