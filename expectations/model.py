"""The words in which a suite is written, and the result of a check.

Belongs here: plain dataclasses and the small vocabulary of checks. Does not belong here: Great
Expectations itself (`expectations.runner`), thresholds (`expectations.suites`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import duckdb

from pipelines.errors import ClusterkpiError

Severity = Literal["critical", "warning"]

NO_COMPARABLE_RELEASE = "no comparable release"


@dataclass(frozen=True)
class CheckResult:
    """One row of `meta.check_result`.

    Attributes:
        rows_failed: failing rows of the frame that the suite's SQL reduces its subject to (series,
            years, indicators), not rows of the subject itself.
    """

    check_id: str
    owner: str
    subject: str
    check_name: str
    severity: str
    passed: bool
    observed: str
    expected: str
    rows_failed: int
    checked_at: datetime


class CheckBroke(ClusterkpiError):
    """A check could not be evaluated. This says nothing about the data, so it is no result.

    Attributes:
        suite: name of the suite.
        expectation: name of the check, or the step of the suite that broke.
        cause: what was raised.
    """

    def __init__(self, suite: str, expectation: str, cause: str) -> None:
        super().__init__(
            f"check {expectation} of suite {suite} broke: {cause}. The data were not judged, so "
            "nothing is published: correct the suite in expectations/suites or the table it reads, "
            "then refresh again."
        )
        self.suite = suite
        self.expectation = expectation
        self.cause = cause


@dataclass(frozen=True)
class Check:
    """One expectation on the frame of a suite.

    Attributes:
        name: short identifier, unique within the suite.
        title: what a person reads.
        type: class of `great_expectations.expectations`.
        kwargs: its arguments.
        severity: critical holds the release back; warning is published and shown.
        expected: the rule in words.
        columns: columns of the frame that the check looks at.
        show: further columns that explain a failing row.
    """

    name: str
    title: str
    type: str
    kwargs: dict[str, Any]
    severity: Severity
    expected: str
    columns: tuple[str, ...]
    show: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suite:
    """A table, SQL that reduces it to a small frame, and the expectations on that frame.

    Attributes:
        name: unique; part of every check's id.
        subject: table that is judged.
        sql: the reducing query, or a function that writes it for the connection at hand. It may
            read `plausible_range` and, where `compares`, the `baseline_*` tables of the runner.
        key: columns that name a row of the frame in messages.
        checks: the expectations.
        compares: needs a comparable published release.
        empty: severity of a frame without rows; None where the SQL always gives a row, and a
            check for rows could never fail.
    """

    name: str
    subject: str
    sql: str | Callable[[duckdb.DuckDBPyConnection], str]
    key: tuple[str, ...]
    checks: tuple[Check, ...]
    compares: bool = False
    empty: Severity | None = "warning"

    @property
    def has_rows(self) -> Check | None:
        """The check that there is anything to judge."""
        if self.empty is None:
            return None
        return Check(
            name="has_rows",
            title=f"{self.subject} has rows",
            type="ExpectTableRowCountToBeBetween",
            kwargs={"min_value": 1},
            severity=self.empty,
            expected="at least one row",
            columns=(),
        )

    def all_checks(self) -> tuple[Check, ...]:
        """The check that there is anything at all, then the declared ones."""
        first = self.has_rows
        return self.checks if first is None else (first, *self.checks)

    def check_id(self, check: Check) -> str:
        """Stable identifier of a check across nights."""
        return f"gx.{self.name}.{check.name}"


def between(
    name: str,
    title: str,
    column: str,
    low: float | None,
    high: float | None,
    severity: Severity,
    *,
    show: tuple[str, ...] = (),
) -> Check:
    """Every value of a column lies within inclusive bounds; NULL means "does not apply"."""
    limits = {"min_value": low, "max_value": high}
    if low is None:
        words = f"{column} at most {high:g}"
    elif high is None:
        words = f"{column} at least {low:g}"
    elif low == high:
        words = f"{column} exactly {low:g}"
    else:
        words = f"{column} from {low:g} to {high:g}"
    return Check(
        name,
        title,
        "ExpectColumnValuesToBeBetween",
        {"column": column} | limits,
        severity,
        words,
        (column,),
        show,
    )


def present(
    name: str, title: str, column: str, severity: Severity, *, show: tuple[str, ...] = ()
) -> Check:
    """No value of a column is missing."""
    kwargs = {"column": column}
    words = f"{column} present"
    return Check(
        name, title, "ExpectColumnValuesToNotBeNull", kwargs, severity, words, (column,), show
    )


def at_least(
    name: str,
    title: str,
    column: str,
    floor: str,
    severity: Severity,
    *,
    show: tuple[str, ...] = (),
) -> Check:
    """One column is never below another; rows where either is NULL do not apply."""
    kwargs = {
        "column_A": column,
        "column_B": floor,
        "or_equal": True,
        "ignore_row_if": "either_value_is_missing",
    }
    kind = "ExpectColumnPairValuesAToBeGreaterThanB"
    words = f"{column} not below {floor}"
    return Check(name, title, kind, kwargs, severity, words, (column, floor), show)


def same(
    name: str,
    title: str,
    column: str,
    other: str,
    severity: Severity,
    *,
    show: tuple[str, ...] = (),
) -> Check:
    """Two columns agree; rows where either is NULL do not apply."""
    kwargs = {"column_A": column, "column_B": other, "ignore_row_if": "either_value_is_missing"}
    kind = "ExpectColumnPairValuesToBeEqual"
    words = f"{column} equal to {other}"
    return Check(name, title, kind, kwargs, severity, words, (column, other), show)
