"""World Bank, World Development Indicators (API v2, JSON).

Quirks, all seen in recorded replies:
- "No such indicator" comes with status 200 and a `message` list; the classifier tells it apart.
- Caching headers mean nothing (max-age of 30 days, Last-Modified equal to the request time): no
  conditional requests. `lastupdated` of database 2 is the signal that saves a night's reading.
- Header fields are numbers or texts depending on the route: `int()` them all.
- Rows come newest year first and aggregates first; the first row of a reply may have a field
  more than the others. Income aggregates have an empty `countryiso3code`: `country.id` is kept.
- Aggregates are told from economies by `region.id == "NA"` in the economy list; raw keeps both.
- A series can change its unit in its *name* ("constant 2015 US$"): the name is the unit guard.
- `per_page` above 20,000 was answered with 400 in 2026; 10,000 needs two pages a series.
- Chinese Taipei is not in this source.
- A series may be discontinued at its publisher's and stay in the database (Doing Business, whose
  last year is 2019) until it is taken out; then its code is answered with a message. Such a series
  is not asked for again once it is in service.
- The list of economies holds one classification by income, that of the day; it has no date. The
  World Bank classifies anew each 1 July, for the fiscal year that ends in the next calendar year.
- The licence is a matter of the series (`License Type` of the bulk file WDISeries): most are CC BY
  4.0, those of some owners are not.

Which series are read is data: `wdi_series.csv`, one line each.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import ConfigError, Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.landing_store import kept_file
from pipelines.settings import Settings
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source

_BASE = "https://api.worldbank.org/v2"
_PER_PAGE = "10000"
_ECONOMIES = "economies"
_SERIES_FILE = Path(__file__).with_name("wdi_series.csv")

OBSERVATIONS = Table(
    "observations",
    (
        Column("indicator_code", required=True, pattern=r"[A-Z0-9]+(\.[A-Z0-9]+)+"),
        Column("indicator_name", required=True),
        Column("economy_code_wdi", required=True, pattern=r"[A-Z0-9]{2,3}"),
        Column("economy_name"),
        Column("period_year", "integer", required=True, minimum=1900, maximum=2100),
        Column("value", "number"),
        Column("unit"),
        Column("obs_status"),
        Column("source_updated_on", "date"),
    ),
    key=("indicator_code", "economy_code_wdi", "period_year"),
    period="period_year",
    unit="indicator_name",
)
ECONOMIES = Table(
    "economies",
    (
        Column("economy_code_wdi", required=True, pattern=r"[A-Z0-9]{3}"),
        Column("economy_code_iso2"),
        Column("economy_name", required=True),
        Column("region_code", required=True),
        Column("region_name"),
        Column("income_level_code"),
        Column("income_level_name"),
        Column("capital_city"),
    ),
    key=("economy_code_wdi",),
)


# What the World Bank writes under `License Type` of a series. A series of an owner whose terms are
# not CC BY may be added to the list: its licence then keeps its figures from being passed on.
_TERMS = "https://www.worldbank.org/en/about/legal/terms-of-use-for-datasets"
LICENCES: Mapping[str, Licence] = {
    "CC-BY-4.0": Licence(
        "CC-BY-4.0",
        "Creative Commons Attribution 4.0 (World Bank Terms of Use for Datasets)",
        "https://datacatalog.worldbank.org/public-licenses#cc-by",
        "The World Bank: World Development Indicators",
    ),
    **{
        f"{owner}-terms": Licence(
            f"{owner}-terms",
            f"Terms and conditions of {name}",
            _TERMS,
            f"The World Bank: World Development Indicators; {name}",
            non_commercial=True,  # the strictest reading: nothing is passed on
            redistribute_raw=False,
        )
        for owner, name in (
            ("ITU", "the International Telecommunication Union"),
            ("IEA", "the International Energy Agency"),
            ("SIPRI", "the Stockholm International Peace Research Institute"),
            ("Protected-Planet", "Protected Planet"),
        )
    },
}
THEMES = frozenset(
    {
        "infrastructure", "technology", "human_resources", "cross_border", "e_commerce", "entry",
        "structure", "scale",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Series:
    """One line of `wdi_series.csv`.

    Attributes:
        code: the World Bank's indicator code.
        theme: what it is read for, one of THEMES.
        licence: under which terms, with the owner in the attribution.
        owner: who made the figures, where that is not the World Bank alone.
        last_year: last reference year of a series that its publisher gave up, else None.
        frozen_reason: why it ends there; empty where it goes on.
        note: what a reader of the figures has to know.
    """

    code: str
    theme: str
    licence: Licence
    owner: str
    last_year: int | None
    frozen_reason: str
    note: str


def read_series(path: Path) -> dict[str, Series]:
    """The series of a list, by code, in its order.

    Raises:
        ConfigError: names the line, the column, the value and the rule.
    """
    found: dict[str, Series] = {}
    with path.open(newline="", encoding="utf-8") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            code = row["indicator_code"]
            rules = (
                ("indicator_code", code and code not in found, "a code, once"),
                ("theme", row["theme"] in THEMES, f"one of {', '.join(sorted(THEMES))}"),
                ("licence_id", row["licence_id"] in LICENCES, f"one of {', '.join(LICENCES)}"),
                ("owner", row["owner"], "the owner of the figures"),
                ("last_year", re.fullmatch(r"(\d{4})?", row["last_year"]), "a year, or empty"),
                (
                    "frozen_reason",
                    bool(row["frozen_reason"]) == bool(row["last_year"]),
                    "a reason where, and only where, there is a last year",
                ),
            )
            for column, holds, rule in rules:
                if not holds:
                    where = f"{path.name}, line {number}, column {column}"
                    raise ConfigError(f"{where}: {row[column]!r} is not {rule}")
            terms = LICENCES[row["licence_id"]]
            found[code] = Series(
                code,
                row["theme"],
                replace(terms, attribution=f"{terms.attribution} ({code}; {row['owner']})"),
                row["owner"],
                int(row["last_year"]) if row["last_year"] else None,
                row["frozen_reason"],
                row["note"],
            )
    return found


@cache
def series_list() -> Mapping[str, Series]:
    """The series of `wdi_series.csv`, by code."""
    return read_series(_SERIES_FILE)


def series_codes() -> tuple[str, ...]:
    """The codes of `wdi_series.csv`, in its order."""
    return tuple(series_list())


class Wdi(Source):
    """World Development Indicators; a part is one series, or the list of economies."""

    id = "wdi"
    title = "World Development Indicators"
    publisher = "World Bank"
    homepage = "https://datatopics.worldbank.org/world-development-indicators/"
    cadence = "several times a year; one date for the whole database"
    max_age_days = 190
    licence = LICENCES["CC-BY-4.0"]
    tables = (OBSERVATIONS, ECONOMIES)

    def parts(self, settings: Settings) -> list[str]:
        if unknown := sorted(set(settings.wdi_skip) - set(series_codes())):
            raise ConfigError(
                f"CLUSTERKPI_WDI_SKIP: {', '.join(unknown)} is no series of {_SERIES_FILE.name}"
            )
        return [_ECONOMIES, *(code for code in series_codes() if code not in settings.wdi_skip)]

    def part_licence(self, part: str) -> Licence:
        known = series_list().get(part)
        return known.licence if known else self.licence

    def licences(self) -> tuple[Licence, ...]:
        used = {series.licence.id for series in series_list().values()}
        return tuple(LICENCES[name] for name in LICENCES if name in {self.licence.id, *used})

    def settled(self, part: str) -> str:
        known = series_list().get(part)
        return (
            f"ended with {known.last_year}: {known.frozen_reason}"
            if (known and known.last_year)
            else ""
        )

    def signal(self, settings: Settings) -> RequestSpec:
        return RequestSpec(self.id, "_signal", f"{_BASE}/sources/2", (("format", "json"),))

    def read_signal(self, body: bytes, part: str) -> str:
        try:
            return str(orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))[1][0]["lastupdated"])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise SchemaDrift(
                f"{_BASE}/sources/2: no `lastupdated` in the reply ({error!r})"
            ) from error

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        page = len(answers) + 1
        if answers:
            first = answers[0].landed
            assert first is not None
            if page > _header(first)["pages"]:
                return None
        if part == _ECONOMIES:
            params = (("format", "json"), ("per_page", "400"), ("page", str(page)))
            return RequestSpec(self.id, part, f"{_BASE}/country", params)
        params = (
            ("format", "json"),
            ("source", "2"),
            ("per_page", _PER_PAGE),
            ("page", str(page)),
        )
        return RequestSpec(self.id, part, f"{_BASE}/country/all/indicator/{part}", params)

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        headers = [_header(reply) for reply in replies]
        if len({(h["total"], h["lastupdated"]) for h in headers}) > 1:
            raise Incomplete(
                Outcome.TORN, f"{part}: `total` or `lastupdated` changed between pages; read again"
            )
        rows, total = sum(len(_rows(reply)) for reply in replies), headers[0]["total"]
        if rows != total:
            raise Incomplete(Outcome.TRUNCATED, f"{part}: {rows} rows came, {total} were announced")
        updated = headers[0]["lastupdated"]
        if part == _ECONOMIES or not updated:
            return Proof(updated or replies[0].requested_at.date().isoformat())
        try:
            changed = dt.datetime.fromisoformat(updated).replace(tzinfo=dt.UTC)
        except ValueError as error:
            raise SchemaDrift(f"{part}: lastupdated is {updated!r}, no date") from error
        return Proof(updated, changed)

    def canonical_sha256(self, part: str, replies: Sequence[Landed]) -> str:
        """Rows only, sorted: page size, row order and `lastupdated` do not count."""
        rows = [
            orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
            for reply in replies
            for row in _rows(reply)
        ]
        return hashlib.sha256(b"\n".join(sorted(rows))).hexdigest()

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        updated = _header(replies[0])["lastupdated"]
        rows = [row for reply in replies for row in _rows(reply)]
        reader = _economy if part == _ECONOMIES else _observation
        records = []
        for number, row in enumerate(rows, start=1):
            try:
                records.append(tuple(_text(cell) for cell in reader(row)))
            except (KeyError, TypeError, AttributeError) as error:
                raise SchemaDrift(
                    f"{replies[0].url}: row {number} lacks the field {error} "
                    f"(it has {', '.join(map(str, row))})"
                ) from error
        table = ECONOMIES if part == _ECONOMIES else OBSERVATIONS
        schema = {c.header: pl.String for c in table.columns if c.name != "source_updated_on"}
        frame = pl.DataFrame(records, schema=schema, orient="row")
        if part != _ECONOMIES:
            frame = frame.with_columns(
                pl.lit(updated or None, pl.String).alias("source_updated_on")
            )
        frame = frame.with_row_index("_row_no", offset=1).with_columns(
            pl.col("_row_no").cast(pl.Int64)
        )
        yield Chunk(table.name, frame)


def _observation(row: dict[str, Any]) -> tuple[object, ...]:
    country = row["country"]
    return (
        row["indicator"]["id"],
        row["indicator"]["value"],
        row["countryiso3code"] or country["id"],
        country["value"],
        row["date"],
        row["value"],
        row.get("unit"),
        row.get("obs_status"),
    )


def _economy(row: dict[str, Any]) -> tuple[object, ...]:
    return (
        row["id"],
        row["iso2Code"],
        row["name"],
        row["region"]["id"],
        row["region"]["value"].strip(),
        row["incomeLevel"]["id"],
        row["incomeLevel"]["value"],
        row.get("capitalCity", ""),
    )


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return value if isinstance(value, str) else repr(value)


@lru_cache(maxsize=4)
def _decoded(path: Path, url: str) -> list[Any]:
    # a part is proven, hashed and parsed in a row: its pages are decoded once. The path is named
    # by the hash of its content, so that a cached entry cannot be stale.
    body = Landed("", kept_file(path), Media.JSON, url, dt.datetime.min).read()
    try:
        loaded = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise SchemaDrift(f"{url}: not JSON ({error})") from error
    if not (isinstance(loaded, list) and len(loaded) == 2 and isinstance(loaded[0], dict)):
        raise SchemaDrift(f"{url}: expected [header, rows], got {str(loaded)[:80]}")
    return loaded


def _reply(reply: Landed) -> list[Any]:
    return _decoded(reply.path, reply.url)


def _header(reply: Landed) -> dict[str, Any]:
    header = _reply(reply)[0]
    try:
        return {
            "pages": int(header["pages"]),
            "total": int(header["total"]),
            "lastupdated": str(header.get("lastupdated") or ""),
        }
    except (KeyError, ValueError, TypeError) as error:
        raise SchemaDrift(f"{reply.url}: the page header lacks {error}") from error


def _rows(reply: Landed) -> list[dict[str, Any]]:
    rows = _reply(reply)[1] or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SchemaDrift(f"{reply.url}: the rows are no list of records")
    return rows


SOURCE = Wdi()
