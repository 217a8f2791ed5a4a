"""The two consoles that every command prints to."""

from __future__ import annotations

import sys

from rich.console import Console

# a pipe has no width: wide enough there that tables are not folded
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def plain(text: str) -> str:
    """Text in which square brackets are brackets and not markup."""
    return text.replace("[", r"\[")
