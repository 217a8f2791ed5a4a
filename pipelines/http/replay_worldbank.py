"""World Bank API v2 replies, made from a table of figures that was published in another layout.

Figures are never altered: a number of the table is the number of the reply, a cell that the table
does not hold is `null`. Of several dated vintages of a series the newest one up to a limit is
served, so that a revision can be replayed by moving the limit.

Belongs here: the wire format of three routes (database, economies, one series). Does not belong
here: reading the tables (`replay_tables`), how replies are read (`pipelines.sources.wdi`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import orjson
import polars as pl

from pipelines.http.replay_bodies import (
    Body,
    Captured,
    EntryProblem,
    NotRecorded,
    Options,
    fill,
    stamp,
)
from pipelines.http.replay_tables import (
    Economy,
    Figures,
    OneSeries,
    economies,
    read_figures,
    read_one_series,
    series_names,
)
from pipelines.http.static_files import http_date

_DATABASE = {"id": "2", "name": "World Development Indicators", "code": "WDI"}
# The API gives these aggregates no ISO3-like code in data rows, only the two-letter id.
_WITHOUT_ISO3 = frozenset({"HIC", "UMC", "LMC", "LMY", "MIC", "LIC"})
_NOT_VALID = (
    b'[{"message":[{"id":"120","key":"Invalid value",'
    b'"value":"The provided parameter value is not valid"}]}]'
)


@dataclass(frozen=True)
class SourcesBody:
    """`/sources/{n}`: the day of the last change, all values as texts."""

    figures: Figures

    def respond(self, request: httpx.Request, captured: Captured) -> httpx.Response:
        header = {"page": "1", "pages": "1", "per_page": "50", "total": "1"}
        row = {
            "id": _DATABASE["id"], "lastupdated": self.figures.last_updated(),
            "name": _DATABASE["name"], "code": _DATABASE["code"], "description": "", "url": "",
            "dataavailability": "Y", "metadataavailability": "Y", "concepts": "3",
        }  # fmt: skip
        return _json(request, [header, [row]])


@dataclass(frozen=True)
class EconomiesBody:
    """`/country`: economies and aggregates; `per_page` of the header is a text."""

    countries: Path
    page: str
    per_page: str

    def respond(self, request: httpx.Request, captured: Captured) -> httpx.Response:
        paging = _paging(self, captured)
        if paging is None:
            return _json(request, None)
        page, size = paging
        rows = [_country_row(economy) for economy in economies(stamp(self.countries)).values()]
        header = {
            "page": page, "pages": _pages(len(rows), size), "per_page": str(size),
            "total": len(rows),
        }  # fmt: skip
        return _json(request, [header, rows[(page - 1) * size : page * size]])


@dataclass(frozen=True)
class SeriesBody:
    """`/country/all/indicator/{code}`: every economy by every year of one series."""

    code: str
    page: str
    per_page: str
    figures: Figures
    names: Path
    countries: Path
    alternatives: Mapping[str, OneSeries]

    def respond(self, request: httpx.Request, captured: Captured) -> httpx.Response:
        code = fill(self.code, captured)
        paging = _paging(self, captured)
        if paging is None:
            return _json(request, None)
        page, size = paging
        other = self.alternatives.get(code)
        figures = self.figures.rows(code) if other is None else other.rows()
        name = series_names(stamp(self.names)).get(code)
        if name is None:
            raise NotRecorded(f"{self.names} has no name for {code}")
        rows = _grid(figures, code)
        known = economies(stamp(self.countries))
        order = _in_api_order(rows, known)
        total = order.height
        header = {
            "page": page, "pages": _pages(total, size), "per_page": size, "total": total,
            "sourceid": _DATABASE["id"], "sourcename": _DATABASE["name"],
            "lastupdated": self.figures.last_updated(),
        }  # fmt: skip
        indicator = {"id": code, "value": name}
        part = order.slice((page - 1) * size, size)
        return _json(request, [header, _observations(part, indicator, known)])


def _grid(figures: pl.DataFrame, code: str) -> pl.DataFrame:
    """All economies by all years of a series; cells without a figure are null."""
    twice = figures.filter(figures.select("economy_code", "year").is_duplicated())
    if twice.height:
        row = twice.row(0, named=True)
        raise EntryProblem(
            "table",
            f"holds {code} of {row['economy_code']} in {row['year']} more than once",
            "leave one row for each series, vintage, economy and year",
        )
    years = pl.int_range(figures["year"].min(), figures["year"].max() + 1, eager=True)
    names = figures.group_by("economy_code").agg(pl.col("economy_name").drop_nulls().first())
    return names.join(years.alias("year").to_frame(), how="cross").join(
        figures.drop("economy_name"), on=["economy_code", "year"], how="left"
    )


def _in_api_order(rows: pl.DataFrame, known: Mapping[str, Economy]) -> pl.DataFrame:
    """Aggregates first, then economies, both by name; newest year first."""
    codes = rows["economy_code"].unique().to_list()
    rank = pl.DataFrame(
        {
            "economy_code": codes,
            "is_economy": [code in known and not known[code].is_aggregate for code in codes],
            "sort_name": [known[code].name if code in known else code for code in codes],
        },
        schema_overrides={"economy_code": pl.String},
    )
    return rows.join(rank, on="economy_code").sort(
        "is_economy", "sort_name", "economy_code", "year", descending=[False, False, False, True]
    )


def _observations(
    rows: pl.DataFrame, indicator: Mapping[str, str], known: Mapping[str, Economy]
) -> list[dict[str, Any]]:
    countries: dict[str, tuple[dict[str, str], str]] = {}
    for code, name in rows.select("economy_code", "economy_name").unique().iter_rows():
        economy = known.get(code)
        label = economy.name if economy else name or code
        iso3 = "" if code in _WITHOUT_ISO3 else code
        countries[code] = ({"id": economy.iso2 if economy else code, "value": label}, iso3)
    return [
        {
            "indicator": indicator, "country": countries[code][0],
            "countryiso3code": countries[code][1], "date": str(year), "value": _number(value),
            "unit": "", "obs_status": "", "decimal": 0,
        }
        for code, year, value in rows.select("economy_code", "year", "value").iter_rows()
    ]  # fmt: skip


def _number(value: float | None) -> float | int | None:
    # the API writes whole numbers without a decimal point; below 2**53 nothing is lost by that
    if value is not None and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _country_row(economy: Economy) -> dict[str, Any]:
    def coded(codes: tuple[str, str, str]) -> dict[str, str]:
        return {"id": codes[0], "iso2code": codes[1], "value": codes[2]}

    return {
        "id": economy.code, "iso2Code": economy.iso2, "name": economy.name,
        "region": coded(economy.region), "adminregion": coded(("", "", "")),
        "incomeLevel": coded(economy.income), "lendingType": coded(economy.lending),
        "capitalCity": "", "longitude": "", "latitude": "",
    }  # fmt: skip


def _paging(body: EconomiesBody | SeriesBody, captured: Captured) -> tuple[int, int] | None:
    page, size = fill(body.page, captured), fill(body.per_page, captured)
    if page.isdecimal() and size.isdecimal() and int(page) > 0 and int(size) > 0:
        return int(page), int(size)
    return None


def _pages(total: int, size: int) -> int:
    return -(-total // size)


def _json(request: httpx.Request, reply: list[Any] | None) -> httpx.Response:
    """A reply with the publisher's caching headers, which say nothing about the figures."""
    now = datetime.now(UTC)
    headers = {
        "Content-Type": "application/json;charset=utf-8",
        "Cache-Control": "public, must-revalidate, max-age=2592000",
        "Date": http_date(now),
        "Last-Modified": http_date(now),
        "Expires": http_date(now + timedelta(days=30)),
    }
    content = _NOT_VALID if reply is None else orjson.dumps(reply)
    return httpx.Response(200, headers=headers, content=content, request=request)


def _paging_keys(options: Options) -> tuple[str, str]:
    return options.template("page"), options.template("per_page")


def _countries(options: Options) -> Path:
    path = options.file("countries")
    economies(stamp(path))
    return path


def read_sources_body(options: Options) -> Body:
    options.allow("table", "newest_vintage")
    return SourcesBody(read_figures(options))


def read_economies_body(options: Options) -> Body:
    options.allow("countries", "page", "per_page")
    return EconomiesBody(_countries(options), *_paging_keys(options))


def read_series_body(options: Options) -> Body:
    options.allow(
        "code", "page", "per_page", "table", "newest_vintage", "names", "countries", "alternatives"
    )
    names = options.file("names")
    series_names(stamp(names))
    alternatives = options.inner("alternatives", required=False)
    return SeriesBody(
        options.template("code"),
        *_paging_keys(options),
        read_figures(options),
        names,
        _countries(options),
        {code: read_one_series(alternatives.inner(code)) for code in alternatives.values},
    )
