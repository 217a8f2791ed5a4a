"""Exports of Stats NZ around synthetic business demography.

Belongs here: exports with columns in another order, counts that are multiples of 3, the code before
the name of an industry, a region that lacks industries. Does not belong here: what is made of them.
"""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2 as httpx
import numpy as np

from pipelines.demo.hosts import Demo, Route
from pipelines.demo.noise import Noise, ids
from pipelines.demo.tables import numbers, table

_DIVISIONS = (
    "A Agriculture, Forestry and Fishing", "B Mining", "C Manufacturing",
    "D Electricity, Gas, Water and Waste Services", "E Construction", "F Wholesale Trade",
    "G Retail Trade", "H Accommodation and Food Services", "I Transport, Postal and Warehousing",
    "J Information Media and Telecommunications", "K Financial and Insurance Services",
    "L Rental, Hiring and Real Estate Services",
    "M Professional, Scientific and Technical Services", "N Administrative and Support Services",
    "O Public Administration and Safety", "P Education and Training",
    "Q Health Care and Social Assistance", "R Arts and Recreation Services", "S Other Services",
)  # fmt: skip
# A few subdivisions of the list; one is printed with two blanks.
_MORE = (
    "A01 Agriculture",
    "C11 Food Product Manufacturing",
    "C12  Beverage and Tobacco Product Manufacturing",
    "F331 Basic Material Wholesaling",
)
_SIZES = (("Total", 1.0), ("1 to 19", 0.23), ("20 to 49", 0.024), ("50+", 0.05))
_OUTSIDE = "Area Outside Region"
_EMPLOYEES = 3.6  # per location


def _regions() -> tuple[list[str], np.ndarray]:
    rows = table("national_regions").filter(publisher="statsnz")
    return rows["name"].to_list(), 2.0 ** numbers(rows, "size").to_numpy()


def industries_of_regions(demo: Demo) -> bytes:
    """The export by region and industry: geographic units of one year."""
    names, sizes = _regions()
    noise = Noise(demo.seed, "statsnz").normal(ids(names)[:, None], ids(_DIVISIONS)[None, :])
    counts = 3 * np.rint(sizes[:, None] / len(_DIVISIONS) * np.exp(0.7 * noise) / 3).astype(int)
    lines = ["Measure,Year,Area,ANZSIC06,Value,Flags"]
    for at, division in enumerate(_DIVISIONS):
        for number, region in enumerate(names):
            if region == _OUTSIDE and division[0] in "BJ":
                continue
            cells = ("Geographic Units", str(demo.today.year - 1), region, division)
            text = ",".join(f'"{cell}"' for cell in cells)
            lines.append(f"{text},{counts[number, at]},")
    return ("\ufeff" + "\n".join(lines) + "\n").encode()


def sizes_of_regions(demo: Demo) -> bytes:
    """The export by region and size: employees rounded to hundreds, locations to threes."""
    names, sizes = _regions()
    lines = ["Year,Area,Enterprise employee count size group,Measure,Value,Flags"]
    for region, size in zip(names, sizes, strict=True):
        for measure, unit, factor in (
            ("Employee Count", 100, _EMPLOYEES),
            ("Geographic Units", 3, 1),
        ):
            for group, share in _SIZES:
                value = unit * round(size * share * factor / unit)
                cells = (str(demo.today.year - 1), region, group, measure)
                lines.append(",".join(f'"{cell}"' for cell in cells) + f",{value},")
    return ("\ufeff" + "\n".join(lines) + "\n").encode()


def industry_list(_demo: Demo) -> bytes:
    """The list of industries; the description repeats the code."""
    lines = ["Anzsic06,Description"]
    lines += [f'{text.split()[0]},"{text}"' for text in (*_DIVISIONS, *_MORE)]
    return ("\n".join(lines) + "\n").encode()


_FILES = {
    "TABLECODE7601": industries_of_regions,
    "TABLECODE7613": sizes_of_regions,
    "anzsic06_code": industry_list,
}


def _answer(demo: Demo, request: httpx.Request, name: str) -> httpx.Response:
    made = datetime(demo.today.year - 1, 10, 24, 22, 45, tzinfo=UTC)
    return demo.file(request, lambda: _FILES[name](demo), made, "text/csv")


ROUTES = (Route(rf"https://nzdotstat\.stats\.govt\.nz/wbos/({'|'.join(_FILES)})\.csv", _answer),)
