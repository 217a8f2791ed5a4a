"""`clusterkpi landing …`: where landed bytes lie."""

from __future__ import annotations

import typer

from pipelines.commands.console import HomeOption, out, plain
from pipelines.errors import ConfigError
from pipelines.landing_store import LocalLanding, copy_all, open_landing
from pipelines.settings import load_settings
from pipelines.storage import exclusive

app = typer.Typer(name="landing", help="A landing that several homes share.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """A landing that several homes share."""


@app.command()
def push(home: HomeOption = None) -> None:
    """Copy what was landed in this home into the object store of CLUSTERKPI_LANDING."""
    settings = load_settings(home=home)
    if not settings.landing:
        raise ConfigError("CLUSTERKPI_LANDING names no object store to copy to")
    store = open_landing(settings)
    with exclusive(settings.home):
        written, there = copy_all(LocalLanding(settings.landing_dir), store)
    out.print(plain(f"{store.where('')}: {written} objects written, {there} were there"))
