"""The BACI archive around the synthetic trade: yearly files, code files, Readme.

Belongs here: member names, padded `NA`, leading zeros, code files in Latin-1 with two codes for
one ISO3, the rows that the contract refuses. Does not belong here: figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import httpx2 as httpx
import polars as pl

from pipelines.demo.baci_figures import flows, pattern, products
from pipelines.demo.calendar import baci_published, baci_years
from pipelines.demo.hosts import Demo, Route
from pipelines.demo.packing import packed
from pipelines.demo.tables import table

_UNKNOWN = "              NA"
# Codes that have no figures here; two of them share the ISO3 of another code.
_OTHER_CODES = (
    ("58", "Belgium-Luxembourg (...1998)", "BE", "BEL"),
    ("711", "Southern African Customs Union (...1999)", "ZA", "ZAF"),
    ("531", "Curaçao", "CW", "CUW"),
    ("638", "Réunion (Overseas France)", "RE", "REU"),
    ("837", "Bunkers", "N/A", "N/A"),
)
_README = """SYNTHETIC DEMONSTRATION DATA

These files have the layout of BACI and contain no BACI data. All flows are generated and describe
no real trade. Do not quote them.

Name of the dataset : BACI (layout only)
Version : {version}
Release Date : {day}
Content : Trade flows at the year - exporter - importer - product level, {revision} revision.

List of Variables :
t: year
i: exporter
j: importer
k: product
v: value, thousand current USD
q: quantity, metric tons
"""


def release_body(seed: int, scale: int, revision: str, version: str) -> bytes:
    """The archive of one release, for example of HS17 and 202601."""
    made = baci_published(version)
    return packed(_members(seed, scale, revision, version, made), made)


def _members(
    seed: int, scale: int, revision: str, version: str, made: datetime
) -> Iterator[tuple[str, bytes]]:
    years = baci_years(version)
    lasting = pattern(seed, scale)
    for year in years:
        rows = flows(seed, lasting, year)
        if year == years[-1]:
            rows = pl.concat([rows, _refused(year)], how="vertical_relaxed")
        yield f"BACI_{revision}_Y{year}_V{version}.csv", _yearly(rows)
    yield f"country_codes_V{version}.csv", _economies()
    yield f"product_codes_{revision}_V{version}.csv", _products(scale)
    readme = _README.format(version=version, day=made.strftime("%Y %m %d"), revision=revision)
    yield "Readme.txt", readme.encode()


def _yearly(rows: pl.DataFrame) -> bytes:
    tonnes = pl.col("q").cast(pl.Decimal(18, 3)).cast(pl.String).fill_null(_UNKNOWN)
    return rows.with_columns(tonnes.alias("q")).write_csv().encode()


def _refused(year: int) -> pl.DataFrame:
    """The rows of `DEMO_WARTS`."""
    return pl.DataFrame(
        {
            "t": [year, year], "i": ["36", "36"], "j": ["554", "554"], "k": ["010121", "WHEAT"],
            "v": [-12.5, 80.0], "q": [3.0, 250.0],
        }
    )  # fmt: skip


def _economies() -> bytes:
    known = table("economies").select("baci_code", "baci_name", "iso2", "iso3")
    rows = known.with_columns(
        pl.when(pl.col("baci_code") == "490").then(pl.lit("N/A")).otherwise(name).alias(name)
        for name in ("iso2", "iso3")
    )
    other = pl.DataFrame(_OTHER_CODES, schema=rows.schema, orient="row")
    rows = pl.concat([rows, other]).sort(pl.col("baci_code").cast(pl.Int64))
    header = ("country_code", "country_name", "country_iso2", "country_iso3")
    return rows.rename(dict(zip(rows.columns, header, strict=True))).write_csv().encode("latin-1")


def _products(scale: int) -> bytes:
    """Names are made from the chapter; the nomenclature's own texts are not needed here."""
    chapters = dict(table("hs_chapters").select("hs2", "name").iter_rows())
    rows = pl.DataFrame({"code": products(scale)}).with_columns(
        description=pl.format(
            "{}: item {} of heading {}",
            pl.col("code").str.head(2).replace_strict(chapters),
            pl.col("code").str.tail(2),
            pl.col("code").str.head(4),
        )
    )
    return rows.write_csv(quote_style="non_numeric").encode("latin-1")


def _answer(demo: Demo, request: httpx.Request, revision: str, version: str) -> httpx.Response:
    def body() -> bytes:
        return release_body(demo.seed, demo.scale, revision, version)

    return demo.file(request, body, baci_published(version), "application/zip")


ROUTES = (
    Route(
        r"https://www\.cepii\.fr/DATA_DOWNLOAD/baci/data/BACI_(HS\d\d)_V([12]\d{5})\.zip", _answer
    ),
)
