"""The steps of a night, in order. The command line and Dagster call the same functions.

open_run → ingest_source (each source) → plan_release → build → gate → publish

Belongs here: the order, and what one step hands to the next. Does not belong here: how a step
works (its own module), how progress is shown (`cli`, `defs`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines import (
    __version__,
    candidate,
    checks,
    dbt,
    history,
    lineage,
    reader_macros,
    timeline,
    warehouse,
)
from pipelines.errors import ClusterkpiError, ConfigError
from pipelines.http.client import Client, RetryPolicy
from pipelines.ingest import Night, SourceReport, Step, ingest
from pipelines.landing import (
    Landing,
    known_validators,
    note_release,
    note_run,
    read_log,
    utc_stamp,
)
from pipelines.landing_store import LandingStore, open_landing
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.sources.base import Source, discover, select
from pipelines.storage import exclusive
from pipelines.transports import Profile, open_profile
from pipelines.vintages import Manifest, latest
from pipelines.warehouse import Release


@dataclass
class Run:
    """One run over one state directory. Steps read from it and leave their reports in it."""

    settings: Settings
    profile: Profile
    night: Night | None  # None: nothing is asked of anybody
    sources: dict[str, Source]
    release_id: str
    started_at: datetime
    reports: dict[str, SourceReport] = field(default_factory=dict)

    @property
    def troubled(self) -> list[str]:
        """One line per part that failed or was held back."""
        return [
            f"{part.source}/{part.part} {part.step.value}: {part.detail}"
            for report in self.reports.values()
            for part in report.troubled
        ]


@dataclass(frozen=True)
class ReleasePlan:
    """Whether there is anything to build, and why.

    Attributes:
        fingerprint: over all that follows; equal fingerprints are equal releases.
        inputs_sha256: what the sources said: every snapshot.
        code_sha256, definitions_sha256: how it is computed: code, and lists.
    """

    needed: bool
    why: str
    fingerprint: str
    manifests: dict[str, Manifest]
    inputs_sha256: str = ""
    code_sha256: str = ""
    definitions_sha256: str = ""


@dataclass(frozen=True)
class GateReport:
    """What the release gate said about the candidate."""

    results: list[Any]

    @property
    def blocking(self) -> list[Any]:
        return [r for r in self.results if not r.passed and r.severity == "critical"]

    @property
    def warnings(self) -> list[Any]:
        return [r for r in self.results if not r.passed and r.severity == "warning"]


class GateHeld(ClusterkpiError):
    """A critical check failed: the candidate is not published."""


@dataclass
class RefreshReport:
    """What a night came to."""

    run: Run
    plan: ReleasePlan | None = None
    gate: GateReport | None = None
    release: Release | None = None

    @property
    def exit_code(self) -> int:
        return 1 if self.run.troubled else 0


Say = Callable[[str], None]


@contextlib.contextmanager
def open_run(
    settings: Settings, *, only: Sequence[str] = (), force: bool = False, say: Say = print
) -> Iterator[Run]:
    """Lock the state directory, finish what a killed night left, and open the profile.

    Raises:
        ConfigError: another run holds the lock, the profile or a source is unknown, or a demo
            would replace official figures.
    """
    profile = open_profile(settings)
    settings = profile.settings
    sources = select(only, settings)
    with exclusive(settings.home):
        warehouse.recover(settings.home)
        published = (release.release_id for release in warehouse.releases(settings.home))
        history.forget_unpublished(settings.history_dir, published)
        _refuse_demo_over_official(settings)
        started = datetime.now(UTC)
        store = open_landing(settings)
        vintage = new_stamp(settings, started, store)
        landing = Landing(store, run_id=vintage, realm=settings.realm, profile=settings.profile)
        landing.close_log()  # journals of killed nights
        _note_unnoted(settings, store)
        note_run(
            store,
            vintage,
            realm=settings.realm,
            profile=settings.profile,
            notice=profile.notice,
        )
        client = Client(
            profile.transport,
            landing.work_dir,
            policy=RetryPolicy(
                settings.request_attempts,
                settings.retry_wait_initial_seconds,
                settings.retry_wait_max_seconds,
                settings.queue_polls,
                settings.queue_wait_seconds,
            ),
            intervals=settings.host_interval_seconds,
            polite=profile.polite,
            contact=settings.contact,
        )
        known = known_validators(read_log(store), settings.realm)
        verified = {
            key: record.get("signal")
            for key, record in warehouse.last_checked(settings.home).items()
            if record["realm"] == settings.realm
        }
        night = Night(settings, client, landing, vintage, known, verified, started, force, say)
        run = Run(settings, profile, night, sources, f"{vintage}_{git_commit()[:7]}", started)
        with contextlib.closing(client):
            try:
                yield run
            except BaseException as trouble:
                _close_log_after(trouble, landing, say)
                raise
            landing.close_log()


def ingest_source(run: Run, source_id: str) -> SourceReport:
    """Step: bring one source up to date; one that is off in this run reports nothing."""
    source = run.sources.get(source_id)
    report = ingest(source, run.night) if source and run.night else SourceReport(source_id)
    run.reports[source_id] = report
    now = datetime.now(UTC).isoformat()
    warehouse.write_last_checked(
        run.settings.home,
        {
            f"{part.source}/{part.part}": {
                "last_checked_at": now,
                "step": part.step.value,
                "detail": part.detail,
                "realm": run.settings.realm,
                "signal": report.signals.get(part.part)
                if part.step in (Step.PROMOTED, Step.UNCHANGED)
                else None,
            }
            for part in report.parts
        },
    )
    return report


def plan_release(run: Run, *, force: bool = False) -> ReleasePlan:
    """Step: is there anything that the newest release does not have?

    Raises:
        ClusterkpiError: nothing was ever promoted, so that there is nothing to build from.
    """
    settings = run.settings
    manifests = {source: latest(settings.raw_dir, settings.realm, source) for source in discover()}
    snapshots = sorted(
        (part.snapshot_id, part.canonical_sha256)
        for manifest in manifests.values()
        for part in manifest.parts.values()
    )
    if not snapshots:
        raise ClusterkpiError(
            "no source delivered anything, tonight or before, so there is nothing to publish:\n  "
            + "\n  ".join(run.troubled[:8])
        )
    inputs = hashlib.sha256(
        json.dumps([settings.realm, snapshots, settings.bootstrap_draws]).encode()
    ).hexdigest()
    code, definitions = dbt.digests()
    fingerprint = hashlib.sha256(f"{inputs}{code}{definitions}".encode()).hexdigest()
    published = warehouse.releases(settings.home)
    newest = published[-1] if published else None
    if newest and newest.inputs_fingerprint == fingerprint and not force:
        serving = warehouse.current_path(settings.home).stem.removeprefix("release_")
        kept = "" if serving == newest.release_id else f" (rolled back: {serving} is in service)"
        why = f"nothing new since release {newest.release_id}{kept}"
        return ReleasePlan(False, why, fingerprint, manifests, inputs, code, definitions)
    why = _why(run, newest)
    return ReleasePlan(True, why, fingerprint, manifests, inputs, code, definitions)


def prepare_candidate(run: Run, plan: ReleasePlan) -> None:
    """Step: a fresh candidate with raw views and meta tables, ready for dbt."""
    settings = run.settings
    previous = comparable_release(settings)
    release = {
        "release_id": run.release_id,
        "built_at": run.started_at,
        "profile": settings.profile,
        "realm": settings.realm,
        "is_synthetic": settings.realm == "synthetic",
        "notice": run.profile.notice,
        "git_commit": git_commit(),
        "software_version": __version__,
        "inputs_fingerprint": plan.fingerprint,
        "inputs_sha256": plan.inputs_sha256,
        "code_sha256": plan.code_sha256,
        "definitions_sha256": plan.definitions_sha256,
        "fact_hash": None,  # known when the fact is
        "previous_release_id": previous.release_id if previous else None,
    }
    checked = {
        key: datetime.fromisoformat(record["last_checked_at"])
        for key, record in warehouse.last_checked(settings.home).items()
        if record["realm"] == settings.realm
    }
    candidate.prepare(settings, discover(), plan.manifests, release, checked)


def build(run: Run, plan: ReleasePlan) -> list[dbt.NodeResult]:
    """Step: candidate, then dbt's models and data tests on it."""
    prepare_candidate(run, plan)
    return build_models(run.settings)


