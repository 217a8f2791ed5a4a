"""A whole state directory from its landing alone.

`landing/` holds the bytes, the log of every request, and which bytes were in service as which
snapshot. From it `raw/` and a release are made again, without a network, under the same snapshot
ids; the figures are the same as those of the last release if the code is.

Belongs here: restoring raw vintages, checking the landing, saying whether the figures are the same.
Does not belong here: parsing (`rederive`), building and publishing (`steps`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2 as httpx

from pipelines import landing, rederive, steps, vintages, warehouse
from pipelines.errors import ClusterkpiError, ConfigError
from pipelines.landing_store import LandingStore, open_landing
from pipelines.settings import Settings
from pipelines.sources.base import discover
from pipelines.storage import exclusive
from pipelines.transports import Profile
from pipelines.warehouse import Release

Say = Callable[[str], None]


class Refused(httpx.BaseTransport):
    """Nothing is asked of anybody."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("a rebuild contacts nobody", request=request)


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild came to.

    Attributes:
        release: the new release.
        before: the last release that the landing knows of, if any.
        why: why the figures differ from it; "" if they are the same.
    """

    release: Release
    before: dict[str, Any] | None
    why: str

    @property
    def same(self) -> bool:
        return self.before is not None and not self.why


def rebuild(settings: Settings, *, realm: str | None = None, say: Say = print) -> Rebuilt:
    """Make raw vintages and a release from nothing but the landing.

    Raises:
        ConfigError: there is no landing, raw vintages are still there, or it has both synthetic and
            official figures and `realm` does not say which are meant.
        Tampered: landed bytes are not what they were; every such file is named.
        ClusterkpiError: the same inputs, code and lists gave other figures.
    """
    store = open_landing(settings)
    realm = realm or _only_realm(store)
    events = [e for e in store.events() if e.get("realm") == realm]
    runs = [event for event in events if event["event"] == "run"]
    if not runs:
        raise ConfigError(f"{store.where('')} does not say how its figures were read")
    settings = settings.model_copy(update={"profile": runs[-1]["profile"]})
    if settings.__dict__.pop("realm", realm) != realm or settings.realm != realm:
        raise ConfigError(f"the landing of {realm} figures names profile {settings.profile}")
    raw = settings.raw_dir / realm
    if any(raw.glob("*/vintage=*")):
        raise ConfigError(
            f"{raw} still has raw vintages; a rebuild makes them from the landing: move that "
            "folder away first"
        )
    with exclusive(settings.home):
        warehouse.recover(settings.home)
        restored = _restore(settings, store, realm, say)
        if not restored:
            raise ConfigError(f"{store.where('')} has no {realm} figures in service")
        started = datetime.now(UTC)
        stamp = steps.new_stamp(settings, started, store)
        run = steps.Run(
            settings,
            Profile(settings, Refused(), polite=False, notice=runs[-1]["notice"]),
            None,
            {},
            f"{stamp}_{steps.git_commit()[:7]}",
            started,
        )
        report = steps.finish(steps.RefreshReport(run), force=True, say=say)
    assert report.release is not None
    published = [event for event in events if event["event"] == "publish"]
    before = published[-1] if published else None
    return Rebuilt(report.release, before, _difference(report.release, before))


def _restore(settings: Settings, store: LandingStore, realm: str, say: Say) -> int:
    """Check and parse what was in service of every source; the clocks come from the log."""
    asked = landing.last_asked(landing.read_log(store), realm)
    restored = 0
    tampered: list[str] = []
    manifests = []
    for source in discover().values():
        known = vintages.landed_history(store, realm, source.id)
        if known and known[-1].parts:
            manifests.append((source, known[-1]))
    for source, manifest in manifests:
        for state in manifest.parts.values():
            try:
                replies = rederive.landed(store, source.id, state)
                rederive.check(replies, state.snapshot_id)
            except rederive.Tampered as error:
                tampered.append(str(error))
    if tampered:
        raise rederive.Tampered("\n".join(tampered))
    for source, manifest in manifests:
        parts = list(manifest.parts.values())
        again = rederive.parse_again(store, settings, source, parts, manifest.vintage)
        rows = sum(part.promoted for part in again.parts.values())
        say(f"{source.id:<9} {len(parts)} parts from the landing, {rows:,} rows")
        restored += len(parts)
    warehouse.write_last_checked(
        settings.home,
        {
            f"{source.id}/{part}": {
                "last_checked_at": asked[f"{source.id}/{part}"].isoformat(),
                "step": "unchanged",
                "detail": "restored from the landing",
                "realm": realm,
                "signal": None,
            }
            for source, manifest in manifests
            for part in manifest.parts
            if f"{source.id}/{part}" in asked
        },
    )
    return restored


def _only_realm(store: LandingStore) -> str:
    realms = vintages.landed_realms(store)
    if len(realms) == 1:
        return realms[0]
    if not realms:
        raise ConfigError(f"there is nothing to rebuild from in {store.where('')}")
    raise ConfigError(f"{store.where('')} has {' and '.join(realms)} figures: say which, --realm")


def _difference(release: Release, before: dict[str, Any] | None) -> str:
    if before is None or release.fact_hash == before["fact_hash"]:
        return ""
    if release.inputs_sha256 != before["inputs_sha256"]:
        return "the landing has moved on since that release"
    if (release.code_sha256, release.definitions_sha256) != (
        before["code_sha256"],
        before["definitions_sha256"],
    ):
        return "formulas or lists differ from those of that release"
    raise ClusterkpiError(
        f"the same snapshots, code and lists gave other figures than release "
        f"{before['release_id']}: fact {release.fact_hash} instead of {before['fact_hash']}; "
        "`clusterkpi diff` shows the cells where both releases are kept"
    )
