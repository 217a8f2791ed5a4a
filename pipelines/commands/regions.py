"""`clusterkpi regions …`: areas of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.console import out, plain

app = typer.Typer(name="regions", help="Regions of your own: check a file.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Regions of your own: check a file."""


@app.command()
def check(file: Annotated[Path, typer.Argument(help="CSV file")]) -> None:
    """Print everything that is wrong with a file of regions. Ends with 1 if there is something."""
    from pipelines.sources.regions import SOURCE

    rows, wrong = SOURCE.refusals(file)
    for line in wrong:
        out.print(plain(line))
    verdict = "would be used" if rows and not wrong else "would not be used"
    out.print(plain(f"{file.name}: {rows} members, {len(wrong)} mistakes: {verdict}"))
    if wrong or not rows:
        raise typer.Exit(1)
