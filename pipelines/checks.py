"""Rows of meta.check_result for the checks that are not plausibility: arrival, contract, dbt.

Belongs here: turning reports into rows. Does not belong here: the checks (their owners), the
suites of plausibility (`expectations`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from pipelines.dbt import NodeResult
from pipelines.ingest import SourceReport, Step


def of_sources(reports: Iterable[SourceReport], now: datetime) -> Iterator[dict[str, Any]]:
    """Did every part arrive whole, and did its rows keep their contract?"""
    for report in reports:
        for part in report.parts:
            subject = f"{part.source}/{part.part}"
            yield _check(
                "completeness",
                subject,
                "complete delivery in service",
                now,
                passed=part.step not in (Step.FAILED, Step.HELD, Step.PARKED),
                observed=f"{part.step.value}: {part.detail}"[:500],
                expected="promoted or unchanged",
            )
            if part.step is Step.PROMOTED:
                yield _check(
                    "contract",
                    subject,
                    "rows keep the table contract",
                    now,
                    passed=part.quarantined == 0,
                    observed=f"{part.landed} landed = {part.promoted} promoted + "
                    f"{part.quarantined} quarantined",
                    expected="0 quarantined",
                    failed=part.quarantined,
                )


def of_dbt(nodes: Sequence[NodeResult], now: datetime) -> Iterator[dict[str, Any]]:
    """What dbt's tests said of the data; its unit tests, where they ran, speak of the code."""
    for node in nodes:
        kind, _, name = node.unique_id.split(".")[:3]
        if kind == "test":
            severity = "warning" if node.status == "warn" else "critical"
            yield _check(
                "dbt",
                name,
                "test",
                now,
                passed=node.status in ("pass", "success"),
                observed=node.status,
                expected="pass",
                failed=node.failures or 0,
                severity=severity,
                check_id=node.unique_id,
            )


def _check(
    owner: str,
    subject: str,
    name: str,
    now: datetime,
    *,
    passed: bool,
    observed: str,
    expected: str,
    failed: int = 0,
    severity: str = "warning",
    check_id: str = "",
) -> dict[str, Any]:
    return {
        "check_id": check_id or f"{owner}:{subject}:{name}",
        "owner": owner,
        "subject": subject,
        "check_name": name,
        "severity": severity,
        "passed": passed,
        "observed": observed,
        "expected": expected,
        "rows_failed": failed,
        "checked_at": now,
    }
