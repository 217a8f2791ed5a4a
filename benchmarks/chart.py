"""A small log-log chart as SVG text, readable on a light and a dark page.

Belongs here: drawing. Does not belong here: figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 230, 34, 40
# eight colours that colour-blind readers tell apart, on light and on dark
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#999999", "#ee8866")
GREY = "#888888"


def log_log(
    title: str,
    lines: Mapping[str, Sequence[tuple[float, float]]],
    horizontal: str,
    vertical: str,
) -> str:
    """One line of dots for each name, both axes logarithmic; a dashed line shows slope 1.

    Raises:
        ValueError: no point, or a point that has no logarithm.
    """
    points = [point for line in lines.values() for point in line]
    if not points or min(min(x, y) for x, y in points) <= 0:
        raise ValueError(f"{title}: a logarithm needs points above zero, got {points[:5]}")
    x_low, x_high = min(x for x, _ in points), max(x for x, _ in points)
    y_low = 10 ** math.floor(math.log10(min(y for _, y in points)))
    y_high = 10 ** math.ceil(math.log10(max(y for _, y in points)) + 1e-9)

    def across(x: float) -> float:
        share = math.log(x / x_low) / math.log(x_high / x_low) if x_high > x_low else 0.5
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def up(y: float) -> float:
        share = math.log(y / y_low) / math.log(y_high / y_low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    drawn = [_text(LEFT, 18, title, weight="bold")]
    drawn += [_text(LEFT - 8, HEIGHT - 8, f"{horizontal} →  {vertical} ↑", colour=GREY)]
    for power in range(round(math.log10(y_low)), round(math.log10(y_high)) + 1):
        at = up(10**power)
        drawn.append(_line([(LEFT, at), (WIDTH - RIGHT, at)], GREY, width=0.4))
        drawn.append(_text(LEFT - 8, at + 4, f"{10.0**power:g}", anchor="end", colour=GREY))
    for x in sorted({x for x, _ in points}):
        drawn.append(_line([(across(x), HEIGHT - BOTTOM), (across(x), TOP)], GREY, width=0.4))
        drawn.append(_text(across(x), HEIGHT - BOTTOM + 15, f"{x:g}", anchor="middle", colour=GREY))
    if x_high > x_low:  # what is linear is parallel to this
        ends = [(x_low, y_low), (x_high, min(y_high, y_low * x_high / x_low))]
        dashed = _line([(across(x), up(y)) for x, y in ends], GREY, dash="4 4")
        drawn += [dashed, _text(across(x_high) - 4, up(ends[1][1]) - 4, "linear", "end", GREY)]
    for number, (name, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [(across(x), up(y)) for x, y in sorted(line)]
        drawn.append(_line(places, colour, width=1.8, dash="" if number < 8 else "2 3"))
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        at = TOP + 10 + 17 * number
        drawn.append(_line([(WIDTH - RIGHT + 12, at), (WIDTH - RIGHT + 30, at)], colour, width=3))
        drawn.append(_text(WIDTH - RIGHT + 36, at + 4, name, colour=GREY))
    body = "\n".join(drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="12">\n'
        f"<title>{escape(title)}</title>\n{body}\n</svg>\n"
    )


def _text(
    x: float,
    y: float,
    words: str,
    anchor: str = "start",
    colour: str = GREY,
    weight: str = "normal",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
        f'font-weight="{weight}">{escape(words)}</text>'
    )


def _line(
    points: Sequence[tuple[float, float]], colour: str, width: float = 1, dash: str = ""
) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
        f'stroke-dasharray="{dash}"/>'
    )
