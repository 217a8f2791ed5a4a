"""Microsoft's two files of broadband usage by county around synthetic shares.

Belongs here: padded headers and cells, codes without zeros, dashes for what is withheld.
Does not belong here: households with a subscription (`acs_wire`).
"""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2 as httpx
import numpy as np
import polars as pl

from pipelines.demo.hosts import Demo, Route, not_found
from pipelines.demo.noise import Noise, ids
from pipelines.demo.tables import table

_MADE = {
    "2019November": datetime(2020, 4, 7, 16, tzinfo=UTC),
    "2020October": datetime(2020, 12, 16, 18, tzinfo=UTC),
}
_HEAD = "ST,COUNTY ID,COUNTY NAME, BROADBAND AVAILABILITY PER FCC , BROADBAND USAGE \r\n"


def file_body(seed: int, release: str) -> bytes:
    """All counties of a release; larger counties use more, 2020 more than 2019."""
    first = release == "2019November"
    counties = table("us_counties").filter(
        pl.col("first_year").cast(pl.Int64, strict=False).fill_null(0) <= 2020,
        pl.col("last_year").cast(pl.Int64, strict=False).fill_null(9999) >= 2020,
    )
    postal = dict(table("us_states").select("state_code_fips", "postal_code").iter_rows())
    codes = counties["county_code_fips5"].to_list()
    size = counties["size_class"].cast(pl.Float64).to_numpy()
    noise = Noise(seed, "microsoft")
    place = ids(codes)
    usage = 1 / (1 + np.exp(-(0.35 * (size - 14) + 0.5 * noise.normal(place) - 0.9 * first)))
    available = 1 - (1 - usage) * np.clip(0.5 + 0.2 * noise.normal(place + np.uint64(1)), 0.05, 1)
    draw = noise.uniform(place, np.uint64(first))
    lines = []
    for at, code in enumerate(codes):
        cells = [
            "-" if draw[at] < 0.003 else f"{available[at]:.{2 if first else 4}f}",
            "-" if draw[at] > 0.997 else f"{usage[at]:.{2 if first else 3}f}",
        ]
        if first:
            cells = [f" {cell} " for cell in cells]
        name = f"Demo County {code}"
        lines.append(",".join((postal[code[:2]], code.lstrip("0"), name, *cells)))
    mark = b"\xef\xbb\xbf" if first else b""
    return mark + (_HEAD + "\r\n".join(lines) + "\r\n").encode()


def _answer(demo: Demo, request: httpx.Request, release: str) -> httpx.Response:
    if release not in _MADE:
        return not_found(request)
    return demo.file(request, lambda: file_body(demo.seed, release), _MADE[release], "text/plain")


ROUTES = (
    Route(
        r"https://raw\.githubusercontent\.com/microsoft/USBroadbandUsagePercentages/master/dataset/"
        r"broadband_data_(\w+)\.csv",
        _answer,
    ),
)