def build_models(settings: Settings) -> list[dbt.NodeResult]:
    """dbt's models and data tests on the candidate, the heavy ones by the engine that is set."""
    if settings.heavy_engine == "spark":
        from pipelines import spark

        return spark.build(settings)
    return dbt.build(settings)


def gate(run: Run, nodes: Sequence[dbt.NodeResult]) -> GateReport:
    """Step: the release gate, against the candidate and the release in service.

    All results are written into the candidate, so that they are published with it.
    """
    from expectations import docs, runner
    from expectations.suites import SUITES

    settings = run.settings
    now = datetime.now(UTC)
    baseline = _baseline_file(settings)
    with contextlib.ExitStack() as stack:
        con = stack.enter_context(warehouse.open_candidate(settings))
        before = None
        if baseline is not None:
            before = stack.enter_context(warehouse.open_published(settings.home, baseline))
        results = runner.run(SUITES, con, before, checked_at=now)
        rows = [
            *checks.of_sources(run.reports.values(), now),
            *checks.of_dbt(nodes, now),
            *(dataclasses.asdict(result) for result in results),
        ]
        candidate.insert(con, "check_result", rows)
        meta = con.sql("select * from meta.release").pl().row(0, named=True)
        held = con.sql("select * from meta.quarantine_summary").pl().to_dicts()
    all_results = [runner.CheckResult(**row) for row in rows]
    docs.render(all_results, {**meta, "quarantine": held}, settings.build_dir / "data_docs")
    return GateReport(all_results)


