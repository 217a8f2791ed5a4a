"""The passport of a cell: what it says, how it is computed, where every term comes from.

What stands in it comes from the macros of the release (`reader_macros`); here it is put together,
with what a release cannot know: later checks of the sources, the landed files, and whether the
cell can be made again from them.

Belongs here: finding the cell, assembling its passport. Does not belong here: SQL of the macros,
the rows behind a term (`landed_rows`), printing (`commands`).
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines import reader_macros, timeline, warehouse
from pipelines.errors import ConfigError
from pipelines.http.classify import Media
from pipelines.landing import payload_name
from pipelines.landing_store import LandingStore, open_landing
from pipelines.settings import Settings

_KEY_PARAMETERS = "$indicator, $geo, $period, cluster := $cluster, basis := $basis"


@dataclass(frozen=True)
class Question:
    """Which cell is meant. `basis` may stay open where the cell has one only."""

    indicator: str
    geo: str
    period: str
    cluster: str = "all"
    basis: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "indicator": self.indicator,
            "geo": self.geo,
            "period": self.period,
            "cluster": self.cluster,
            "basis": self.basis,
        }


@dataclass(frozen=True)
class Opened:
    """A release with its macros.

    Attributes:
        con: connection.
        release_id: the release that is told.
        moment: what to pass to the macros as `as_of`: None where the connection is to the very
            file of the release.
    """

    con: duckdb.DuckDBPyConnection
    release_id: str
    moment: str | None

    @property
    def is_own_file(self) -> bool:
        """Dictionary and checks are those of that release, and not today's."""
        return self.moment is None


@contextlib.contextmanager
def open_release(settings: Settings, as_of: str | None = None) -> Iterator[Opened]:
    """The release in service, or the one that was on a day, with the macros that tell of cells.

    Raises:
        ConfigError: nothing was published then.
    """
    if as_of is None:
        path = warehouse.current_path(settings.home)
    else:
        with timeline.open_as_of(settings, as_of) as (_, release_id):
            path = settings.published_dir / f"release_{release_id}.duckdb"
    if path.exists():
        with warehouse.open_published(settings.home, path) as con:
            if has_macros(con):
                yield Opened(con, path.stem.removeprefix("release_"), None)
                return
    with timeline.open_log(settings) as (con, told):
        event = told.events[-1] if as_of is None else timeline.event_at(told, as_of)
        yield Opened(con, event["release_id"], event["release_id"])


