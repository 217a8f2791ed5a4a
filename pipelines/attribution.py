"""A changed method told apart from changed data, by building with one of them held fixed.

From an old release to a new one there are up to three steps: other code, other lists, other data.
The figures in between are built: the new code on the old data, and, where lists differ too, the new
code on the old data with the old lists. With the history of the code at hand the other way round
is built as well: the old code on the new data; where the two ways differ, the effects are not
simply additive, and that is said.

Belongs here: which builds, and splitting every cell's move into steps. Does not belong here: the
builds themselves (`rederive`), what differs at all (`diff`).
"""

from __future__ import annotations

import itertools
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines import dbt, history, rederive, timeline, warehouse
from pipelines.diff import Diff
from pipelines.errors import ConfigError
from pipelines.history import COLUMNS, KEY
from pipelines.settings import PROJECT_ROOT, Settings


@dataclass(frozen=True)
class Attribution:
    """Every cell of some indicators, with the steps that led from the old to the new value.

    Attributes:
        cells: key, old_value, new_value, and step_<cause> with moved_<cause> for method,
            definition and data; `reason` names the causes that moved the cell.
        both_ways: the old code was built on the new data, too.
        disagreeing: cells of which the order of the steps matters (only with both ways).
    """

    cells: pl.DataFrame
    both_ways: bool
    disagreeing: int

    def summary(self) -> pl.DataFrame:
        """Cells that moved, by indicator and reason, with the mean of each step."""
        steps = [c for c in self.cells.columns if c.startswith("step_")]
        return (
            self.cells.filter(pl.col("reason") != "")
            .group_by("indicator_id", "reason")
            .agg(pl.len().alias("cells"), *(pl.col(step).mean() for step in steps))
            .sort("indicator_id", "reason")
        )


def ambiguous(found: Diff) -> list[str]:
    """Indicators of which some cell may have been moved by more than data."""
    return sorted(
        found.cells.filter(pl.col("reason").str.contains("method|definition|correction"))[
            "indicator_id"
        ].unique()
    )


def attribute(
    settings: Settings, found: Diff, indicators: Sequence[str] = (), *, both_ways: bool = False
) -> Attribution:
    """Build what lies between two releases and split every cell's move.

    Args:
        settings: whose landing and history it is.
        found: the two releases.
        indicators: default: those that `ambiguous` names.
        both_ways: build the old code on the new data as well; needs the checkout's history.

    Raises:
        ConfigError: nothing is ambiguous, the new release was built by code that is neither here
            nor in the history, or the old one's code is wanted and not in the history.
    """
    chosen = list(indicators) or ambiguous(found)
    if not chosen:
        raise ConfigError(
            f"from {found.old} to {found.new} no method or definition changed: data explain all"
        )
    old, new = (_state(settings, name, chosen) for name in (found.old, found.new))
    with tempfile.TemporaryDirectory(prefix="clusterkpi-steps-") as folder:
        work = Path(folder)
        code = _code(new, work / "new_code")
        old_file = settings.published_dir / f"release_{found.old}.duckdb"
        lists_differ = old.release.get("definitions_sha256") != new.release.get(
            "definitions_sha256"
        )
        between = {"method+definition": _build(settings, work / "a", chosen, old, new, code)}
        if lists_differ and old_file.exists():
            between["method"] = _build(settings, work / "b", chosen, old, new, code, old_file)
        elif not lists_differ:
            between["method"] = between["method+definition"]
        other_way = None
        if both_ways:
            past = _past(str(old.release["git_commit"]), work / "old_code")
            other_way = _build(settings, work / "c", chosen, new, old, past)
    return _split(old.cells, new.cells, between, other_way)


@dataclass(frozen=True)
class _State:
    release: dict[str, Any]
    cells: pl.DataFrame
    snapshots: pl.DataFrame


def _state(settings: Settings, release_id: str, indicators: Sequence[str]) -> _State:
    listed = ", ".join(f"'{name}'" for name in indicators)
    with timeline.open_as_of(settings, release_id) as (con, _):
        return _State(
            con.sql("from meta.release").pl().row(0, named=True),
            con.sql(f"from {history.FACT} where indicator_id in ({listed})").pl(),
            con.sql("from meta.source_snapshot").pl(),
        )