def refuse_blocked(run: Run, report: GateReport) -> None:
    """Stop where a critical check failed.

    Raises:
        GateHeld: names the checks and where the report lies.
    """
    if report.blocking:
        lines = [
            f"  {r.subject} {r.check_name}: found {r.observed}, expected {r.expected}"
            for r in report.blocking
        ]
        raise GateHeld(
            "the release gate held this night back; the last published release stays in "
            "service.\n"
            + "\n".join(lines[:12])
            + f"\n  full report: {run.settings.build_dir / 'data_docs' / 'index.html'}"
        )


def publish(run: Run, plan: ReleasePlan, report: GateReport) -> Release:
    """Step: compare, log, copy, journal, and move the symlink.

    Raises:
        GateHeld: a critical check failed; names the checks and where the report lies.
    """
    refuse_blocked(run, report)
    settings = run.settings
    previous = comparable_release(settings)
    release = Release(
        release_id=run.release_id,
        built_at=run.started_at.isoformat(),
        profile=settings.profile,
        realm=settings.realm,
        inputs_fingerprint=plan.fingerprint,
        previous_release_id=previous.release_id if previous else None,
        git_commit=git_commit(),
        software_version=__version__,
        inputs_sha256=plan.inputs_sha256,
        code_sha256=plan.code_sha256,
        definitions_sha256=plan.definitions_sha256,
    )
    with warehouse.open_candidate(settings) as con:
        built_from = lineage.of_build(settings.build_dir)
        release = log_release(con, settings, release, built_from, _baseline_file(settings))
    file = warehouse.compact_copy(settings, run.release_id)
    release = dataclasses.replace(
        release, file_bytes=file.stat().st_size, history_bytes=_folder_bytes(settings.history_dir)
    )
    docs_from, docs_to = settings.build_dir / "data_docs", settings.published_dir / "data_docs"
    shutil.rmtree(docs_to / run.release_id, ignore_errors=True)
    shutil.copytree(docs_from, docs_to / run.release_id)
    warehouse.record_and_point(settings.home, release)
    note_release(open_landing(settings), **dataclasses.asdict(release))
    history.compact(settings.history_dir)
    for gone in warehouse.apply_retention(settings.home, settings.keep_releases):
        shutil.rmtree(docs_to / gone, ignore_errors=True)
    return release


