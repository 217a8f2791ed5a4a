"""The release gate as blocking checks on the fact table.

One check per suite of `expectations`, one for completeness and one for the row contracts. A
critical failure blocks the release; a warning is published and shown.

Belongs here: carrying results over to Dagster. Does not belong here: any rule.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from pipelines import steps
from pipelines.defs.resources import NightResource


def gate_checks(fact: dg.AssetKey, published: Sequence[dg.AssetKey]) -> dg.AssetChecksDefinition:
    """The gate, run once all published tables are built.

    Args:
        fact: the asset that carries the checks.
        published: everything that a release holds; the gate reads the fact after all of it.
    """
    others = [key for key in published if key != fact]
    descriptions = check_names()
    specs = [
        dg.AssetCheckSpec(
            name,
            asset=fact,
            description=about,
            blocking=True,
            additional_deps=others,
        )
        for name, about in descriptions.items()
    ]

    @dg.multi_asset_check(name="gate", specs=specs)
    def gate(context: dg.AssetCheckExecutionContext, night: NightResource) -> Iterator[Any]:
        tonight = night.tonight
        report = steps.gate(tonight.run, tonight.need("nodes"))
        tonight.gate = report
        for warning in report.warnings:
            context.log.warning(f"{warning.subject} {warning.check_name}: {warning.observed}")
        grouped: dict[str, list[Any]] = {name: [] for name in descriptions}
        for result in report.results:
            if result.owner != "dbt":  # dbt's results are checks of their own
                grouped[check_name(result)].append(result)
        for name, results in grouped.items():
            yield _as_check(fact, name, results)
        steps.refuse_blocked(tonight.run, report)  # fails the step in words for people

    return gate


def check_names() -> dict[str, str]:
    """Every check that the gate reports, and what it looks at."""
    from expectations.suites import SUITES

    suites = {_suite_check(suite.name): f"plausibility of {suite.subject}" for suite in SUITES}
    return {
        "completeness": "every part of every source is in service as a whole",
        "contract": "rows that broke a contract tonight",
        **suites,
    }


def check_name(result: Any) -> str:
    """The Dagster check that a result belongs to."""
    if result.owner == "gx":  # its ids are gx.<suite>.<check>
        return _suite_check(result.check_id.removeprefix("gx.").rpartition(".")[0])
    return str(result.owner)


def _suite_check(suite: str) -> str:
    return f"gx_{suite.replace('.', '_')}"


def _as_check(fact: dg.AssetKey, name: str, results: Sequence[Any]) -> dg.AssetCheckResult:
    failed = [result for result in results if not result.passed]
    critical = any(result.severity == "critical" for result in failed)
    rows = [
        dg.TableRecord(
            {
                "check": f"{result.subject}: {result.check_name}",
                "severity": result.severity,
                "found": result.observed,
                "expected": result.expected,
                "rows_failed": result.rows_failed,
            }
        )
        for result in failed
    ]
    metadata: dict[str, Any] = {"checks": len(results), "failed": len(failed)}
    if rows:
        metadata["failures"] = dg.MetadataValue.table(rows)
    return dg.AssetCheckResult(
        asset_key=fact,
        check_name=name,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )
