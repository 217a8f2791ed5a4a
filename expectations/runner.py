"""Run suites with Great Expectations: the only module that knows it.

Belongs here: reducing tables to frames, the engine's configuration, and turning its answers into
`CheckResult` rows. Does not belong here: thresholds (`expectations.suites`), writing
`meta.check_result`, or the decision to publish (`pipelines`).

Evidence behind the shape: the engine accepts pandas frames only (DuckDB through SQLAlchemy fails
every expectation), and its import takes seconds where a whole run takes one. So the SQL does the
heavy reading, the frames are small, and the import happens inside a function.
"""

from __future__ import annotations

import contextlib
import csv
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.model import (
    NO_COMPARABLE_RELEASE,
    Check,
    CheckBroke,
    CheckResult,
    Suite,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CheckBroke", "CheckResult", "run"]

_RANGES = Path(__file__).with_name("plausible_ranges.csv")
_EXAMPLES = 5
_CAUSE_LENGTH = 300
# What of the last release the comparisons need. It is copied, not attached: a second connection
# in this process may hold the file open with another configuration.
_BASELINE = {
    "baseline_cell": """
        select indicator_id, basis, geo_id, cluster_id, period, value, method_version
        from marts.fct_indicator_value""",
    "baseline_basis": "select indicator_id, basis, unit from marts.dim_basis",
    "baseline_indicator": "select indicator_id, method_version, unit from marts.dim_indicator",
    "baseline_geo": "select geo_id, geo_type from marts.dim_geo",
}


def run(
    suites: Sequence[Suite],
    con: duckdb.DuckDBPyConnection,
    baseline: duckdb.DuckDBPyConnection | None = None,
    *,
    checked_at: datetime,
    accepted: Mapping[str, str] | None = None,
) -> list[CheckResult]:
    """Evaluate suites on the candidate, and against the last published release.

    Args:
        suites: what to check, see `expectations.suites`.
        con: the candidate; only temporary tables are made, and dropped again.
        baseline: the last published release. Without one, or with one of another realm, the
            comparing suites are reported as passed with "no comparable release".
        checked_at: time that the results carry.
        accepted: check id → reason. A critical failure that a person has accepted becomes a
            warning that says so; without this a true change at the source would hold back every
            release for ever.

    Returns:
        One result for each check of each suite, in order.

    Raises:
        CheckBroke: a check could not be evaluated.
    """
    results: list[CheckResult] = []
    with _helper_tables(con, baseline) as comparable:
        for suite in suites:
            if suite.compares and not comparable:
                results += _not_run(suite, suite.all_checks(), NO_COMPARABLE_RELEASE, checked_at)
            else:
                results += _run_suite(suite, _frame(suite, con), checked_at)
    return [_accept(result, accepted or {}) for result in results]


def _run_suite(suite: Suite, frame: pd.DataFrame, checked_at: datetime) -> list[CheckResult]:
    if frame.empty:
        has_rows = suite.has_rows
        if has_rows is None:
            raise CheckBroke(suite.name, "reducing query", "it gave no row, and always should")
        none = f"no rows in {suite.subject}: the other checks of this suite were not run"
        first = _result(suite, has_rows, False, none, 0, checked_at)
        return [first, *_not_run(suite, suite.checks, "not run: no rows", checked_at)]
    answers = _validate(suite, frame)
    results = []
    for check in suite.all_checks():
        passed, positions = answers[check.name]
        told = (
            _passed_text(frame, check) if passed else _failed_text(frame, suite, check, positions)
        )
        results.append(_result(suite, check, passed, told, len(positions), checked_at))
    return results


def _result(
    suite: Suite, check: Check, passed: bool, observed: str, failed: int, checked_at: datetime
) -> CheckResult:
    return CheckResult(
        check_id=suite.check_id(check),
        owner="gx",
        subject=suite.subject,
        check_name=check.title,
        severity=check.severity,
        passed=passed,
        observed=observed,
        expected=check.expected,
        rows_failed=failed,
        checked_at=checked_at,
    )


def _not_run(
    suite: Suite, checks: Sequence[Check], why: str, checked_at: datetime
) -> list[CheckResult]:
    return [_result(suite, check, True, why, 0, checked_at) for check in checks]


def _accept(result: CheckResult, accepted: Mapping[str, str]) -> CheckResult:
    reason = accepted.get(result.check_id)
    if reason is None or result.passed or result.severity != "critical":
        return result
    return replace(result, severity="warning", observed=f"accepted ({reason}): {result.observed}")


# ---------------------------------------------------------------- tables and frames


@contextlib.contextmanager
def _helper_tables(
    con: duckdb.DuckDBPyConnection, baseline: duckdb.DuckDBPyConnection | None
) -> Iterator[bool]:
    """Temporary tables that the suites' SQL may read; yields whether there is a comparison."""
    made: list[str] = []
    try:
        _load_ranges(con)
        made.append("plausible_range")
        comparable = baseline is not None and _realm(baseline) == _realm(con)
        if baseline is not None and comparable:
            for name, sql in _BASELINE.items():
                _copy(name, sql, baseline, con)
                made.append(name)
        yield comparable
    finally:
        # in an aborted transaction of the caller nothing can be dropped, and nothing was kept
        with contextlib.suppress(duckdb.TransactionException):
            for name in made:
                con.execute(f"drop table if exists temp.main.{name}")


def _load_ranges(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create or replace temp table plausible_range "
        "(subject varchar, series varchar, minimum double, maximum double)"
    )
    with _RANGES.open(newline="", encoding="utf-8") as lines:
        rows = [
            (row["subject"], row["series"], float(row["minimum"]), float(row["maximum"]))
            for row in csv.DictReader(lines)
        ]
    con.executemany("insert into plausible_range values (?, ?, ?, ?)", rows)


def _copy(
    name: str, sql: str, source: duckdb.DuckDBPyConnection, target: duckdb.DuckDBPyConnection
) -> None:
    try:
        rows = source.sql(sql).to_arrow_table()
        target.register("baseline_arriving", rows)
        target.execute(f"create or replace temp table {name} as from baseline_arriving")
        target.unregister("baseline_arriving")
    except duckdb.Error as error:
        raise CheckBroke("last published release", name, _one_line(error)) from error


def _realm(con: duckdb.DuckDBPyConnection) -> str:
    try:
        rows = con.execute("select realm from meta.release").fetchall()
    except duckdb.Error as error:
        raise CheckBroke("all", "meta.release.realm", _one_line(error)) from error
    if len(rows) != 1:
        raise CheckBroke("all", "meta.release.realm", f"{len(rows)} rows instead of one")
    return rows[0][0]


def _frame(suite: Suite, con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    try:
        sql = suite.sql if isinstance(suite.sql, str) else suite.sql(con)
        return con.execute(sql).df()
    except duckdb.Error as error:
        raise CheckBroke(suite.name, "reducing query", _one_line(error)) from error


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:_CAUSE_LENGTH]}"


