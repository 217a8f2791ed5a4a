"""The raw rows behind a term: which landed rows it stands for.

Rows are looked for in the snapshots that a term was read from, by the cell's period, place and
cluster as far as the raw table has such columns and the term does not sum over them, and by the
filter that the indicator's YAML states. What a search could not be narrowed by is said.

Belongs here: finding rows. Does not belong here: what a term is (`marts.dim_term`), how rows got
into a raw table (`ingest`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines import rederive, vintages, warehouse
from pipelines.contracts import Table
from pipelines.landing_store import open_landing
from pipelines.settings import Settings
from pipelines.sources.base import Source, discover
from pipelines.vintages import PartState

MOST_ROWS = 20

Geo = Mapping[str, Any]
_FIPS = "FIPS"


def _us(length: int, start: int = 0) -> Callable[[Geo], str | None]:
    """A part of the FIPS code of a state or county; None for places that have none so long."""

    def code(geo: Geo) -> str | None:
        if geo["geo_id"] == "USA":
            return None
        whole = geo["code"] or ""
        return whole[start : start + length] if geo["code_scheme"] == _FIPS else None

    return code


def _census(geo: Geo) -> str | None:
    levels = {"state": "0400000US", "county": "0500000US", "cbsa": "310M700US"}
    level = levels.get(geo["geo_type"])
    return f"{level}{geo['code']}" if level else None


def _qcew(geo: Geo) -> str | None:
    if geo["code_scheme"] != _FIPS:
        return None
    return f"{geo['code']}000" if geo["geo_type"] == "state" else geo["code"]


def _county(geo: Geo) -> str | None:
    return geo["code"] if geo["geo_type"] == "county" else None


def _padded(geo: Geo) -> str | None:
    """FIPS code of five digits for counties, states and the nation alike."""
    if geo["geo_id"] == "USA":
        return "00000"
    code = geo["code"] if geo["code_scheme"] == _FIPS else None
    return f"{code:0<5}" if code else None


def _state_name(geo: Geo) -> str | None:
    """As USA Trade Online writes it."""
    if geo["geo_type"] != "state":
        return None
    return {"11": "Dist of Columbia", "78": "US Virgin Islands"}.get(geo["code"], geo["geo_name"])


def _cbsa(geo: Geo) -> str | None:
    return geo["code"] if geo["geo_type"] == "cbsa" else None


# Raw columns that name a place, and how the cell's place is called there. A column that is not
# here does not narrow a search, which is then said.
PLACES: dict[str, Callable[[Geo], str | None]] = {
    "economy_code_wdi": lambda geo: geo["economy_code_wdi"] or geo["geo_id"],
    "economy_code_iso3": lambda geo: geo["geo_id"],
    "geo_id": lambda geo: geo["geo_id"],
    "exporter_code": lambda geo: geo["economy_code_baci"],
    "area_code": lambda geo: geo["code"],
    "state_code_fips": _us(2),
    "county_code_fips": _us(3, 2),
    "metro_code_cbsa": _cbsa,
    "area_code_fips": _qcew,
    "geo_code_census": _census,
    "county_code_fips5": _county,
    "area_code_fips5": _padded,
    "state_name_census": _state_name,
}
# Larger regions that are sums of counties, and the list that says of which.
_COUNTY_SUMS = {
    "cbsa": ("us_county_cbsa", "cbsa_code"),
    "economic_area": ("us_county_economic_area", "economic_area_code"),
}
# Raw columns that together are the FIPS code of a county.
_COUNTY_COLUMNS = ("state_code_fips", "county_code_fips")
_INDUSTRIES = {"naics_code": "NAICS", "commodity_code_naics": "NAICS", "product_code": "HS"}


@dataclass(frozen=True)
class TermRows:
    """Rows of one raw table of one snapshot that terms stand for.

    Attributes:
        terms: the terms; several may be read from the same rows.
        narrowed: by which of period, place and cluster the rows were chosen.
        open: what they could not be narrowed by, though the term does not sum over it.
        count: rows in all; `rows` has the first of them.
        where: the raw file that was read, or that the landing was parsed anew.
    """

    terms: list[str]
    snapshot_id: str
    table: str
    narrowed: tuple[str, ...]
    open: tuple[str, ...]
    count: int
    rows: pl.DataFrame
    where: str


def behind(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    passport: Mapping[str, Any],
    most: int = MOST_ROWS,
) -> list[TermRows]:
    """The rows behind each term of a passport that is read from landed rows.

    Args:
        settings: whose raw vintages and landing are searched.
        con: the release, for the place's codes and the industries of the cluster.
        passport: see `passport.passport`.
        most: rows to return for each term and table; all are counted.

    Raises:
        Tampered: the landing had to be read, and its bytes are not what they were.
        ConfigError: the landing does not know a snapshot.
    """
    cell = passport["cell"]
    realm = "synthetic" if passport["is_synthetic"] else "official"
    wanted = {name for term in passport["terms"] for name in term["snapshot_ids"]}
    found: dict[str, TermRows] = {}
    with tempfile.TemporaryDirectory(prefix="clusterkpi-rows-") as folder:
        scratch = settings.model_copy(
            update={
                "home": Path(folder),
                "profile": "demo" if realm == "synthetic" else "live",
            }
        )
        files = _Files(settings, scratch, realm, wanted)
        for term in passport["terms"]:
            if term["made_of"]:
                continue
            for snapshot_id in term["snapshot_ids"]:
                source = discover()[snapshot_id.split("/")[0]]
                for table in _tables(source, snapshot_id, term):
                    search = _Search.of(con, cell, term, table, snapshot_id)
                    if search.name in found:
                        found[search.name].terms.append(term["term"])
                        continue
                    paths, where = files.of(source, snapshot_id, table.name)
                    if paths:
                        name = f"raw.{source.id}__{table.name}"
                        count, rows = search.run(paths, most)
                        found[search.name] = TermRows(
                            [term["term"]], snapshot_id, name, tuple(search.narrowed),
                            tuple(search.open), count, rows, where,
                        )  # fmt: skip
    return list(found.values())


def _tables(source: Source, snapshot_id: str, term: Mapping[str, Any]) -> Sequence[Table]:
    stated = term["raw_table"] if not snapshot_id.startswith("supplement/") else None
    return [
        table
        for table in source.tables
        if (table.name == stated if stated else table.period is not None)
    ]


class _Files:
    """Parquet files of a snapshot's tables: those of its raw vintage, or made from the landing."""

    def __init__(self, settings: Settings, scratch: Settings, realm: str, wanted: set[str]) -> None:
        self._settings, self._scratch = settings, scratch
        self._store = open_landing(settings)
        self._promoted: dict[str, PartState] = {}
        for source in {name.split("/")[0] for name in wanted}:
            newest = vintages.latest(settings.raw_dir, realm, source)
            self._add([newest])
            ours = {name for name in wanted if name.startswith(f"{source}/")}
            if not ours <= set(self._promoted):
                self._add(vintages.history(settings.raw_dir, realm, source))
        self._landed = {}
        if missing := wanted - set(self._promoted):
            self._landed = rederive.states(self._store, realm, missing)

    def _add(self, manifests: list[vintages.Manifest]) -> None:
        for manifest in manifests:
            for part in manifest.parts.values():
                self._promoted[part.snapshot_id] = part

    def of(self, source: Source, snapshot_id: str, table: str) -> tuple[list[Path], str]:
        state, root = self._promoted.get(snapshot_id), self._settings.raw_dir
        where = "raw vintage"
        if state is None:
            manifest = rederive.parse_again(
                self._store,
                self._scratch,
                source,
                [self._landed[snapshot_id]],
                f"again{len(self._promoted)}",
            )
            state = next(iter(manifest.parts.values()))
            self._promoted[snapshot_id] = state
            self._landed[snapshot_id] = state
        if snapshot_id in self._landed:
            root, where = self._scratch.raw_dir, "landed bytes, parsed anew"
        files = state.tables[table].files if table in state.tables else ()
        return [root / name for name in files], where


