"""The OECD's SDMX interface around synthetic figures: content constraints and csvfile replies.

Belongs here: the layout with its oddities (`NaN`, multipliers, attributes that nobody asked for).
Does not belong here: which flows the pipeline reads.
"""

from __future__ import annotations

from datetime import date

import httpx2 as httpx
import polars as pl

from pipelines.demo.hosts import Demo, Route, not_found
from pipelines.demo.sdmx_figures import observations
from pipelines.demo.tables import table

# Members of the OECD among APEC's, some others that its tables cover, and two peers.
AREAS = ("AUS", "CAN", "CHL", "JPN", "KOR", "MEX", "NZL", "USA", "CHN", "IDN", "DEU", "FIN")
_STATUS = (("B", 0.03), ("E", 0.05), ("P", 0.02))
# The last word of a dataflow's id → the line of `data/oecd_tables.csv`.
_FLOWS = {
    "DF_BD": "bd", "DF_SDBS_ISIC4": "sdbs", "DF_BUSINESSES": "ict_businesses",
    "DF_MAINLV": "tiva", "DF_MSTI": "msti", "DF_PATENTS": "patents",
}  # fmt: skip


def csv_body(seed: int, row: dict[str, str], flow: str, first: int, today: date) -> bytes:
    """A csvfile reply from a first year on."""
    years = range(int(row["first_year"]), today.year - int(row["lag_years"]) + 1)
    frame = observations(seed, "oecd", row, AREAS, years, _STATUS)
    frame = frame.filter(pl.col("year").cast(pl.Int64) >= first)
    dims = [name for name in frame.columns if name not in ("area", "year", "value", "flag")]
    unknown = pl.col("value") == ""
    return (
        frame.select(
            pl.lit("DATAFLOW").alias("STRUCTURE"),
            pl.lit(f"{flow}(1.0)").alias("STRUCTURE_ID"),
            pl.lit("I").alias("ACTION"),
            pl.col("area").alias("REF_AREA"),
            *dims,
            pl.col("year").alias("TIME_PERIOD"),
            pl.when(unknown).then(pl.lit("NaN")).otherwise("value").alias("OBS_VALUE"),
            pl.when(unknown)
            .then(pl.lit("M"))
            .when(pl.col("flag") == "")
            .then(pl.lit("A"))
            .otherwise("flag")
            .alias("OBS_STATUS"),
            pl.lit(row["multiplier"]).alias("UNIT_MULT"),
            pl.lit(row["decimals"]).alias("DECIMALS"),
        )
        .write_csv()
        .encode()
    )


def _row(dataflow: str) -> dict[str, str] | None:
    code = _FLOWS.get(dataflow.rsplit("@", 1)[-1])
    return next((r for r in table("oecd_tables").iter_rows(named=True) if r["code"] == code), None)


def _constraint(demo: Demo, request: httpx.Request, agency: str, flow: str) -> httpx.Response:
    row = _row(flow)
    if row is None:
        return not_found(request)
    count = csv_body(demo.seed, row, flow, 1900, demo.today).count(b"\n") - 1
    body = (
        '<?xml version="1.0" encoding="utf-8"?><message:Structure xmlns:message="m" '
        'xmlns:structure="s" xmlns:common="c"><structure:ContentConstraint '
        f'id="CR_A_{flow}" agencyID="{agency}" validFrom="{demo.today.year}-02-01T09:00:00Z">'
        '<common:Annotations><common:Annotation id="obs_count"><common:AnnotationTitle>'
        f"{count}</common:AnnotationTitle><common:AnnotationType>sdmx_metrics"
        "</common:AnnotationType></common:Annotation></common:Annotations>"
        "</structure:ContentConstraint></message:Structure>"
    )
    return _reply(request, body.encode(), "application/xml")


def _data(demo: Demo, request: httpx.Request, agency: str, flow: str) -> httpx.Response | None:
    row, asked = _row(flow), request.url.params
    if row is None:
        return not_found(request)
    if asked.get("format") != "csvfile":
        return None
    first = int(asked.get("startPeriod", "1900"))
    return _reply(
        request, csv_body(demo.seed, row, f"{agency}:{flow}", first, demo.today), "text/csv"
    )


def _reply(request: httpx.Request, body: bytes, media: str) -> httpx.Response:
    headers = {"Content-Type": media, "Cache-Control": "no-store,no-cache"}
    return httpx.Response(200, headers=headers, content=body, request=request)


_BASE = r"https://sdmx\.oecd\.org/public/rest"
ROUTES = (
    Route(rf"{_BASE}/contentconstraint/([\w.]+)/CR_A_([\w@]+)/", _constraint),
    Route(rf"{_BASE}/data/([\w.]+),([\w@]+),[\d.]*/[^/]+", _data),
)
