"""The yearly archive of the Quarterly Census of Employment and Wages, synthetic and small.

Belongs here: the layout, disclosure codes beside zeros, location quotients that agree with the
figures shown. Does not belong here: County Business Patterns (`cbp_wire`), which it need not match.
"""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2 as httpx
import numpy as np
import polars as pl

from pipelines.demo.hosts import Demo, Route, not_found
from pipelines.demo.noise import Noise, ids
from pipelines.demo.packing import packed
from pipelines.demo.tables import table

_SECTORS = ("11", "21", "22", "23", "31-33", "42", "44-45", "48-49", "51", "52", "54", "62", "72")
_YEARS = 4  # archives that are kept on the host
_WITHHELD = 0.08


def year_rows(seed: int, year: int) -> pl.DataFrame:
    """National, state and sector rows; private owners and, as totals, all of them."""
    states = table("us_states")
    places = ["US000", *(f"{fips}000" for fips in states["state_code_fips"].to_list())]
    at = np.uint64(year)
    size = 90_000 * np.exp(1.0 * Noise(seed, "qcew size").normal(ids(places)[1:]))
    mix = np.exp(
        0.6 * Noise(seed, "qcew mix").normal(ids(places)[1:, None], ids(_SECTORS)[None, :])
        + 0.8 * Noise(seed, "qcew sector").normal(ids(_SECTORS))[None, :]
        + 0.02 * Noise(seed, "qcew year").normal(ids(places)[1:, None], ids(_SECTORS)[None, :], at)
    )
    emp = np.rint(size[:, None] * mix / mix.sum(axis=1, keepdims=True)).astype(np.int64)
    emp = np.vstack([emp.sum(axis=0), emp])
    estabs = np.maximum(1, emp // 16)
    wage = np.rint(48_000 * np.exp(0.3 * Noise(seed, "qcew wage").normal(ids(_SECTORS))))
    hidden = Noise(seed, "qcew withheld").uniform(ids(places)[:, None], ids(_SECTORS), at)
    rows = []
    for p, place in enumerate(places):
        level = ("10", "14") if place == "US000" else ("50", "54")
        total, houses = int(emp[p].sum()), int(estabs[p].sum())
        pay = int((emp[p] * wage).sum())
        rows.append(_row(place, "0", "10", level[0], year, "", (houses, total, pay), (1, 1, 1)))
        for s, sector in enumerate(_SECTORS):
            cell = (int(estabs[p, s]), int(emp[p, s]), int(emp[p, s] * wage[s]))
            base = (estabs[0, s] / estabs[0].sum(), emp[0, s] / emp[0].sum())
            lq = (cell[0] / houses / base[0], cell[1] / total / base[1])
            nation = (emp[0, s] * wage[s]) / (emp[0] * wage).sum()
            code = "N" if p and hidden[p, s] < _WITHHELD else ""
            quotients = (lq[0], lq[1], cell[2] / pay / nation)
            if code:
                cell, quotients = (cell[0], 0, 0), (lq[0], 0.0, 0.0)
            rows.append(_row(place, "5", sector, level[1], year, code, cell, quotients))
    return pl.DataFrame(rows)


def _row(
    place: str,
    owner: str,
    industry: str,
    level: str,
    year: int,
    code: str,
    cell: tuple[int, int, int],
    lq: tuple[float, float, float],
) -> dict[str, str]:
    estabs, emp, wages = (str(n) for n in cell)
    return {
        "area_fips": place, "own_code": owner, "industry_code": industry, "agglvl_code": level,
        "size_code": "0", "year": str(year), "qtr": "A", "disclosure_code": code,
        "annual_avg_estabs": estabs, "annual_avg_emplvl": emp, "total_annual_wages": wages,
        "avg_annual_pay": str(cell[2] // cell[1] if cell[1] else 0),
        "lq_disclosure_code": code, "lq_annual_avg_estabs": f"{lq[0]:.2f}",
        "lq_annual_avg_emplvl": f"{lq[1]:.2f}", "lq_total_annual_wages": f"{lq[2]:.2f}",
    }  # fmt: skip


def _answer(demo: Demo, request: httpx.Request, folder: str, year: str) -> httpx.Response:
    if folder != year or not demo.today.year - 1 - _YEARS < int(year) < demo.today.year:
        return not_found(request)
    made = datetime(int(year) + 1, 6, 5, 14, tzinfo=UTC)
    if made.date() > demo.today:
        return not_found(request)

    def body() -> bytes:
        rows = year_rows(demo.seed, int(year)).write_csv(quote_style="non_numeric")
        return packed([(f"{year}.annual.singlefile.csv", rows.encode())], made)

    return demo.file(request, body, made, "application/zip")


ROUTES = (
    Route(
        r"https://data\.bls\.gov/cew/data/files/(\d{4})/csv/(\d{4})_annual_singlefile\.zip",
        _answer,
    ),
)
