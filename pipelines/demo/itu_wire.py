"""The interface of ITU's DataHub around synthetic series.

Belongs here: values that are texts in lists, keys in changing order, an empty list with status 200
for what is not known. Does not belong here: which series the pipeline reads.
"""

from __future__ import annotations

import httpx2 as httpx
import numpy as np
import orjson

from pipelines.demo.hosts import Demo, Route
from pipelines.demo.noise import Noise, ids

_SERIES = {"11624": ("i99H", 70.0), "19303": ("i4213tfbb", 4e6), "11632": ("i271", 3e7),
           "12066": ("i271mw", 2e7), "12047": ("xHH6_IDS", 65.0)}  # fmt: skip
_YEARS = 12
_ECONOMIES = ("AUS", "CAN", "FIN", "JPN", "MEX", "USA")  # each is a request of its own


def _dictionary(demo: Demo, request: httpx.Request, series: str) -> httpx.Response:
    if series not in _SERIES:
        text = "Cannot set properties of undefined (setting 'availableCountries')"
        return httpx.Response(500, text=text, request=request)
    code, _ = _SERIES[series]
    body = {"codeID": int(series), "code": code, "label": f"{code} (synthetic)",
            "availableCountries": [{"isoCode": iso} for iso in _ECONOMIES]}  # fmt: skip
    return httpx.Response(200, json=body, request=request)


def _data(demo: Demo, request: httpx.Request, series: str, economy: str) -> httpx.Response:
    if series not in _SERIES or economy not in _ECONOMIES:
        return httpx.Response(200, json=[], request=request)
    code, level = _SERIES[series]
    years = range(demo.today.year - 1 - _YEARS, demo.today.year - 1)
    at = np.arange(len(years), dtype=np.uint64)
    wave = Noise(demo.seed, "itu", series).smooth(ids([economy]), at)
    found = []
    for number, (year, up) in enumerate(zip(years, wave, strict=True)):
        value = level * (1 + 0.02 * number) * 2.718 ** (0.1 * float(up))
        row = {
            "codeID": int(series), "shortName": economy.title(),
            "answer": [{"value": f"{value:.10f}".rstrip("0"), "id": 4_000_000 + number}],
            "dataID": 4_000_000 + number, "code": code, "isoCode": economy, "dataNote": "",
            "dataYear": year, "countryID": 1, "dataSource": "Synthetic.",
        }  # fmt: skip
        keys = list(row) if number % 2 else list(row)[::-1]
        found.append({key: row[key] for key in keys})
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return httpx.Response(200, headers=headers, content=orjson.dumps(found), request=request)


ROUTES = (
    Route(r"https://api\.datahub\.itu\.int/v2/dictionaries/getbyid/(\d+)", _dictionary),
    Route(r"https://api\.datahub\.itu\.int/v2/data/bycode/(\d+)/byiso/([A-Z]{3})", _data),
)
