"""The Economic Research Service's file of schooling around synthetic counts of adults.

Belongs here: titles above the header, thousands with separators, periods as columns, counties that
are blank where they did not exist. Does not belong here: the survey's own file (`acs_wire`).
"""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2 as httpx
import numpy as np
import polars as pl

from pipelines.demo.hosts import Demo, Route
from pipelines.demo.noise import Noise, ids
from pipelines.demo.tables import table

_MADE = datetime(2020, 2, 5, 15, tzinfo=UTC)
_TITLES = (
    '"Educational attainment for adults age 25 and older for the U.S., States, and counties, '
    '1970-2018"',
    '"Sources: synthetic counts for a demonstration."',
    '"For definitions, see none."',
    '"This table was prepared for a demonstration. Data as of no day."',
)
# Period → year, and shares of adults by level, lowest first.
_PERIODS = {
    "1970": (1970, (0.477, 0.311, 0.106, 0.106)),
    "1980": (1980, (0.335, 0.346, 0.157, 0.162)),
    "1990": (1990, (0.248, 0.300, 0.249, 0.203)),
    "2000": (2000, (0.196, 0.286, 0.274, 0.244)),
    "2014-18": (2018, (0.123, 0.271, 0.290, 0.316)),
}
_FIRST_DEGREES = 1990
_PEOPLE_PER_WORKER, _PEOPLE_PER_ADULT = 1.7, 1.45
_EDGE = 2018  # counties that began later are not in the file
# The territory, whose counts of 2000 are those of 1990 in the real file: what is sent, and meant.
_TERRITORY, _PARTS, _WRONG_YEAR = "72", ("72001", "72003"), 2000
_SENT = (982008, 410559, 281248, 278482)
_MEANT = (916404, 509856, 443813, 418253)


def _heads(period: str, year: int) -> list[str]:
    degrees = year >= _FIRST_DEGREES
    some = "Some college or associate's degree" if degrees else "Some college (1-3 years)"
    top = "Bachelor's degree or higher" if degrees else "Four years of college or higher"
    with_top = "with a bachelor's degree" if degrees else "completing four years of college"
    counts = ("Less than a high school diploma", "High school diploma only", some, top)
    shares = (
        "Percent of adults with less than a high school diploma",
        "Percent of adults with a high school diploma only",
        f"Percent of adults completing {some[0].lower()}{some[1:]}",
        f"Percent of adults {with_top} or higher",
    )
    return [f'"{name}, {period}"' for name in (*counts, *shares)]


def _counts(seed: int, codes: list[str], size: np.ndarray, year: int, shares: tuple[float, ...]):
    """Adults by county and level; larger counties have more degrees."""
    noise = Noise(seed, "usda", str(year)).normal(ids(codes)[:, None], range(len(shares)))
    tilt = np.linspace(-0.06, 0.06, len(shares)) * (size[:, None] - 14)
    weight = np.array(shares) * np.exp(tilt + 0.1 * noise)
    adults = 2.0**size * _PEOPLE_PER_WORKER / _PEOPLE_PER_ADULT * 1.012 ** (year - _EDGE)
    return np.rint(adults[:, None] * weight / weight.sum(axis=1, keepdims=True)).astype(np.int64)


def file_body(seed: int) -> bytes:
    """Nation, states and their counties, all periods; counties add up to their state."""
    known = table("us_counties").filter(
        pl.col("first_year").cast(pl.Int64, strict=False).fill_null(0) <= _EDGE
    )
    codes = [*known["county_code_fips5"], *_PARTS]
    more = np.full(len(_PARTS), 19.0)
    size = np.concatenate([known["size_class"].cast(pl.Float64).to_numpy(), more])
    last = known["last_year"].cast(pl.Int64, strict=False).fill_null(9999).to_numpy()
    ends = np.concatenate([last, np.full(len(_PARTS), 9999)])
    states = np.array([code[:2] for code in codes])
    order = sorted(set(states))
    listed = table("us_states").select("state_code_fips", "postal_code", "state_name")
    postal = {code: letters for code, letters, _ in listed.iter_rows()}
    names = {code: name for code, _, name in listed.iter_rows()}
    postal[_TERRITORY], names[_TERRITORY] = "PR", "Puerto Rico"
    of_nation = np.array([state != _TERRITORY for state in order])
    heads = ["FIPS Code", "State", "Area name"]
    heads += ["2013 Rural-urban Continuum Code", "2013 Urban Influence Code"]
    rows = [["00000", "US", "United States", "", ""]]
    rows += [[f"{state}000", postal[state], names[state], "", ""] for state in order]
    rows += [[code, postal[code[:2]], f"Demo County {code}", "2", "2"] for code in codes]
    for period, (year, shares) in _PERIODS.items():
        heads += _heads(period, year)
        there = ends >= year
        counts = _counts(seed, codes, size, year, shares) * there[:, None]
        if year == _WRONG_YEAR:
            counts[-2], counts[-1] = np.array(_MEANT) // 2, np.array(_MEANT) - np.array(_MEANT) // 2
        sums = np.array([counts[states == state].sum(axis=0) for state in order])
        nation = sums[of_nation].sum(axis=0)
        if year == _WRONG_YEAR:
            sums[~of_nation] = _SENT
        whole = np.vstack([nation[None, :], sums, counts])
        published = np.concatenate([np.ones(1 + len(order), dtype=bool), there])
        for row, levels, shown in zip(rows, whole.tolist(), published, strict=True):
            total = sum(levels)
            row += [f'"{n:,}"' if n > 999 else str(n) for n in levels] if shown else [""] * 4
            row += [f"{100 * n / total:.1f}" for n in levels] if shown and total else [""] * 4
    empty = "," * (len(heads) - 1)
    lines = [*(title + empty for title in _TITLES), ",".join(heads)]
    lines += [",".join(row) for row in sorted(rows, key=lambda row: row[0])]
    return b"\xef\xbb\xbf" + ("\r\n".join(lines) + "\r\n").encode()


def _answer(demo: Demo, request: httpx.Request) -> httpx.Response:
    return demo.file(request, lambda: file_body(demo.seed), _MADE, "text/csv")


ROUTES = (Route(r"https://www\.ers\.usda\.gov/webdocs/DataFiles/48747/Education\.csv", _answer),)
