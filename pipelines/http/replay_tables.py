"""The tables behind replayed World Bank replies: figures by vintage, economies, names of series.

Belongs here: reading and checking these files. Does not belong here: the wire format of replies
(`replay_worldbank`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import polars as pl

from pipelines.http.replay_bodies import EntryProblem, NotRecorded, Options, Stamp, stamp, unpacked

_FIGURES = ("indicator_code", "economy_code", "year", "value")
_ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
# Codes that the bulk country file leaves out: it gives regions and income groups by name.
_REGIONS = {
    "East Asia & Pacific": ("EAS", "Z4"),
    "Europe & Central Asia": ("ECS", "Z7"),
    "Latin America & Caribbean": ("LCN", "ZJ"),
    "Middle East & North Africa": ("MEA", "ZQ"),
    "Middle East, North Africa, Afghanistan & Pakistan": ("MEA", "ZQ"),
    "North America": ("NAC", "XU"),
    "South Asia": ("SAS", "8S"),
    "Sub-Saharan Africa": ("SSF", "ZG"),
}
_INCOMES = {
    "High income": ("HIC", "XD"),
    "Upper middle income": ("UMC", "XT"),
    "Lower middle income": ("LMC", "XN"),
    "Low income": ("LIC", "XM"),
    "": ("INX", "XY"),
}
_LENDING = {"IDA": ("IDX", "XI"), "IBRD": ("IBD", "XF"), "Blend": ("IDB", "XH")}


@dataclass(frozen=True)
class Economy:
    """A row of the bulk country file, in the words of the API."""

    code: str
    iso2: str
    name: str
    region: tuple[str, str, str]
    income: tuple[str, str, str]
    lending: tuple[str, str, str]

    @property
    def is_aggregate(self) -> bool:
        return self.region[0] == "NA"


@dataclass(frozen=True)
class Figures:
    """A table of dated vintages of many series."""

    table: Path
    newest: str

    def vintages(self) -> dict[str, str]:
        """The vintage to serve of each series; series that are younger than the limit lack."""
        return {
            code: max(dates)
            for code, all_dates in _vintages(stamp(self.table)).items()
            if (dates := [day for day in all_dates if day <= self.newest])
        }

    def last_updated(self) -> str:
        """One date for the whole database, as the publisher gives it."""
        served = self.vintages()
        if not served:
            raise NotRecorded(f"{self.table} has no vintage up to {self.newest}")
        return max(served.values())

    def rows(self, code: str) -> pl.DataFrame:
        vintage = self.vintages().get(code)
        if vintage is None:
            known = sorted(_vintages(stamp(self.table)).get(code, ()))
            since = f"; its oldest vintage is {known[0]}" if known else ""
            raise NotRecorded(f"{self.table} has no {code} up to {self.newest}{since}")
        return (
            pl.scan_parquet(self.table)
            .filter(pl.col("indicator_code") == code, pl.col("vintage") == vintage)
            .select(
                pl.col("economy_code", "economy_name").cast(pl.String),
                pl.col("year").cast(pl.Int64),
                pl.col("value").cast(pl.Float64),
            )
            .collect()
        )


@dataclass(frozen=True)
class OneSeries:
    """A table of a single series in columns of its own names.

    `where` picks the rows of the series out of a table of many: columns and the text they hold.
    """

    table: Path
    economy_code: str
    year: str
    value: str
    where: tuple[tuple[str, str], ...] = ()

    def rows(self) -> pl.DataFrame:
        rows = _table(self.table)
        for column, wanted in self.where:
            rows = rows.filter(pl.col(column).cast(pl.String) == wanted)
        return rows.select(
            pl.col(self.economy_code).cast(pl.String).str.to_uppercase().alias("economy_code"),
            pl.lit(None, pl.String).alias("economy_name"),
            pl.col(self.year).cast(pl.Int64).alias("year"),
            pl.col(self.value).cast(pl.Float64).alias("value"),
        )


@lru_cache(maxsize=8)
def economies(file: Stamp) -> dict[str, Economy]:
    """The bulk country file (`WDICountry.csv`), by code."""
    found: dict[str, Economy] = {}
    for number, row in enumerate(
        _csv_rows(file.path, "countries", ("Country Code", "Table Name", "Region")), start=2
    ):
        region, income = row["Region"].strip(), row.get("Income Group", "").strip()
        if not region:
            coded = (("NA", "NA", "Aggregates"), ("NA", "NA", "Aggregates"), ("", "", "Aggregates"))
        elif region in _REGIONS and income in _INCOMES:
            lending = row.get("Lending category", "").strip()
            coded = (
                (*_REGIONS[region], region),
                (*_INCOMES[income], income or "Not classified"),
                (*_LENDING.get(lending, ("LNX", "XX")), lending or "Not classified"),
            )
        else:
            unknown = f"region {region!r}" if region not in _REGIONS else f"income {income!r}"
            raise EntryProblem(
                "countries", f"{file.path}, line {number}: {unknown} has no code here",
                f"add its code to _REGIONS or _INCOMES in {__name__}, or correct the file",
            )  # fmt: skip
        iso2 = row.get("2-alpha code", "") or row.get("WB-2 code", "")
        found[row["Country Code"]] = Economy(row["Country Code"], iso2, row["Table Name"], *coded)
    return found


@lru_cache(maxsize=8)
def series_names(file: Stamp) -> dict[str, str]:
    """Names of series from the bulk file (`WDISeries.csv`, gzipped or not), by code."""
    rows = _csv_rows(file.path, "names", ("Series Code", "Indicator Name"))
    return {row["Series Code"]: row["Indicator Name"] for row in rows}


def _csv_rows(path: Path, key: str, columns: Sequence[str]) -> list[dict[str, str]]:
    body = unpacked(path, key) if path.suffix == ".gz" else path.read_bytes()
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("cp1252", "replace")  # some bulk files are older than UTF-8
    reader = csv.DictReader(io.StringIO(text, newline=""))
    _require(path, key, columns, reader.fieldnames or ())
    return list(reader)


@lru_cache(maxsize=8)
def _vintages(file: Stamp) -> dict[str, tuple[str, ...]]:
    pairs = (
        pl.scan_parquet(file.path)
        .select("indicator_code", "vintage")
        .filter(pl.col("vintage").str.contains(_ISO_DATE))
        .unique()
        .collect()
    )
    found: dict[str, tuple[str, ...]] = {}
    for code, vintage in pairs.iter_rows():
        found[code] = (*found.get(code, ()), vintage)
    return found


def _table(path: Path) -> pl.DataFrame:
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    return pl.read_csv(path, infer_schema=False)


def _require(path: Path, key: str, columns: Sequence[str], present: Sequence[str]) -> None:
    missing = [column for column in columns if column not in present]
    if missing:
        raise EntryProblem(
            key, f"{path} lacks the column {', '.join(missing)} (it has {', '.join(present)})",
            "name a file that has it",
        )  # fmt: skip


def read_figures(options: Options) -> Figures:
    """The keys `table` and `newest_vintage`."""
    table = options.file("table")
    newest = options.text("newest_vintage", "9999-12-31")
    try:
        date.fromisoformat(newest)
    except ValueError:
        raise EntryProblem(
            options.key("newest_vintage"), f"{newest!r} is no date", "write it as 2026-04-01"
        ) from None
    try:
        columns = pl.scan_parquet(table).collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise EntryProblem("table", f"{table} is no Parquet file ({error})", "name one") from error
    _require(table, "table", (*_FIGURES, "economy_name", "vintage"), columns)
    return Figures(table, newest)


def read_one_series(options: Options) -> OneSeries:
    """One of the `alternatives`."""
    options.allow("table", "economy_code", "year", "value", "where")
    where = options.inner("where", required=False)
    series = OneSeries(
        options.file("table"),
        *(options.text(name) for name in ("economy_code", "year", "value")),
        tuple((column, where.text(column)) for column in where.values),
    )
    wanted = (series.economy_code, series.year, series.value, *where.values)
    try:
        _require(series.table, options.key("table"), wanted, _table(series.table).columns)
        if series.rows().is_empty():
            empty = (
                f"{series.table} is empty"
                if not where.values
                else (f"{series.table} has no row where {dict(series.where)}")
            )
            raise EntryProblem(options.key("table"), empty, "name another")
    except pl.exceptions.PolarsError as error:
        raise EntryProblem(
            options.key("value"), f"{series.table} cannot be read as figures ({error})",
            "name a CSV or Parquet file and its columns of economy, year and figure",
        ) from error  # fmt: skip
    return series
