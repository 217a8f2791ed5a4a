"""The monthly file of Business Formation Statistics around synthetic counts.

Belongs here: months as columns, codes in number cells, blanks for months to come.
Does not belong here: anything about firms that exist (`bds_wire`, `cbp_wire`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import httpx2 as httpx
import numpy as np

from pipelines.demo.hosts import Demo, Route
from pipelines.demo.noise import Noise, ids
from pipelines.demo.tables import table

_YEARS = 4
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SERIES = {"BA_BA": 1.0, "BA_HBA": 0.3, "BF_BF4Q": 0.06}
_SEASON = np.array([1.2, 1.08, 1.15, 1.05, 1.0, 0.98, 0.97, 0.96, 0.94, 0.95, 0.85, 0.87])


def file_body(seed: int, today: date) -> bytes:
    """United States and states, all industries, adjusted and not."""
    states = table("us_states")
    areas = ["US", *states["postal_code"].to_list()]
    newest = today.month - 1  # months of the current year that are out
    lines = [",".join(("sa", "naics_sector", "series", "geo", "year", *_MONTHS))]
    for adjusted in ("A", "U"):
        for code, share in _SERIES.items():
            noise = Noise(seed, "bfs", code, adjusted)
            series = ids(areas)[:, None, None]
            years = np.arange(today.year - _YEARS + 1, today.year + 1, dtype=np.uint64)
            month = np.arange(12, dtype=np.uint64)
            size = 6000 * share * np.exp(0.9 * noise.normal(series))
            size[0] = 420_000 * share
            season = 1.0 if adjusted == "A" else _SEASON[None, None, :]
            counts = size * season * (1 + 0.04 * noise.normal(series, years[None, :, None], month))
            draw = Noise(seed, "bfs codes", code, adjusted).uniform(
                series, years[None, :, None], month
            )
            for a, area in enumerate(areas):
                for y, year in enumerate(years):
                    cells = [
                        "D" if mark < 0.004 else "S" if mark < 0.005 else f"{count:.0f}"
                        for count, mark in zip(counts[a, y], draw[a, y], strict=True)
                    ]
                    if int(year) == today.year:
                        cells[newest:] = [""] * (12 - newest)
                    if code == "BF_BF4Q" and int(year) >= today.year - 1:
                        cells = ["NA" if cell else "" for cell in cells]  # not yet observed
                    lines.append(",".join((adjusted, "TOTAL", code, area, str(year), *cells)))
    return ("\n".join(lines) + "\n").encode()


def _answer(demo: Demo, request: httpx.Request) -> httpx.Response:
    made = datetime(demo.today.year, demo.today.month, 1, 14, tzinfo=UTC)
    return demo.file(request, lambda: file_body(demo.seed, demo.today), made, "text/csv")


ROUTES = (Route(r"https://www\.census\.gov/econ/bfs/csv/bfs_monthly\.csv", _answer),)
