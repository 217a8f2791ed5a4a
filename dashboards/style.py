"""The look: colours of the light and the dark theme, and the CSS; nothing remote, no local file.

Belongs here: colours (type and spacing are in `style.css`). Does not belong here: content.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from urllib.parse import quote

# Okabe and Ito's palette; its yellow and sky blue, too faint on white, replaced by darker ones.
CATEGORIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#5b5fc7")


@dataclass(frozen=True)
class Palette:
    """Colours by what they are for. Text on `paper`, `faint` or `panel` has a contrast over 4.5."""

    ink: str
    soft: str
    mute: str
    brand: str
    negative: str
    paper: str
    faint: str
    panel: str
    line: str
    hair: str
    quiet: str
    warning: str
    warning_ink: str
    warning_paper: str
    warning_stripe: str
    warning_line: str
    held: str
    full: str
    recent: str
    old: str
    land: str
    empty: str
    withheld: str
    categories: tuple[str, ...]
    sequence: tuple[str, ...]
    # Low is blue, high is brown: also for eyes that do not tell red from green.
    diverging: tuple[str, ...]


LIGHT = Palette(
    ink="#14213d",
    soft="#4a5672",
    mute="#6a748a",
    brand="#1d4f91",
    negative="#c7701c",
    paper="#ffffff",
    faint="#fafbfc",
    panel="#f2f4f8",
    line="#d5dae5",
    hair="#e6e9f0",
    quiet="#b9c1cf",
    warning="#8a3b00",
    warning_ink="#6b2d00",
    warning_paper="#fff4dc",
    warning_stripe="#ffe9bd",
    warning_line="#d9a35c",
    held="#5d5b66",
    full="#b5cde6",
    recent="#dbe7f3",
    old="#f4efe2",
    land="#e9ecf1",
    empty="#dde3ea",
    withheld="#77757f",
    categories=CATEGORIES,
    sequence=("#d3e2f1", "#a9c6e3", "#7fa9d2", "#4781b9", "#1d5a98", "#0b3564"),
    diverging=("#31689f", "#9dbdda", "#ece8dc", "#f2c083", "#d5791f", "#8a3d05"),
)
DARK = Palette(
    ink="#e8edf7",
    soft="#a9b5cc",
    mute="#8d9ab3",
    brand="#7db1f0",
    negative="#e39a55",
    paper="#0f1729",
    faint="#131d33",
    panel="#1a2540",
    line="#33415f",
    hair="#26324d",
    quiet="#56627d",
    warning="#f0b46a",
    warning_ink="#ffd9a3",
    warning_paper="#3a2a12",
    warning_stripe="#46331a",
    warning_line="#a8772f",
    held="#8b8996",
    full="#2b5688",
    recent="#213f66",
    old="#3b3729",
    land="#1e2942",
    empty="#26324d",
    withheld="#8b8996",
    categories=("#56b4e9", "#f08c3a", "#2fc79b", "#e6a3c8", "#d6b84a", "#8fa8ff"),
    sequence=("#1d3557", "#25507f", "#2f6ca8", "#4b8ccb", "#86b7e6", "#cfe3f7"),
    diverging=("#6aa5e0", "#3c6a99", "#3a3f4d", "#8a5f2a", "#d98a35", "#ffc27a"),
)


@dataclass(frozen=True)
class Look:
    """How a picture is dressed: in which colours, and whether its figures are synthetic."""

    palette: Palette = LIGHT
    is_synthetic: bool = False


def css(palette: Palette) -> str:
    """The style sheet in the colours of a palette."""
    colours = "".join(
        f"--ck-{field.name.replace('_', '-')}: {value}; "
        for field in fields(palette)
        if isinstance(value := getattr(palette, field.name), str)
    )
    sheet = _rules().replace("WATERMARK", _watermark(palette.warning))
    return f"<style>:root {{ {colours}}}\n{sheet}</style>"


@cache
def _rules() -> str:
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def _watermark(colour: str) -> str:
    """One tile of the watermark; it lies over the whole window and lets clicks through."""
    return "data:image/svg+xml," + quote(
        "<svg xmlns='http://www.w3.org/2000/svg' width='560' height='330'>"
        "<text x='280' y='170' text-anchor='middle' font-family='sans-serif' font-size='40' "
        f"font-weight='700' fill='{colour}' transform='rotate(-24 280 165)'>SYNTHETIC DEMO</text>"
        "</svg>"
    )