@dataclass
class _Search:
    """Conditions on the rows of one table of one snapshot."""

    table: Table
    snapshot_id: str
    conditions: list[str]
    values: dict[str, Any]
    narrowed: list[str]
    open: list[str]
    industries: tuple[str, list[tuple[str, bool]]] | None = None

    @property
    def name(self) -> str:
        """Equal for equal searches."""
        asked = f"{self.conditions} {self.values} {self.narrowed}"
        return f"{self.table.name} {self.snapshot_id} {asked}"

    @classmethod
    def of(
        cls,
        con: duckdb.DuckDBPyConnection,
        cell: Mapping[str, Any],
        term: Mapping[str, Any],
        table: Table,
        snapshot_id: str,
    ) -> _Search:
        """What the cell's own key, and the term's stated filter, ask of the rows."""
        search = cls(table, snapshot_id, [], {}, [], [])
        over = set(term["summed_over"])
        if "period" not in over:
            search._by_period(cell["period"])
        if "geo" not in over:
            search._by_place(con, _geo(con, cell["geo_id"]))
        if "cluster" not in over and cell["cluster_id"] != "all":
            search._by_cluster(con, cell["cluster_id"])
        if snapshot_id.startswith("supplement/"):
            if series := [name.split("/", 1)[1] for name in _series(con, cell, term)]:
                search.conditions.append("list_contains($series, series_id)")
                search.values["series"] = series
        elif term["rows_filter"]:
            search.conditions.append(f"({term['rows_filter']})")
        return search

    @property
    def columns(self) -> list[str]:
        return [name for name, _ in self.table.duckdb_columns()]

    def _by_period(self, period: str) -> None:
        if self.table.period is None:
            self.open.append("period")
            return
        # a month or quarter begins with its year
        self.conditions.append(f"starts_with(cast({self.table.period} as varchar), $period)")
        self.values["period"] = period
        self.narrowed.append("period")

    def _by_place(self, con: duckdb.DuckDBPyConnection, geo: Geo) -> None:
        codes = {name: PLACES[name](geo) for name in self.columns if name in PLACES}
        known: dict[str, Any] = {name: code for name, code in codes.items() if code}
        for name, code in known.items():
            self.conditions.append(f"{name} = ${name}")
            self.values[name] = code
        has_counties = set(_COUNTY_COLUMNS) <= set(self.columns)
        if not known and has_counties and (counties := _counties(con, geo)):
            known["members"] = self.values["members"] = counties
            self.conditions.append(f"list_contains($members, {' || '.join(_COUNTY_COLUMNS)})")
        (self.narrowed if known else self.open).append("place")

    def _by_cluster(self, con: duckdb.DuckDBPyConnection, cluster: str) -> None:
        column = next((name for name in self.columns if name in _INDUSTRIES), None)
        industries = _industries(con, cluster, _INDUSTRIES[column]) if column else []
        if column is None or not industries:
            self.open.append("cluster")
            return
        self.industries = (column, industries)
        self.narrowed.append("cluster")

    def run(self, paths: Sequence[Path], most: int) -> tuple[int, pl.DataFrame]:
        """How many rows there are, and the first of them, in the order in which they landed."""
        view = warehouse.raw_relation_sql(self.table.duckdb_columns(), paths, "rows")
        where = " and ".join(["_snapshot_id = $snapshot", *self.conditions])
        given = {"snapshot": self.snapshot_id, **self.values}
        with duckdb.connect() as raw:
            raw.execute("create schema raw")
            raw.execute(view)
            raw.execute("create view found as from raw.rows")
            if self.industries:
                column, industries = self.industries
                codes = raw.execute(f"select distinct {column} from found").fetchall()
                own = _in_cluster([code for (code,) in codes if code], industries)
                raw.execute("create table own_codes as select unnest(?) as code", [own])
                where += f" and {column} in (select code from own_codes)"
            count = raw.execute(f"select count(*) from found where {where}", given).fetchall()
            rows = raw.sql(
                f"select * exclude (_snapshot_id, _part) from found where {where} "
                f"order by _member, _row_no limit {most}",
                params=given,
            ).pl()
        return count[0][0], rows