def has_macros(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether a release was published with all of them; one of an earlier version was not."""
    found = con.execute(
        "select distinct schema_name || '.' || function_name from duckdb_functions() "
        "where not internal"
    ).fetchall()
    return set(reader_macros.MACROS) <= {name for (name,) in found}


def passport(settings: Settings, opened: Opened, question: Question) -> dict[str, Any]:
    """Everything that is known of one cell, ready to be printed or written as JSON.

    Raises:
        ConfigError: there is no such cell (says which there are), or it has several bases and the
            question names none (lists them).
    """
    con, told_as = opened.con, {"as_of": opened.moment}
    cell = _cell(opened, question)
    question = Question(**{**question.parameters, "basis": cell["basis"]})
    given = question.parameters
    terms = _dicts(
        con,
        f"from marts.passport_terms({_KEY_PARAMETERS}, as_of := $as_of)",
        {**given, **told_as},
    )
    snapshots = _dicts(
        con,
        f"from marts.passport_snapshots({_KEY_PARAMETERS}, as_of := $as_of)",
        {**given, **told_as},
    )
    checks = _dicts(con, f"from marts.passport_checks({_KEY_PARAMETERS})", given)
    revisions = _dicts(
        con,
        "from marts.vintages($indicator, $geo, cluster := $cluster, basis := $basis) as v "
        "where v.period = $period order by v.served_from",
        given,
    )
    corrections = _dicts(con, f"from marts.passport_corrections({_KEY_PARAMETERS})", given)
    store = open_landing(settings)
    for snapshot in snapshots:
        _complete(settings, store, opened, snapshot)
    return {
        "release_id": opened.release_id,
        "is_synthetic": cell.pop("is_synthetic"),
        "notice": cell.pop("notice"),
        "cell": {name: cell.pop(name) for name in _CELL},
        "definition": {**cell, "is_of_this_release": opened.is_own_file},
        "terms": _terms(terms),
        "snapshots": snapshots,
        "checks": {
            "passed": sum(check["passed"] for check in checks),
            "failed": [c for c in checks if not c["passed"] and c["severity"] == "critical"],
            "warned": [c for c in checks if not c["passed"] and c["severity"] != "critical"],
            "are_of_this_release": opened.is_own_file,
            "list": checks,
        },
        "corrections": corrections,
        "revisions": revisions,
    }


_CELL = (
    "indicator_id",
    "indicator_name",
    "geo_id",
    "geo_name",
    "cluster_id",
    "cluster_name",
    "period",
    "basis",
    "basis_name",
    "unit",
    "value",
    "value_lower",
    "value_upper",
    "obs_status",
    "obs_status_label",
    "obs_status_description",
    "n_obs",
    "components",
    "source_ids",
    "method_version",
)


def _cell(opened: Opened, question: Question) -> dict[str, Any]:
    cells = _dicts(
        opened.con,
        f"from marts.passport({_KEY_PARAMETERS}, as_of := $as_of)",
        {**question.parameters, "as_of": opened.moment},
    )
    if len(cells) == 1:
        return cells[0]
    if cells:
        listed = "\n".join(f"  --basis {c['basis']}: {c['basis_name']}" for c in cells)
        raise ConfigError(
            f"{question.indicator} of {question.geo} in {question.period} stands on several bases; "
            f"say which:\n{listed}"
        )
    raise ConfigError(_nothing_there(opened, question))


def _nothing_there(opened: Opened, question: Question) -> str:
    """Why there is no such cell: the first part of the key that is not there, and what is."""
    told = (
        f"from marts.as_of('{opened.release_id}') as f"
        if opened.moment
        else ("from marts.fct_indicator_value as f")
    )
    narrowed, values = "true", {}
    for column, name in (
        ("indicator_id", "indicator"),
        ("geo_id", "geo"),
        ("cluster_id", "cluster"),
        ("basis", "basis"),
        ("period", "period"),
    ):
        wanted = question.parameters[name]
        if wanted is None:
            continue
        there = [
            str(row[0])
            for row in opened.con.execute(
                f"select distinct f.{column} {told} where {narrowed} order by 1", values
            ).fetchall()
        ]
        if wanted not in there:
            near = difflib.get_close_matches(str(wanted), there, n=3, cutoff=0.5)
            some = near or (there if len(there) <= 12 else [*there[:5], "…", *there[-5:]])
            said = ", ".join(f"{c} {v}" for c, v in values.items())
            return (
                f"release {opened.release_id} has no cell with {name} {wanted!r}"
                + (f" for {said}" if said else "")
                + f"; there {'are' if len(some) > 1 else 'is'} {', '.join(some) or 'none'}"
            )
        narrowed += f" and f.{column} = ${name}"
        values[name] = wanted
    return f"release {opened.release_id} has no such cell"


def _terms(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each term, with the ids of its snapshots."""
    own = ("term", "term_name", "value", "unit", "link", "made_of", "summed_over", "raw_table")
    terms: dict[str, dict[str, Any]] = {}
    for row in rows:
        entry = {**{name: row[name] for name in own}, "rows_filter": row["rows_filter"]}
        term = terms.setdefault(row["term"], {**entry, "snapshot_ids": []})
        if row["snapshot_id"] is not None:
            term["snapshot_ids"].append(row["snapshot_id"])
    return list(terms.values())


def _complete(
    settings: Settings, store: LandingStore, opened: Opened, snapshot: dict[str, Any]
) -> None:
    """Add the landed files, and the last check where the snapshot is still in service."""
    snapshot["landed_files"] = [
        _landed_file(settings, store, snapshot["source_id"], sha256)
        for sha256 in snapshot["entity_sha256"] or []
    ]
    record: Mapping[str, Any] = warehouse.last_checked(settings.home).get(
        f"{snapshot['source_id']}/{snapshot['part']}", {}
    )
    later = record.get("last_checked_at")
    is_current = opened.release_id == warehouse.current_path(settings.home).stem.removeprefix(
        "release_"
    )
    if later and is_current and record.get("realm") == snapshot["realm"]:
        snapshot["last_checked_at"] = later


def _landed_file(settings: Settings, store: LandingStore, source: str, sha256: str) -> str | None:
    """Path below the home, or address, of one landed reply; None where the landing lacks it."""
    for media in (Media.JSON, Media.ZIP):  # kept packed, or as it came
        name = payload_name(source, sha256, media)
        if store.holds(name):
            return store.where(name).removeprefix(f"{settings.home}/")
    return None


def _dicts(
    con: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    used = {name: value for name, value in parameters.items() if f"${name}" in sql}
    cursor = con.execute(sql, used)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
