"""Yearly exports of USA Trade Online around synthetic exports of states.

Belongs here: titles above a header with a comma too many, names cut to fit, code and name in one
cell, commodities of three and four digits that add up. Does not belong here: bilateral trade
(`baci_wire`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2 as httpx

from pipelines.demo.hosts import Demo, Route, not_found
from pipelines.demo.noise import Noise, ids
from pipelines.demo.tables import numbers, table

_HEAD = (
    '"{year} export by state by NAICS"\n"Current date: a demonstration"\n'
    '"Commodity","State","Country","Time","Total Exports Value ($US)",\n'
)
# Goods of NAICS, and special provisions without an industry.
_GOODS = ("11", "21", "31", "32", "33")
_SPECIAL = ("9100", "9900")
_UNKNOWN = "Unknown"
_SHORT = {"District of Columbia": "Dist of Columbia"}


def file_body(seed: int, year: int) -> bytes:
    """All commodities, states and sums; what a state did not export has no row."""
    goods = [code for code in table("naics_codes")["naics4"] if code[:2] in _GOODS]
    commodities = [*goods, *_SPECIAL]
    states = table("us_states")
    names = [_SHORT.get(name, name) for name in states["state_name"]]
    sizes = numbers(states, "estabs_k").to_list()
    strong = [set(cell.split()) for cell in states["strong_naics"]]
    names, sizes, strong = [*names, _UNKNOWN], [*sizes, 80.0], [*strong, set()]
    noise = Noise(seed, "ustrade")
    normal = noise.normal(ids(commodities)[:, None], ids(names)[None, :])
    moves = Noise(seed, "ustrade", str(year)).normal(ids(commodities)[:, None], ids(names)[None, :])
    figures: dict[tuple[str, str], int] = {}
    for c, commodity in enumerate(commodities):
        for s, name in enumerate(names):
            if normal[c, s] < -1.9:
                continue
            lift = 2.0 if commodity in strong[s] else 0.0
            value = 2.718 ** (13.5 + 1.2 * normal[c, s] + 0.1 * moves[c, s] + lift)
            figures[commodity, name] = round(value * sizes[s] * 1.03 ** (year - 2012))
    return (_HEAD.format(year=year) + "".join(_lines(figures, names, year))).encode()


def _lines(figures: dict[tuple[str, str], int], names: list[str], year: int) -> Iterator[str]:
    sums: dict[tuple[str, str], int] = {}
    for (commodity, name), value in figures.items():
        for level in ("all", commodity[:3], commodity):
            for area in ("All States", name):
                sums[level, area] = sums.get((level, area), 0) + value
    levels = sorted({level for level, _ in sums}, key=lambda level: (level != "all", level))
    for level in levels:
        label = "All Commodities" if level == "all" else f"{level} Demo Goods {level}"
        for area in ("All States", *names):
            if (level, area) in sums:
                yield f'"{label}","{area}","World Total","{year}","{sums[level, area]:,}"\n'


def _answer(demo: Demo, request: httpx.Request, year: str) -> httpx.Response:
    if int(year) >= demo.today.year:
        return not_found(request)
    made = datetime(int(year) + 1, 6, 25, 13, tzinfo=UTC)
    return demo.file(request, lambda: file_body(demo.seed, int(year)), made, "text/csv")


ROUTES = (Route(r"https://usatrade\.census\.gov/exports/state_exports_(\d{4})\.csv", _answer),)