def _in_cluster(codes: list[str], industries: list[tuple[str, bool]]) -> list[str]:
    """The codes of a raw table that belong to a cluster: the longest listed prefix decides."""
    listed = dict(industries)
    found = []
    for code in codes:
        bare = code.rstrip("-/")
        prefix = next((bare[:n] for n in range(len(bare), 0, -1) if bare[:n] in listed), None)
        if prefix is not None and listed[prefix]:
            found.append(code)
    return found


def _industries(
    con: duckdb.DuckDBPyConnection, cluster: str, scheme: str
) -> list[tuple[str, bool]]:
    """Every code of a scheme's taxonomies, and whether it is the cluster's."""
    rows = con.execute(
        "select industry_code, bool_or(cluster_id = ?) from reference.cluster_industry "
        "where starts_with(industry_scheme, ?) group by 1",
        [cluster, scheme],
    ).fetchall()
    return [(str(code), bool(own)) for code, own in rows]


def _counties(con: duckdb.DuckDBPyConnection, geo: Geo) -> list[str]:
    """FIPS codes of the counties that a statistical area is made of; none for other places."""
    if geo["geo_type"] not in _COUNTY_SUMS:
        return []
    table, column = _COUNTY_SUMS[geo["geo_type"]]
    rows = con.execute(
        f"select county_code_fips5 from reference.{table} where {column} = ? order by 1",
        [geo["code"]],
    ).fetchall()
    return [str(code) for (code,) in rows]


def _geo(con: duckdb.DuckDBPyConnection, geo_id: str) -> Geo:
    names = (
        "geo_id",
        "geo_name",
        "geo_type",
        "code_scheme",
        "code",
        "economy_code_wdi",
        "economy_code_baci",
    )
    rows = con.execute(
        f"select {', '.join(names)} from marts.dim_geo where geo_id = ?", [geo_id]
    ).fetchall()
    return dict(zip(names, rows[0], strict=True)) if rows else dict.fromkeys(names, geo_id)


def _series(
    con: duckdb.DuckDBPyConnection, cell: Mapping[str, Any], term: Mapping[str, Any]
) -> list[str]:
    rows = con.execute(
        "select unnest(series) from marts.dim_term where indicator_id = ? and term = ? "
        "and basis in ('all', ?)",
        [cell["indicator_id"], term["term"], cell["basis"]],
    ).fetchall()
    return [str(row[0]) for row in rows]
