"""What all commands share: the two consoles that they print to, and the option that says where."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

HomeOption = Annotated[Path | None, typer.Option(help="state directory [CLUSTERKPI_HOME]")]

# a pipe has no width: wide enough there that tables are not folded
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def plain(text: str) -> str:
    """Text in which square brackets are brackets and not markup."""
    return text.replace("[", r"\[")
