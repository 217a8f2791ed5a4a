"""World Bank API v2 replies (JSON) around the synthetic figures.

Belongs here: three routes' wire format with its oddities: header types that depend on the route,
texts with trailing blanks, groups among the economies, groups of income without an ISO3 code,
caching headers that say nothing. Does not belong here: figures.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2 as httpx
import orjson
import polars as pl

from pipelines.demo.calendar import wdi_last_updated, wdi_years
from pipelines.demo.hosts import Demo, Route
from pipelines.demo.tables import table
from pipelines.demo.wdi_figures import covered, groups, known_series, observations
from pipelines.http.static_files import http_date

NOT_VALID = orjson.dumps(
    [{"message": [{"id": "120", "key": "Invalid value",
                   "value": "The provided parameter value is not valid"}]}]
)  # fmt: skip
TOO_LARGE = (
    b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\r\n<!DOCTYPE html PUBLIC "-//W3C//DTD '
    b'XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">'
    b'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Request Error</title></head>'
    b"<body><p>Request Error</p></body></html>"
)
MAX_PER_PAGE = 20_000
Row = dict[str, Any]


def signal_body(today: date, vintage: int) -> bytes:
    """`/sources/2`: when the database changed; here even the header is made of texts."""
    header = {"page": "1", "pages": "1", "per_page": "50", "total": "1"}
    row = {
        "id": "2", "lastupdated": wdi_last_updated(today, vintage).isoformat(),
        "name": "World Development Indicators", "code": "WDI",
        "description": "SYNTHETIC demonstration figures", "url": "", "dataavailability": "Y",
        "metadataavailability": "Y", "concepts": "3",
    }  # fmt: skip
    return orjson.dumps([header, [row]])


def economies_body(page: int, per_page: int) -> bytes:
    """`/country`: economies and groups by name; `per_page` of the header is a text."""
    names = {(kind, code): (iso2, name) for kind, code, iso2, name in table("wdi_groups").rows()}
    rows = [_economy(row, names) for row in covered().iter_rows(named=True)]
    rows += [_group(row) for row in table("wdi_groups").iter_rows(named=True)]
    rows.sort(key=lambda row: row["name"])
    header = {**_paging(len(rows), page, per_page), "per_page": str(per_page)}
    return orjson.dumps([header, _page(rows, page, per_page)])


def series_body(
    code: str, seed: int, vintage: int, today: date, page: int, per_page: int
) -> bytes | None:
    """`/country/all/indicator/{code}`; None where there is no such series."""
    series = known_series().get(code)
    if series is None:
        return None
    rows = _rows(observations(series, seed, vintage, today), code, series.name)
    rows = _with_warts(rows, code, wdi_years(today)[-1])
    header = {
        **_paging(len(rows), page, per_page), "sourceid": "2",
        "sourcename": "World Development Indicators",
        "lastupdated": wdi_last_updated(today, vintage).isoformat(),
    }  # fmt: skip
    return orjson.dumps([header, _page(rows, page, per_page)])


def _rows(frame: pl.DataFrame, code: str, name: str) -> list[Row]:
    """Groups first, then economies, both by name; the newest year first."""
    indicator = {"id": code, "value": name}
    named = _names()
    order = (
        frame.join(named, on="economy_code")
        .sort("is_economy", "name", "year", descending=[False, False, True])
        .select("economy_code", "iso3", "iso2", "name", "year", "value")
    )
    return [
        {
            "indicator": indicator, "country": {"id": iso2, "value": name.strip()},
            "countryiso3code": iso3, "date": str(year), "value": _number(value), "unit": "",
            "obs_status": "", "decimal": 0,
        }
        for _, iso3, iso2, name, year, value in order.iter_rows()
    ]  # fmt: skip


def _names() -> pl.DataFrame:
    without_iso3 = pl.col("kind") == "income"
    grouped = groups().select(
        pl.col("code").alias("economy_code"),
        pl.when(without_iso3).then(pl.lit("")).otherwise("code").alias("iso3"),
        "iso2", "name", pl.lit(False).alias("is_economy"),
    )  # fmt: skip
    single = covered().select(
        pl.col("iso3").alias("economy_code"), "iso3", "iso2",
        pl.col("wdi_name").alias("name"), pl.lit(True).alias("is_economy"),
    )  # fmt: skip
    return pl.concat([grouped, single])


def _with_warts(rows: list[Row], code: str, newest: int) -> list[Row]:
    """The rows of `DEMO_WARTS`; `newest` is the last year that every series has."""

    def place(iso3: str, year: int) -> int:
        wanted = (iso3, str(year))
        return next(n for n, r in enumerate(rows) if (r["countryiso3code"], r["date"]) == wanted)

    if code == "IT.NET.USER.ZS":
        rows[place("ARG", newest - 3)]["value"] = "n/a"
    elif code == "SE.TER.ENRR":
        at = place("KEN", newest - 2)
        rows.insert(at + 1, {**rows[at], "value": (rows[at]["value"] or 0) + 1.25})
    elif code == "NE.EXP.GNFS.ZS":
        at = place("EGY", newest)
        rows.insert(at + 1, {**rows[at], "date": "20X5"})
    return rows


def _economy(row: Row, names: dict[tuple[str, str], tuple[str, str]]) -> Row:
    def coded(kind: str) -> Row:
        iso2, name = names[kind, row[kind]]
        return {"id": row[kind], "iso2code": iso2, "value": name}

    return {
        "id": row["iso3"], "iso2Code": row["iso2"], "name": row["wdi_name"],
        "region": coded("region"), "adminregion": {"id": "", "iso2code": "", "value": ""},
        "incomeLevel": coded("income"), "lendingType": coded("lending"),
        "capitalCity": row["capital"], "longitude": "", "latitude": "",
    }  # fmt: skip


def _group(row: Row) -> Row:
    aggregates = {"id": "NA", "iso2code": "NA", "value": "Aggregates"}
    return {
        "id": row["code"], "iso2Code": row["iso2"], "name": row["name"].strip(),
        "region": aggregates, "adminregion": {"id": "", "iso2code": "", "value": ""},
        "incomeLevel": aggregates, "lendingType": {"id": "", "iso2code": "", "value": "Aggregates"},
        "capitalCity": "", "longitude": "", "latitude": "",
    }  # fmt: skip


def _paging(total: int, page: int, per_page: int) -> Row:
    return {"page": page, "pages": -(-total // per_page), "per_page": per_page, "total": total}


def _page(rows: list[Row], page: int, per_page: int) -> list[Row]:
    return rows[(page - 1) * per_page : page * per_page]


def _number(value: float | None) -> float | int | None:
    # the API writes whole numbers without a decimal point
    return int(value) if value is not None and value.is_integer() else value


def _signal(demo: Demo, request: httpx.Request) -> httpx.Response | None:
    if not _asks(request, {"format"}):
        return None
    return _json(request, signal_body(demo.today, demo.vintage))


def _list(demo: Demo, request: httpx.Request) -> httpx.Response | None:
    return _paged(request, economies_body) if _asks(request, {"format", *_PAGING}) else None


def _series(demo: Demo, request: httpx.Request, code: str) -> httpx.Response | None:
    if not _asks(request, {"format", "source", *_PAGING}) or request.url.params["source"] != "2":
        return None

    def body(page: int, per_page: int) -> bytes | None:
        return series_body(code, demo.seed, demo.vintage, demo.today, page, per_page)

    return _paged(request, body)


def _asks(request: httpx.Request, keys: set[str]) -> bool:
    """Whether the query has these parameters, each once, and asks for JSON."""
    params = request.url.params
    return sorted(params.keys()) == sorted(keys) and params["format"] == "json"


def _paged(request: httpx.Request, body: Callable[[int, int], bytes | None]) -> httpx.Response:
    """A page of a list; senseless paging and unknown codes get the message with status 200."""
    page, per_page = request.url.params["page"], request.url.params["per_page"]
    if not (page.isdecimal() and per_page.isdecimal() and int(page) and int(per_page)):
        return _json(request, NOT_VALID)
    if int(per_page) > MAX_PER_PAGE:
        return httpx.Response(
            400, headers={"Content-Type": "text/html"}, content=TOO_LARGE, request=request
        )
    content = body(int(page), int(per_page))
    return _json(request, NOT_VALID if content is None else content)


def _json(request: httpx.Request, content: bytes) -> httpx.Response:
    """A reply with the publisher's caching headers, which say nothing about the figures."""
    now = datetime.now(UTC)
    headers = {
        "Content-Type": "application/json;charset=utf-8",
        "Cache-Control": "public, must-revalidate, max-age=2592000",
        "Date": http_date(now),
        "Last-Modified": http_date(now),
        "Expires": http_date(now + timedelta(days=30)),
    }
    return httpx.Response(200, headers=headers, content=content, request=request)


_PAGING = ("per_page", "page")
_WDI = r"https://api\.worldbank\.org/v2"
ROUTES = (
    Route(rf"{_WDI}/sources/2", _signal),
    Route(rf"{_WDI}/country", _list),
    Route(rf"{_WDI}/country/all/indicator/([^/]+)", _series),
)
