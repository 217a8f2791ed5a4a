"""Raw tables as assets: one step per source, one asset per table, found by discovery.

A raw table belongs to its publisher: every night *observes* it, and it counts as *materialized*
only when a new version of one of its parts was promoted. So "last observed" is when it was last
checked and "last materialized" is when its figures last changed here, which is also what the
freshness policy looks at. (An asset that is materialized by a step and yields nothing would make
Dagster skip everything that depends on it, although other sources have news.)

Belongs here: keys, metadata and retries of raw assets. Does not belong here: fetching (`ingest`).
"""

import hashlib
import warnings
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import dagster as dg

from pipelines import steps
from pipelines.contracts import Table
from pipelines.defs.resources import NightResource
from pipelines.http.classify import Outcome
from pipelines.ingest import SourceReport, Step
from pipelines.sources.base import Source
from pipelines.vintages import Manifest, PartState, latest

FETCH_RETRIES = 2
DELIVERED = "delivered"


def raw_key(source_id: str, table: str) -> dg.AssetKey:
    """Key of a raw table; the sources of the dbt project have the same ones."""
    return dg.AssetKey(["raw", source_id, table])


def raw_keys(sources: Iterable[Source]) -> list[dg.AssetKey]:
    """Keys of all raw tables of these sources."""
    return [raw_key(source.id, table.name) for source in sources for table in source.tables]


def source_assets(source: Source) -> dg.AssetsDefinition:
    """The step that brings one source up to date."""

    def ingest_source(context: dg.AssetExecutionContext, night: NightResource) -> Iterator[Any]:
        run = night.run
        report = steps.ingest_source(run, source.id)
        context.log.info(steps.describe_source(report))
        if worth_retrying(report) and context.retry_number < FETCH_RETRIES:
            raise dg.RetryRequested(
                max_retries=FETCH_RETRIES,
                seconds_to_wait=run.settings.retry_wait_max_seconds,
            )
        manifest = latest(run.settings.raw_dir, run.settings.realm, source.id)
        for table in source.tables:
            yield from table_events(source, table, report, manifest, run.night.vintage)

    specs = [_spec(source, table) for table in source.tables]
    with warnings.catch_warnings():  # the decorator is beta; Dagster's version is pinned
        warnings.simplefilter("ignore", dg.BetaWarning)
        observed = dg.multi_observable_source_asset(name=f"ingest_{source.id}", specs=specs)
        return observed(ingest_source)


def source_check(source: Source) -> dg.AssetChecksDefinition:
    """Says that a source, or a part of it, did not arrive.

    The night goes on with the last good vintage of what is missing, so that the check blocks
    nothing; but its step fails, which makes the run red and has somebody told.
    """
    keys = [raw_key(source.id, table.name) for table in source.tables]

    @dg.multi_asset_check(
        name=f"check_{source.id}",
        specs=[
            dg.AssetCheckSpec(
                DELIVERED, asset=key, description="every part was promoted or found unchanged"
            )
            for key in keys
        ],
    )
    def check_source(night: NightResource) -> Iterator[dg.AssetCheckResult]:
        report = night.run.reports.get(source.id)
        if report is None:
            raise dg.Failure(
                f"{source.id} was not asked in this run; launch the job `nightly`",
                allow_retries=False,
            )
        for key in keys:
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=DELIVERED,
                passed=not report.troubled,
                metadata={
                    "parts": len(report.parts),
                    "troubled": [f"{p.part} {p.step.value}: {p.detail}" for p in report.troubled],
                },
            )
        if report.troubled:
            raise dg.Failure(steps.describe_source(report), allow_retries=False)

    return check_source


def worth_retrying(report: SourceReport) -> bool:
    """Whether the publisher was out of reach, so that a second look may help.

    Single requests are retried by the client. A source that brought something is not asked again:
    its vintage of tonight is written, and the next night asks for the rest.
    """
    failed = report.of(Step.FAILED)
    return (
        not report.of(Step.PROMOTED)
        and bool(failed)
        and all(part.outcome is Outcome.TRANSIENT for part in failed)
    )


def table_events(
    source: Source, table: Table, report: SourceReport, manifest: Manifest, vintage: str
) -> Iterator[dg.AssetMaterialization | dg.ObserveResult]:
    """Events of one table: observed always, materialized where tonight brought rows for it."""
    key = raw_key(source.id, table.name)
    parts = [part for part in manifest.parts.values() if table.name in part.tables]
    tonight = [part for part in parts if part.vintage == vintage]
    if tonight:
        yield dg.AssetMaterialization(key, metadata=_promoted(table, tonight, parts, vintage))
    yield dg.ObserveResult(
        asset_key=key,
        data_version=dg.DataVersion(_figures_hash(parts)),
        metadata={
            **{step.value: len(report.of(step)) for step in Step if report.of(step)},
            "requests": report.requests,
            "signals": sorted(set(report.signals.values())),
            "outcomes": [
                f"{part.part} {part.step.value}: {part.detail or part.outcome or ''}"
                for part in report.parts
            ],
        },
    )


def _promoted(
    table: Table, tonight: list[PartState], parts: list[PartState], vintage: str
) -> dict[str, Any]:
    files = [part.tables[table.name] for part in tonight]
    return {
        "vintage": vintage,
        "parts": [part.part for part in tonight],
        "rows_landed": sum(file.landed for file in files),
        "rows_promoted": sum(file.promoted for file in files),
        "rows_quarantined": sum(file.quarantined for file in files),
        "source_version": ", ".join(sorted({part.source_version for part in tonight})),
        "dagster/row_count": sum(part.tables[table.name].promoted for part in parts),
    }


def _figures_hash(parts: list[PartState]) -> str:
    lines = sorted(f"{part.part} {part.canonical_sha256}" for part in parts)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _spec(source: Source, table: Table) -> dg.AssetSpec:
    age = timedelta(days=source.max_age_days)
    columns = [dg.TableColumn(name, kind) for name, kind in table.duckdb_columns()]
    return dg.AssetSpec(
        raw_key(source.id, table.name),
        description=f"{source.title}, {source.publisher}: {table.name}. Changes {source.cadence}.",
        group_name="raw",
        kinds={"python", "parquet"},
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=age, warn_window=age * 0.8),
        metadata={
            "homepage": dg.MetadataValue.url(source.homepage),
            "licence": f"{source.licence.title} ({source.licence.id})",
            "attribution": source.licence.attribution,
            "dagster/column_schema": dg.TableSchema(columns=columns),
        },
    )
