"""The data API of the UNESCO Institute for Statistics around synthetic figures.

Belongs here: versions, records with qualifiers and magnitudes, economies that are absent, the
refusal of too much. Does not belong here: which indicators the pipeline reads.
"""

from __future__ import annotations

import zlib
from datetime import date
from typing import Any

import httpx2 as httpx
import numpy as np
import orjson

from pipelines.demo.hosts import Demo, Route
from pipelines.demo.noise import Noise, ids
from pipelines.demo.tables import table

_CAP = 100_000
_ABSENT = ("CHN", "VNM", "TWN")
_FIRST_YEAR, _LAG = 2010, 2


def version(today: date) -> str:
    """The newest of two versions a year; its tail is a made-up hash."""
    day = f"{today.year}0910" if today >= date(today.year, 9, 10) else f"{today.year}0225"
    return f"{day}-{zlib.crc32(day.encode()):08x}"


def records(seed: int, code: str, first: int, last: int, today: date) -> list[dict[str, Any]]:
    """Shares in percent, with some estimates, true zeros and cells that do not apply."""
    economies = [iso3 for iso3 in table("economies")["iso3"].to_list() if iso3 not in _ABSENT]
    years = [y for y in range(_FIRST_YEAR, today.year - _LAG + 1) if first <= y <= last]
    series = ids(f"{code}|{iso3}" for iso3 in economies)[:, None]
    at = np.array(years, dtype=np.uint64)[None, :]
    noise = Noise(seed, "uis", code)
    value = 24.0 * np.exp(0.5 * noise.normal(series)) * (1 + 0.04 * noise.smooth(series, at))
    draw = Noise(seed, "uis marks", code).uniform(series, at)
    rows = []
    for e, iso3 in enumerate(economies):
        for y, year in enumerate(years):
            mark = float(draw[e, y])
            if mark > 0.85:
                continue  # an empty year is no record at all
            magnitude = "NIL" if mark < 0.01 else "NA" if mark < 0.015 else None
            qualifier = "NAT_EST" if 0.1 < mark < 0.15 else "UIS_EST" if 0.15 < mark < 0.2 else None
            rows.append(
                {
                    "indicatorId": code, "geoUnit": iso3, "year": year,
                    "value": None if magnitude else round(float(min(value[e, y], 96.0)), 5),
                    "magnitude": magnitude, "qualifier": qualifier,
                }
            )  # fmt: skip
    return rows


def _default(demo: Demo, request: httpx.Request) -> httpx.Response:
    name = version(demo.today)
    day = f"{name[:4]}-{name[4:6]}-{name[6:8]}"
    themes = [{"theme": theme, "lastUpdate": day} for theme in ("EDUCATION", "SCIENCE")]
    return _json(request, 200, {"version": name, "themeDataStatus": themes})


def _indicators(demo: Demo, request: httpx.Request) -> httpx.Response | None:
    asked = request.url.params
    if asked.get("version") != version(demo.today):
        return None
    rows: list[dict[str, Any]] = []
    for code in asked.get_list("indicator"):
        rows += records(demo.seed, code, int(asked["start"]), int(asked["end"]), demo.today)
    if len(rows) > _CAP:
        message = f"Too much data requested ({len(rows)} records), please reduce"
        return _json(request, 400, {"message": message, "error": "Bad Request", "statusCode": 400})
    return _json(request, 200, {"hints": [], "records": rows, "indicatorMetadata": []})


def _json(request: httpx.Request, status: int, body: dict[str, Any]) -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    return httpx.Response(status, headers=headers, content=orjson.dumps(body), request=request)


_BASE = r"https://api\.uis\.unesco\.org/api/public"
ROUTES = (
    Route(rf"{_BASE}/versions/default", _default),
    Route(rf"{_BASE}/data/indicators", _indicators),
)
