"""Wide tables of Japan's prefectures around a synthetic economic census.

Belongs here: a column for each measure and industry, one of them with truth values and one that is
misspelt, codes with zeros in front. Does not belong here: what is made of them.
"""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2 as httpx
import numpy as np

from pipelines.demo.hosts import Demo, Route
from pipelines.demo.noise import Noise, ids
from pipelines.demo.tables import numbers, table

_GROUPS = ("091", "10A", "211", "261", "32A", "350", "391", "561", "76A", "982")
_DIVISIONS = range(1, 18)
_SECTORS = range(1, 13)
_AREA_COLUMNS = ("Income", "TP", "PopLF", "Unemp", "Pop15")
_SPOILT, _MISSPELT = "SFirm_350", {"SEmp_982": "Semp_982"}


def _areas() -> tuple[list[str], list[str], np.ndarray]:
    rows = table("national_regions").filter(publisher="estat")
    return rows["code"].to_list(), rows["name"].to_list(), 2.0 ** numbers(rows, "size").to_numpy()


def area_list(_demo: Demo) -> bytes:
    codes, names, _ = _areas()
    lines = [f"{code},{name}" for code, name in zip(codes, names, strict=True)]
    return ("\n".join(["AreaID,AreaName", *lines]) + "\n").encode()


def census(demo: Demo) -> bytes:
    """Establishments and employees by group, value added and sales by division, residents."""
    columns = [f"{kind}_{group}" for kind in ("SFirm", "SEmp") for group in _GROUPS]
    columns += [f"{kind}_{n}" for kind in ("VA", "Sales", "Firm") for n in _DIVISIONS]
    columns += _AREA_COLUMNS
    codes, _, sizes = _areas()
    noise = Noise(demo.seed, "estat").normal(ids(codes)[:, None], ids(columns)[None, :])
    per = np.array([_per_resident(name) for name in columns])[None, :]
    figures = np.rint(sizes[:, None] * per * np.exp(0.5 * noise)).astype(int)
    lines = [",".join(["AreaID", *(_MISSPELT.get(name, name) for name in columns)])]
    for number, code in enumerate(codes):
        cells = [str(figure) for figure in figures[number]]
        cells[columns.index(_SPOILT)] = str(number % 3 == 0)
        lines.append(",".join([code, *cells]))
    return ("\n".join(lines) + "\n").encode()


def _per_resident(column: str) -> float:
    kind = column.partition("_")[0]
    return {"SFirm": 2e-4, "SEmp": 3e-3, "Firm": 2e-3, "VA": 0.1, "Sales": 0.6, "Income": 1.4e3,
            "TP": 0.42, "PopLF": 0.48, "Unemp": 0.02, "Pop15": 0.86}[kind]  # fmt: skip


def io_tables(demo: Demo) -> bytes:
    """What each sector buys from each, and its output: more than it buys."""
    codes, _, sizes = _areas()
    bought = Noise(demo.seed, "estat io").uniform(
        ids(codes)[:, None, None], ids(map(str, _SECTORS))[None, :, None],
        ids(map(str, _SECTORS))[None, None, :],
    )  # fmt: skip
    cells = np.rint(sizes[:, None, None] * 0.002 * bought**3).astype(int)
    output = np.rint(cells.sum(axis=1) * 2.1).astype(int) + 1
    header = ["AreaID(string)", *(f"R{r}C{c}" for r in _SECTORS for c in _SECTORS)]
    lines = [",".join([*header, *(f"Y{n}" for n in _SECTORS)])]
    for number, code in enumerate(codes):
        lines.append(
            ",".join([code, *map(str, cells[number].reshape(-1)), *map(str, output[number])])
        )
    return ("\n".join(lines) + "\n").encode()


_FILES = {"AreaID": area_list, "ExplanatoryVariablesBase": census, "IOTable": io_tables}


def _answer(demo: Demo, request: httpx.Request, name: str) -> httpx.Response:
    made = datetime(2020, 4, 1, tzinfo=UTC)
    return demo.file(request, lambda: _FILES[name](demo), made, "text/csv")


ROUTES = (
    Route(rf"https://www\.e-stat\.go\.jp/stat-search/files/({'|'.join(_FILES)})\.csv", _answer),
)