# ---------------------------------------------------------------- Great Expectations


@cache
def _engine() -> tuple[Any, Any, Any]:
    """The module, one in-memory context, and one batch definition for all frames.

    Nothing is sent, written or animated. One definition, because each further source or asset
    makes the engine serialise its whole configuration again (0.3 s a run, measured).
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        # without this it makes a folder for its own pages, which are blank offline
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
    )
    context = gx.get_context(mode="ephemeral", project_config=config)
    asset = context.data_sources.add_pandas("candidate").add_dataframe_asset("frame")
    return gx, context, asset.add_batch_definition_whole_dataframe("all")


def _validate(suite: Suite, frame: pd.DataFrame) -> dict[str, tuple[bool, list[int]]]:
    """Check name → passed, and positions of the failing rows of the frame."""
    gx, _, whole_frame = _engine()
    expectations = gx.ExpectationSuite(name=suite.name)
    for check in suite.all_checks():
        try:
            kind = getattr(gx.expectations, check.type)
            expectations.add_expectation(
                kind(**check.kwargs, severity=check.severity, meta={"check": check.name})
            )
        except (AttributeError, TypeError, ValueError) as error:
            raise CheckBroke(suite.name, check.name, _one_line(error)) from error
    try:
        batch = whole_frame.get_batch({"dataframe": frame})
        validation = batch.validate(expectations, result_format={"result_format": "COMPLETE"})
    except gx.exceptions.GreatExpectationsError as error:
        raise CheckBroke(suite.name, "validation", _one_line(error)) from error
    answers = {}
    for answer in validation.results:  # the engine does not keep the order
        name = answer.expectation_config.meta["check"]
        raised = _raised(answer.exception_info)
        if raised:
            raise CheckBroke(suite.name, name, raised)
        positions = [int(at) for at in answer.result.get("unexpected_index_list") or ()]
        answers[name] = (bool(answer.success), positions)
    return answers


def _raised(info: Mapping[str, Any] | None) -> str:
    """What an expectation raised. The engine reports it flat, or once for each metric."""
    info = info or {}
    entries = [info] if "raised_exception" in info else list(info.values())
    told = [str(entry["exception_message"]) for entry in entries if entry["raised_exception"]]
    return " ".join(told[0].split())[:_CAUSE_LENGTH] if told else ""


# ---------------------------------------------------------------- words


def _passed_text(frame: pd.DataFrame, check: Check) -> str:
    rows = f"{len(frame)} row" + ("" if len(frame) == 1 else "s")
    if check.type != "ExpectColumnValuesToBeBetween":
        return rows
    values = frame[check.columns[0]].dropna()
    if values.empty:
        return f"{rows}, nothing to check"
    low, high = _plain(values.min()), _plain(values.max())
    return f"{rows}, {check.columns[0]} {low}" + ("" if low == high else f" to {high}")


def _failed_text(frame: pd.DataFrame, suite: Suite, check: Check, positions: Sequence[int]) -> str:
    wanted = [*check.columns, *(name for name in check.show if name not in check.columns)]
    told = []
    for at in positions[:_EXAMPLES]:
        # column by column: a whole row would turn a year into a float
        name = "/".join(str(frame[column].iloc[at]) for column in suite.key)
        figures = ", ".join(f"{column} {_plain(frame[column].iloc[at])}" for column in wanted)
        told.append(f"{name}: {figures}")
    more = "" if len(positions) <= _EXAMPLES else f"; and {len(positions) - _EXAMPLES} more"
    return f"{len(positions)} of {len(frame)}: " + "; ".join(told) + more


def _plain(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)) or str(value) == "<NA>":
        return "missing"
    if isinstance(value, Integral) or (isinstance(value, float) and abs(value) >= 10_000):
        return f"{value:,.0f}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