def log_release(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    release: Release,
    built_from: lineage.Lineage,
    baseline: Path | None,
) -> Release:
    """Compare a candidate with the release in service and write what readers ask of the past.

    The change files first, then the log of all of them into the candidate: so a release carries
    its own past.

    Args:
        con: the candidate, with its marts and snapshots.
        settings: where.
        release: what is known of it so far.
        built_from: code and lists behind each indicator.
        baseline: file of the release in service.

    Returns:
        The release with its counts and the hash of its fact.
    """
    candidate.insert(con, "lineage", built_from.edges)
    candidate.insert(con, "indicator_code", built_from.indicators)
    if baseline is not None:
        con.execute(f"attach '{baseline}' as before (read_only)")
    older = "before" if baseline is not None else None
    counts = history.write_changes(con, settings.history_dir, release.release_id, older)
    history.write_mart_changes(con, settings.history_dir, release.release_id, older)
    if baseline is not None:
        con.execute("detach before")
    fact_hash = history.fact_hash(con)
    con.execute("update meta.release set fact_hash = ?", [fact_hash])
    cells = con.execute(f"select count(*) from {history.FACT}").fetchall()[0]
    release = dataclasses.replace(
        release,
        cells=cells[0],
        **dataclasses.asdict(counts),
        published_at=release.published_at or datetime.now(UTC).isoformat(),
        fact_hash=fact_hash,
    )
    timeline.publish_log(con, settings, release)
    reader_macros.create(con)
    return release


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


def refresh(
    settings: Settings, *, only: Sequence[str] = (), force: bool = False, say: Say = print
) -> RefreshReport:
    """The whole night. What the command line runs; Dagster runs the same steps as assets.

    Raises:
        ClusterkpiError: the night ended without a release; `exit_code` says how.
    """
    with open_run(settings, only=only, force=force, say=say) as run:
        report = RefreshReport(run)
        for source_id in run.sources:
            say(describe_source(ingest_source(run, source_id)))
        if asleep := [name for name in discover() if name not in run.sources]:
            say(f"not read  {', '.join(asleep)}")
        return finish(report, force=force, say=say)


def finish(report: RefreshReport, *, force: bool = False, say: Say = print) -> RefreshReport:
    """The night from the plan on: what has landed and was parsed becomes a release.

    Raises:
        ClusterkpiError: the night ended without a release; `exit_code` says how.
    """
    run = report.run
    report.plan = plan_release(run, force=force)
    say(f"plan      {report.plan.why}")
    if not report.plan.needed:
        return report
    nodes = build(run, report.plan)
    tests = sum(node.is_test for node in nodes)
    say(f"build     {len(nodes) - tests} models and seeds, {tests} tests passed")
    report.gate = gate(run, nodes)
    say(
        f"gate      {len(report.gate.results)} checks, {len(report.gate.warnings)} warnings, "
        f"{len(report.gate.blocking)} blocking"
    )
    report.release = publish(run, report.plan, report.gate)
    say(
        f"publish   release {report.release.release_id}: {report.release.cells:,} cells "
        f"({report.release.added:,} added, {report.release.changed:,} changed, "
        f"{report.release.status:,} with another status, {report.release.dropped:,} dropped)"
    )
    return report


