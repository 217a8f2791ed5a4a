"""Eurostat's dissemination API around synthetic figures: contents, annotations, SDMX-CSV, TSV.

Belongs here: the layouts with their oddities (gzip that is not announced, an area that is called
`NA`, confidential cells, combined flags, a reply that is queued at first).
Does not belong here: which tables the pipeline reads.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import httpx2 as httpx
import polars as pl

from pipelines.demo.hosts import Demo, Route, not_found
from pipelines.demo.sdmx_figures import observations
from pipelines.demo.tables import table

# Members, regions of seven of them and, as in any table with partner countries, Namibia.
AREAS = (
    "DE", "EL", "ES", "FI", "FR", "IT", "NL", "SE",
    "DE11", "DE21", "ES51", "FR10", "FRK2", "ITC4", "NL41", "SE11", "EL30", "NA",
)  # fmt: skip
_FLAGS = (("c", 0.03), ("b", 0.02), ("bu", 0.01), ("p", 0.02))
_COUNTS, _REGIONS_OF_COUNTRY = "sbs_r_nuts06_r2", 12  # counts, not rates
_QUEUED = "rd_e_gerdreg"  # answered with a ticket at first
_TICKET = "demo-0001"
_ENVELOPE = (
    '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><syncResponse>'
    f"<queued><id>{_TICKET}</id><status>SUBMITTED</status></queued></syncResponse></S:Body>"
    "</S:Envelope>"
)
_TOC = (
    "title", "code", "type", "last update of data", "last table structure change", "data start",
    "data end", "values",
)  # fmt: skip


def tables() -> dict[str, dict[str, str]]:
    """What is served, by code; a line of `data/eurostat_tables.csv` each."""
    return {row["code"]: row for row in table("eurostat_tables").iter_rows(named=True)}


def updated(today: date) -> datetime:
    """When all tables were last written: the 11th of the month before."""
    last = today.replace(day=1) - timedelta(days=1)
    return datetime(last.year, last.month, 11, 23, tzinfo=UTC)


def figures(seed: int, row: dict[str, str], today: date) -> pl.DataFrame:
    """dims…, geo, year, value, flag of one table, as text; an empty value has none."""
    years = range(int(row["first_year"]), today.year - int(row["lag_years"]) + 1)
    frame = observations(seed, "eurostat", row, AREAS, years, _FLAGS).rename({"area": "geo"})
    return _with_nations(frame) if row["code"] == _COUNTS else frame


def _with_nations(frame: pl.DataFrame) -> pl.DataFrame:
    """A country holds more than the regions of it that are served, industry by industry."""
    geo, value = pl.col("geo"), pl.col("value").replace("", None).cast(pl.Int64)
    regions = value.filter(geo.str.len_chars() > 2).sum()
    same = [name for name in frame.columns if name not in ("geo", "value", "flag")]
    held = pl.max_horizontal(value * _REGIONS_OF_COUNTRY, regions.over(*same, geo.str.head(2)) * 2)
    is_nation = (geo.str.len_chars() == 2) & (pl.col("value") != "")
    return frame.with_columns(
        value=pl.when(is_nation).then(held.cast(pl.String)).otherwise("value")
    )


def csv_body(seed: int, row: dict[str, str], today: date, first: int, last: int) -> bytes:
    """SDMX-CSV 1.0 of the years asked for."""
    frame = figures(seed, row, today).filter(pl.col("year").cast(pl.Int64).is_between(first, last))
    dims = [name for name in frame.columns if name not in ("geo", "year", "value", "flag")]
    return (
        frame.select(
            pl.lit(f"ESTAT:{row['code'].upper()}(1.0)").alias("DATAFLOW"),
            pl.lit(updated(today).strftime("%d/%m/%y %H:%M:%S")).alias("LAST UPDATE"),
            *dims,
            "geo",
            pl.col("year").alias("TIME_PERIOD"),
            pl.col("value").alias("OBS_VALUE"),
            pl.col("flag").alias("OBS_FLAG"),
            pl.when(pl.col("flag") == "c")
            .then(pl.lit("C"))
            .otherwise(pl.lit(""))
            .alias("CONF_STATUS"),
        )
        .write_csv()
        .encode()
    )


def tsv_body(seed: int, row: dict[str, str], today: date) -> bytes:
    """The bulk layout: a packed key, the newest year first, flags behind a blank."""
    frame = figures(seed, row, today)
    dims = [name for name in frame.columns if name not in ("geo", "year", "value", "flag")]
    shown = pl.when(pl.col("value") == "").then(pl.lit(":")).otherwise("value")
    wide = frame.select(
        pl.concat_str([*dims, "geo"], separator=",").alias("key"),
        "year",
        (shown + " " + pl.col("flag")).alias("cell"),
    ).pivot("year", index="key", values="cell")
    years = sorted((name for name in wide.columns if name != "key"), reverse=True)
    header = f"{','.join(dims)},geo\\time"
    wide = wide.select(
        pl.col("key").alias(header), *(pl.col(y).fill_null(": ").alias(f"{y} ") for y in years)
    )
    return wide.write_csv(separator="\t", quote_style="never").encode()


def _contents(demo: Demo, request: httpx.Request) -> httpx.Response:
    when = updated(demo.today).strftime("%d.%m.%Y")
    lines = ["\t".join(f'"{name}"' for name in _TOC)]
    for code, row in tables().items():
        values = figures(demo.seed, row, demo.today).height
        cells = (f"SYNTHETIC: {code}", code, "dataset", when, when, row["first_year"], "", values)
        lines.append("\t".join(f'"    {cell}"' for cell in cells))
    return _text(request, "\r\n".join(lines).encode() + b"\r\n", "text/plain")


def _dataflow(demo: Demo, request: httpx.Request, code: str) -> httpx.Response:
    row = tables().get(code.lower())
    if row is None:
        return _missing(request, code)
    notes = {
        "OBS_COUNT": str(figures(demo.seed, row, demo.today).height),
        "OBS_PERIOD_OVERALL_OLDEST": row["first_year"],
        "UPDATE_DATA": updated(demo.today).strftime("%Y-%m-%dT%H:%M:%S+0000"),
    }
    text = "".join(
        f"<c:Annotation><c:AnnotationTitle>{value}</c:AnnotationTitle>"
        f"<c:AnnotationType>{kind}</c:AnnotationType></c:Annotation>"
        for kind, value in notes.items()
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><m:Structure xmlns:m="m" xmlns:s="s" xmlns:c="c">'
        f'<s:Dataflow id="{code}" agencyID="ESTAT"><c:Annotations>{text}</c:Annotations>'
        "</s:Dataflow></m:Structure>"
    )
    return _text(request, body.encode(), "application/xml")


def _data(demo: Demo, request: httpx.Request, code: str) -> httpx.Response | None:
    row, asked = tables().get(code), request.url.params
    if row is None:
        return _missing(request, code)
    if asked.get("format") == "TSV":
        made = datetime(demo.today.year - 1, 3, 1, tzinfo=UTC)
        body = gzip.compress(tsv_body(demo.seed, row, demo.today), 1, mtime=0)
        return demo.file(request, lambda: body, made, "application/octet-stream")
    if asked.get("format") != "SDMX-CSV":
        return None
    if code == _QUEUED:
        return _text(request, _ENVELOPE.encode(), "text/xml")
    return _csv(demo, request, row, int(asked["startPeriod"]), int(asked["endPeriod"]))


def _csv(
    demo: Demo, request: httpx.Request, row: dict[str, str], first: int, last: int
) -> httpx.Response:
    # gzip, and no word of it in the headers
    body = gzip.compress(csv_body(demo.seed, row, demo.today, first, last), 1, mtime=0)
    return _text(request, body, "application/vnd.sdmx.data+csv")


def _status(_demo: Demo, request: httpx.Request, ticket: str) -> httpx.Response:
    body = f"<r><id>{ticket}</id><status>AVAILABLE</status></r>"
    return _text(request, body.encode(), "text/xml")


def _queued_data(demo: Demo, request: httpx.Request, ticket: str) -> httpx.Response:
    if ticket != _TICKET:
        return not_found(request)
    return _csv(demo, request, tables()[_QUEUED], 1900, 2100)


def _missing(request: httpx.Request, code: str) -> httpx.Response:
    label = f"ERR_NOT_FOUND_4: {code} is not available for dissemination"
    body = f'{{"error":[{{"status":404,"id":4,"label":"{label}"}}]}}'
    return httpx.Response(404, content=body.encode(), request=request)


def _text(request: httpx.Request, body: bytes, media: str) -> httpx.Response:
    return httpx.Response(200, headers={"Content-Type": media}, content=body, request=request)


def _routes() -> Iterator[Route]:
    base = r"https://ec\.europa\.eu/eurostat/api/dissemination"
    yield Route(rf"{base}/catalogue/toc/txt", _contents)
    yield Route(rf"{base}/sdmx/2\.1/dataflow/ESTAT/(\w+)/latest", _dataflow)
    yield Route(rf"{base}/sdmx/2\.1/data/(\w+)", _data)
    yield Route(rf"{base}/1\.0/async/status/([\w-]+)", _status)
    yield Route(rf"{base}/1\.0/async/data/([\w-]+)", _queued_data)


ROUTES = tuple(_routes())
