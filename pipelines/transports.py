"""Profiles: the same code against the network, recorded answers, or the emulated publishers.

Belongs here: turning a profile's name into a transport. Does not belong here: the transports.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

from pipelines.errors import ConfigError
from pipelines.settings import Settings, load_settings

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


def open_profile(settings: Settings) -> Profile:
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