def _code(state: _State, folder: Path) -> dbt.Project:
    """The code of a release: what is here, if it is that, or its commit."""
    here = (state.release.get("code_sha256"), state.release.get("definitions_sha256"))
    if here == dbt.digests():
        return dbt.HERE
    return _past(str(state.release["git_commit"]), folder)


def _past(commit: str, folder: Path) -> dbt.Project:
    """The code of a commit, written out beside the checkout."""
    bare = commit.rstrip("+")
    if commit.endswith("+"):
        raise ConfigError(
            f"that release was built from files that differed from commit {bare[:12]}: its code "
            "cannot be had again"
        )
    archive = subprocess.run(
        ["git", "archive", "--format=tar", bare, "dbt_project", "pipelines"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        check=False,
    )
    if archive.returncode:
        raise ConfigError(
            f"the code of commit {bare[:12]} is not here: run this in a checkout that has its "
            f"history ({archive.stderr.decode(errors='replace').strip()})"
        )
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return dbt.Project(folder)


def _build(
    settings: Settings,
    folder: Path,
    indicators: Sequence[str],
    data: _State,
    code_of: _State,
    project: dbt.Project,
    lists_from: Path | None = None,
) -> pl.DataFrame:
    """Cells of indicators from the data of one release by the code of another."""
    release = {**code_of.release, "built_at": data.release["built_at"]}
    scratch, models = rederive.build(
        settings,
        folder,
        indicators,
        data.snapshots,
        release,
        project=project,
        lists_from=lists_from,
    )
    again = " union all ".join(
        f'select {", ".join((*KEY, *COLUMNS))} from intermediate."{model}"'
        for model in sorted(models)
    )
    with warehouse.open_candidate(scratch) as con:
        return con.sql(again).pl()


def _split(
    old: pl.DataFrame,
    new: pl.DataFrame,
    between: dict[str, pl.DataFrame],
    other_way: pl.DataFrame | None,
) -> Attribution:
    """The move of every cell in steps: old → other code → other lists → other data."""
    path: list[tuple[str, pl.DataFrame]] = [("old", old)]
    if "method" in between:
        path.append(("method", between["method"]))
        if between["method"] is not between["method+definition"]:
            path.append(("definition", between["method+definition"]))
    else:
        path.append(("method_or_definition", between["method+definition"]))
    path.append(("data", new))
    with duckdb.connect() as con:
        for name, frame in path:
            con.register(f"s_{name}", frame.to_arrow())
        if other_way is not None:
            con.register("s_other", other_way.to_arrow())
        key = ", ".join(KEY)
        joined, steps, moved, reasons = "s_old", [], [], []
        for (before, _), (name, _) in itertools.pairwise(path):
            joined += f" full join s_{name} using ({key})"
            steps.append(f"s_{name}.value - s_{before}.value as step_{name}")
            there = f"s_{name}.obs_status is distinct from s_{before}.obs_status"
            differs = " or ".join(
                history.moved_sql(f"s_{name}.{c}", f"s_{before}.{c}", history.RELATIVE_TOLERANCE)
                for c in ("value", "value_lower", "value_upper")
            )
            moved.append(f"coalesce({differs} or {there}, false) as moved_{name}")
            reasons.append(f"case when moved_{name} then '{name}' end")
        cells = con.sql(
            f"""
            with split as (
                select {key}, s_old.value as old_value, s_data.value as new_value,
                    {", ".join(steps)}, {", ".join(moved)}
                from {joined}
            )
            select *, concat_ws('+', {", ".join(reasons)}) as reason
            from split order by {key}
            """
        ).pl()
        disagreeing = 0
        if other_way is not None:
            first = path[-2][0]
            disagreeing = con.sql(
                f"""
                select count(*) from s_old full join s_{first} using ({key})
                    full join s_other using ({key}) full join s_data using ({key})
                where {
                    history.moved_sql(
                        f"(s_{first}.value - s_old.value)", "(s_data.value - s_other.value)", 1e-9
                    )
                }
                """
            ).fetchall()[0][0]
    return Attribution(cells, other_way is not None, disagreeing)
