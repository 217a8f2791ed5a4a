"""A warehouse of a few cells, published by the same functions as a night.

Belongs here: making a candidate by hand. Does not belong here: any step of a night.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines import candidate, steps, warehouse
from pipelines.lineage import Lineage
from pipelines.settings import Settings
from pipelines.warehouse import Release

FACT = """
    create table marts.fct_indicator_value (
        indicator_id varchar, geo_id varchar, cluster_id varchar, period varchar, basis varchar,
        value double, value_lower double, value_upper double, obs_status varchar, n_obs bigint,
        components map(varchar, double), source_ids varchar[], method_version varchar)
"""

DICTIONARY = """
    create table marts.dim_indicator (indicator_id varchar, indicator_name varchar,
        formula varchar, interpretation varchar, caveat varchar, reference varchar,
        sql_model varchar, method_version varchar);
    create table marts.dim_basis (indicator_id varchar, basis varchar, basis_name varchar,
        unit varchar, description varchar);
    create table marts.dim_term (indicator_id varchar, basis varchar, term varchar,
        term_name varchar, unit varchar, series varchar[], raw_table varchar,
        rows_filter varchar, summed_over varchar[], made_of varchar[]);
    create table marts.dim_geo (geo_id varchar, geo_name varchar, code varchar,
        economy_code_wdi varchar, economy_code_baci varchar);
    create table meta.correction_applied (source_id varchar, row_key varchar, cells_count bigint,
        snapshot_id varchar);
    create table marts.dim_cluster (cluster_id varchar, cluster_name varchar);
    create table reference.obs_status (obs_status varchar, label varchar, description varchar);
"""


@dataclasses.dataclass(frozen=True)
class Cell:
    """What a cell says; its snapshot is that of its part in the release."""

    value: float | None
    status: str = "A"
    lower: float | None = None
    upper: float | None = None
    n_obs: int = 1
    terms: Mapping[str, float | None] = dataclasses.field(default_factory=dict)
    parts: tuple[str, ...] = ("src/a",)
    method: str = "1"


Cells = Mapping[tuple[str, str, str], Cell]  # (indicator, place, period) → cell


def publish(
    home: Path,
    number: int,
    cells: Cells,
    *,
    vintages: Mapping[str, str],
    code: str = "c1",
    lists: str = "l1",
    corrections: str = "k1",
    same_bytes: bool = False,
    mart: str = "geo_id, period, value, obs_status",
) -> Release:
    """Publish release `number`.

    Args:
        home: state directory.
        number: of the release; its id begins with it.
        cells: the fact.
        vintages: part → vintage. A vintage has figures of its own.
        code, lists, corrections: what every indicator rests on.
        same_bytes: new vintages are the old bytes, read anew.
        mart: columns of marts.mart_scores, a wide table without a key (a place twice).
    """
    settings = Settings(home=home, profile="live")
    warehouse.recover(home)
    link = home / "published" / warehouse.CURRENT
    baseline = link.resolve() if link.exists() else None
    release_id = f"202601{number:02d}T000000Z_r{number}"
    warehouse.new_candidate(settings)
    with warehouse.open_candidate(settings) as con:
        con.execute("create schema marts; create schema meta; create schema reference")
        for name in candidate.META:
            con.execute(candidate.create_sql(name))
        con.execute(FACT + ";" + DICTIONARY)
        insert(con, cells, vintages)
        con.execute(
            f"create table marts.mart_scores as select {mart} from marts.fct_indicator_value "
            f"union all select {mart} from marts.fct_indicator_value where geo_id = 'A'"
        )
        con.execute(
            "insert into meta.release by name select ? as release_id, 'official' as realm",
            [release_id],
        )
        for part, vintage in vintages.items():
            figures = "same" if same_bytes else vintage
            con.execute(
                "insert into meta.source_snapshot by name select ? as snapshot_id, "
                "? as source_id, ? as part, ? as canonical_sha256, ? as vintage",
                [f"{part}@{vintage}", *part.split("/"), digest(part + figures), vintage],
            )
        indicators = [
            {
                "indicator_id": indicator,
                "model": f"ind_{indicator}",
                "code_sha256": code,
                "definitions_sha256": lists,
                "corrections_sha256": corrections,
                "raw_tables": ["src__rows"],
            }
            for indicator in sorted({key[0] for key in cells})
        ]
        served = baseline.stem.removeprefix("release_") if baseline else None
        release = steps.log_release(
            con,
            settings,
            Release(
                release_id,
                datetime(2026, 1, number, tzinfo=UTC).isoformat(),
                "live",
                "official",
                release_id,
                previous_release_id=served,
                published_at=datetime(2026, 1, number, 3, tzinfo=UTC).isoformat(),
            ),
            Lineage([], indicators),
            baseline,
        )
    warehouse.compact_copy(settings, release_id)
    warehouse.record_and_point(home, release)
    return release


def insert(con: duckdb.DuckDBPyConnection, cells: Cells, vintages: Mapping[str, str]) -> None:
    rows: list[list[Any]] = []
    for (indicator, geo, period), cell in cells.items():
        ids = [f"{part}@{vintages[part]}" for part in cell.parts]
        key = (indicator, geo, "all", period, "b")
        numbers = (cell.value, cell.lower, cell.upper, cell.status, cell.n_obs)
        rows.append([*key, *numbers, dict(cell.terms), ids, cell.method])
    for row in rows:
        con.execute(
            "insert into marts.fct_indicator_value values "
            "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::map(varchar, double), ?, ?)",
            row,
        )


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def facts(con: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[Any, ...]]:
    """Every row of a fact, in order, to be compared."""
    return con.sql(f"from {relation} order by indicator_id, geo_id, period").fetchall()
