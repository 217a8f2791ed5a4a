"""Profiles: the same code against the network, recorded answers, or the emulated publishers.

Belongs here: turning a profile's name into a transport. Does not belong here: the transports.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import httpx2 as httpx

from pipelines.errors import ConfigError
from pipelines.http.static_files import http_date, static_response
from pipelines.settings import Settings, load_settings
from pipelines.sources import cluster_definition, regions, supplement

DEMO_NOTICE = (
    "SYNTHETIC DEMONSTRATION DATA. The figures are generated and describe no real economy, "
    "region or industry. Do not quote them."
)


@dataclass(frozen=True)
class Profile:
    """Where figures come from.

    Attributes:
        settings: the given settings, with what a recording prescribes on top.
        transport: handles the requests.
        polite: whether there is somebody to be polite to.
        notice: what readers of the release have to know.
    """

    settings: Settings
    transport: httpx.BaseTransport
    polite: bool
    notice: str


# Scheme of an address → folder of the state directory that answers it.
LOCAL_FOLDERS = {
    supplement.SCHEME: "supplements",
    regions.SCHEME: "regions",
    cluster_definition.SCHEME: cluster_definition.FOLDER,
}


class LocalTransport(httpx.BaseTransport):
    """Answers requests for one's own files from their folders, and hands on all others."""

    def __init__(self, home: Path, inner: httpx.BaseTransport) -> None:
        self._home, self._inner = home, inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme not in LOCAL_FOLDERS:
            return self._inner.handle_request(request)
        folder = self._home / LOCAL_FOLDERS[request.url.scheme]
        path = folder / unquote(request.url.path).removeprefix("/")
        if path.parent != folder or not path.is_file():
            return httpx.Response(404, content=b"no such file", request=request)
        body = path.read_bytes()
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        return static_response(request, body, etag, http_date(changed))

    def close(self) -> None:
        self._inner.close()


def open_profile(settings: Settings) -> Profile:
    """The transport that a profile names, with one's own files before it.

    Raises:
        ConfigError: the profile is unknown, or the index of a replay is not usable.
    """
    profile = _publishers(settings)
    transport = LocalTransport(settings.home, profile.transport)
    return replace(profile, transport=transport)


def _publishers(settings: Settings) -> Profile:
    """The transport that a profile names.

    Raises:
        ConfigError: the profile is unknown, or the index of a replay is not usable.
    """
    name, _, argument = settings.profile.partition(":")
    if name == "demo" and not argument:
        from pipelines.demo import DemoTransport

        transport = DemoTransport(
            scale=settings.demo_scale,
            vintage=settings.demo_vintage,
            seed=settings.demo_seed,
            today=settings.plan_date,
        )
        return Profile(settings, transport, polite=False, notice=DEMO_NOTICE)
    if name == "live" and not argument:
        # a transport of one's own does not look at the environment: offices sit behind proxies
        proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy") or None
        return Profile(settings, httpx.HTTPTransport(proxy=proxy), polite=True, notice="")
    if name == "replay" and argument:
        return _replay(settings, Path(argument))
    raise ConfigError(
        f"no profile {settings.profile!r}; there are `demo`, `live` and `replay:INDEX_FILE` "
        "(for example replay:deploy/replay/official_sample.yml)"
    )


def _replay(settings: Settings, index_file: Path) -> Profile:
    from pipelines.http.replay import ReplayIndexError, ReplayTransport, load_index

    if not index_file.is_file():
        raise ConfigError(f"replay index {index_file} is no file")
    try:
        index = load_index(index_file, settings.replay_vars)
    except ReplayIndexError as error:
        raise ConfigError(str(error)) from error
    merged = load_settings(**{**settings.model_dump(), **index.settings})
    return Profile(merged, ReplayTransport(index), polite=False, notice=index.description)