def describe_source(report: SourceReport) -> str:
    """One line on a source, and one per part that needs a look."""
    promoted = report.of(Step.PROMOTED)
    counts = [f"{len(report.of(step))} {step.value}" for step in Step if report.of(step)]
    counts = counts or ["nothing to read"]
    line = f"{report.source:<9} {', '.join(counts)} ({report.requests} requests)"
    if promoted:
        landed = sum(part.landed for part in promoted)
        held = sum(part.quarantined for part in promoted)
        line += f"; {landed:,} rows landed = {landed - held:,} promoted + {held:,} quarantined"
    notes = report.troubled + report.of(Step.PARKED)
    return "\n".join([line, *(f"          ! {n.part}: {n.detail}" for n in notes)])


def git_commit() -> str:
    """Commit of the code, `+` appended where files differ from it; zeros outside a checkout."""
    try:
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        dirty = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "0" * 40
    return commit + ("+" if dirty else "")


def comparable_release(settings: Settings) -> Release | None:
    """The release in service, if it is of the same realm and its file is kept."""
    path = _baseline_file(settings)
    if path is None:
        return None
    name = path.stem.removeprefix("release_")
    return next(r for r in warehouse.releases(settings.home) if r.release_id == name)


def _baseline_file(settings: Settings) -> Path | None:
    if not (settings.published_dir / warehouse.CURRENT).exists():
        return None
    path = warehouse.current_path(settings.home)
    name = path.stem.removeprefix("release_")
    known = {release.release_id: release for release in warehouse.releases(settings.home)}
    same = name in known and known[name].realm == settings.realm
    return path if same else None


def _refuse_demo_over_official(settings: Settings) -> None:
    if settings.realm != "synthetic" or not (settings.published_dir / warehouse.CURRENT).exists():
        return
    published = warehouse.releases(settings.home)
    if published and published[-1].realm == "official":
        raise ConfigError(
            f"{settings.home} serves official figures; the demo profile would replace them with "
            "synthetic ones. Set CLUSTERKPI_HOME to another folder for the demo, or choose "
            "--profile live."
        )


def _close_log_after(trouble: BaseException, landing: Landing, say: Say) -> None:
    """The log of a night that ends in trouble, which must not hide behind a second one."""
    try:
        landing.close_log()
    except ClusterkpiError as error:
        if not isinstance(trouble, ClusterkpiError):
            raise
        say(f"log       stays on this machine until the next night: {error}")


def _note_unnoted(settings: Settings, store: LandingStore) -> None:
    """A release is in service before the landing hears of it; a night can end between the two."""
    published = warehouse.releases(settings.home)
    noted = {event["release_id"] for event in store.events() if event["event"] == "publish"}
    for release in published[-1:]:
        if release.release_id not in noted:
            note_release(store, **dataclasses.asdict(release))


def new_stamp(settings: Settings, started: datetime, store: LandingStore) -> str:
    """A stamp later than every vintage and release in this home, also within one second.

    No other worker of the same landing gets it.
    """
    taken = {path.name.removeprefix("vintage=") for path in settings.raw_dir.glob("*/*/vintage=*")}
    taken |= {r.release_id.split("_")[0] for r in warehouse.releases(settings.home)}
    stamp = utc_stamp(started)
    while (taken and stamp <= max(taken)) or not store.claim(stamp):
        taken.add(stamp)
        newest = datetime.strptime(max(taken), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        stamp = utc_stamp(datetime.fromtimestamp(newest.timestamp() + 1, UTC))
    return stamp


def _why(run: Run, newest: Release | None) -> str:
    if newest is None:
        return "first release"
    changed = [
        f"{part.source}/{part.part}"
        for report in run.reports.values()
        for part in report.of(Step.PROMOTED)
    ]
    if changed:
        more = f" and {len(changed) - 6} more" if len(changed) > 6 else ""
        return f"new figures: {', '.join(changed[:6])}{more}"
    return "inputs or formulas differ from the newest release"
