"""One source, one night: ask, judge, land, prove, parse, gate, promote.

The state of a source moves only when every step of a part succeeded; a part that fails leaves the
last good vintage in service and says why. Synthetic and official figures are kept apart.

Belongs here: the order of steps and the promotion gates over a whole part. Does not belong here:
any publisher's quirk (`pipelines.sources`), row rules (`pipelines.contracts`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby

import polars as pl

from pipelines import contracts
from pipelines.contracts import Table
from pipelines.errors import ClusterkpiError, Incomplete, SchemaDrift
from pipelines.http.classify import HAS_DATA, PARKED, Media, Outcome, Verdict
from pipelines.http.client import Client, RequestSpec, Validators
from pipelines.landed_replies import Tampered, check, landed
from pipelines.landing import Landed, Landing
from pipelines.settings import Settings
from pipelines.sources.base import Answer, Chunk, Source
from pipelines.vintages import (
    Manifest,
    PartState,
    Reply,
    TableFiles,
    VintageWriter,
    apart_from_landing,
    latest,
    record_in_landing,
)

_MAX_REQUESTS_PER_PART = 500
_FEWEST_ROWS = 50  # of a period, for a loss to be told from chance
_SPLITTABLE = frozenset({Outcome.TOO_LARGE, Outcome.TRUNCATED})


class Step(StrEnum):
    """What came of one part tonight."""

    PROMOTED = "promoted"
    UNCHANGED = "unchanged"
    NOT_YET_PUBLISHED = "not yet published"
    PARKED = "parked"
    HELD = "held back"
    FAILED = "failed"


@dataclass(frozen=True)
class PartReport:
    """What came of one part, with a sentence for people."""

    source: str
    part: str
    step: Step
    detail: str = ""
    outcome: Outcome | None = None
    landed: int = 0
    promoted: int = 0
    quarantined: int = 0


@dataclass
class SourceReport:
    """What came of one source."""

    source: str
    parts: list[PartReport] = field(default_factory=list)
    signals: dict[str, str] = field(default_factory=dict)
    requests: int = 0

    def of(self, step: Step) -> list[PartReport]:
        return [part for part in self.parts if part.step is step]

    @property
    def troubled(self) -> list[PartReport]:
        """Parts that failed or were held back; their last good vintage stays in service."""
        return self.of(Step.FAILED) + self.of(Step.HELD)


class _PartTrouble(ClusterkpiError):
    def __init__(self, step: Step, outcome: Outcome | None, detail: str) -> None:
        super().__init__(detail)
        self.step, self.outcome, self.detail = step, outcome, detail


@dataclass(frozen=True)
class Night:
    """What every step of one run shares."""

    settings: Settings
    client: Client
    landing: Landing
    vintage: str
    known: dict[str, tuple[str, Validators, str]]
    verified_signals: dict[str, str | None]
    started_at: dt.datetime
    force: bool = False
    say: Callable[[str], None] = print


def ingest(source: Source, night: Night) -> SourceReport:
    """Bring one source up to date.

    Returns:
        A report with one line per part. Trouble with a part is in the report, not raised.

    Raises:
        StorageError, ConfigError: the state directory cannot take the figures.
    """
    settings = night.settings
    manifest = latest(settings.raw_dir, settings.realm, source.id)
    report = SourceReport(source.id)
    writer = VintageWriter(
        settings.raw_dir, settings.quarantine_dir, settings.realm, source.id, night.vintage
    )
    taken = _exchange(source, manifest, night, writer)
    manifest = replace(manifest, parts={**manifest.parts, **taken})
    promoted = dict(taken)
    try:
        overall = _probe(source, source.signal(settings), night, report)
    except _PartTrouble as trouble:
        report.parts = [
            PartReport(source.id, part, trouble.step, trouble.detail, trouble.outcome)
            for part in source.parts(settings)
        ]
        _put_in_service(source, manifest, promoted, night, writer)
        return report
    for part in source.parts(settings):
        try:
            if token := _token(source, part, overall, night, report):
                report.signals[part] = token
            outcome = _bring_up_to_date(source, part, manifest, night, writer, report)
        except _PartTrouble as trouble:
            writer.discard_part(part)
            outcome = PartReport(source.id, part, trouble.step, trouble.detail, trouble.outcome)
        if isinstance(outcome, PartState):
            if part in taken:
                writer.of_others(taken[part].vintage).discard_part(part)
            promoted[part] = outcome
            outcome = _promoted(outcome, f"version {outcome.source_version}")
        elif part in taken and outcome.step is Step.UNCHANGED:
            version = taken[part].source_version
            outcome = _promoted(
                taken[part], f"version {version}, landed by another worker; {outcome.detail}"
            )
        report.parts.append(outcome)
    _put_in_service(source, manifest, promoted, night, writer)
    return report


def _promoted(state: PartState, detail: str) -> PartReport:
    return PartReport(
        state.source,
        state.part,
        Step.PROMOTED,
        detail,
        Outcome.OK,
        state.landed,
        state.promoted,
        state.quarantined,
    )


def _put_in_service(
    source: Source,
    manifest: Manifest,
    promoted: dict[str, PartState],
    night: Night,
    writer: VintageWriter,
) -> None:
    settings = night.settings
    wanted = source.parts(settings)
    vanished = source.parts_may_vanish and set(manifest.parts) - set(wanted)
    if promoted or vanished:
        parts = {**manifest.parts, **promoted}
        fresh = Manifest(
            source.id,
            settings.realm,
            night.vintage,
            {part: parts[part] for part in sorted(parts) if part in wanted},
        )
        writer.commit(fresh)
        record_in_landing(night.landing.store, fresh)


def _exchange(
    source: Source, manifest: Manifest, night: Night, writer: VintageWriter
) -> dict[str, PartState]:
    """Tell the landing what is in service here, and take from it what other workers put there.

    What is taken was proven and passed the promotion gates where it was fetched; here its bytes
    are checked against their hashes and parsed, without asking the publisher.

    Returns:
        The parts that were taken.
    """
    settings, store = night.settings, night.landing.store
    ours, theirs = apart_from_landing(store, settings.raw_dir, settings.realm, source.id)
    for unknown in ours:
        if lost := _without_bytes(unknown, night.landing):
            night.say(
                f"{source.id:<9} ! {store.where('')} lacks the bytes of {len(lost)} parts that are "
                f"in service, {lost[0]} for one, and is not told of them: `clusterkpi landing push`"
            )
        else:
            record_in_landing(store, unknown)
    wanted = set() if night.force else set(source.parts(settings))
    newer: dict[str, PartState] = {}
    for state in (state for other in theirs for state in other.parts.values()):
        have = newer.get(state.part) or manifest.parts.get(state.part)
        if state.part in wanted and _replaces(source, state, have):
            newer[state.part] = state
    taken = {}
    for part, state in newer.items():
        apart = writer.of_others(state.vintage)
        try:
            replies = landed(store, source.id, state)
            check(replies, state.snapshot_id)
            taken[part] = parse(source, state, replies, apart)
        except (Tampered, SchemaDrift) as error:
            apart.discard_part(part)
            night.say(f"{source.id:<9} ! {part}: not taken from the landing: {error}")
    return taken


def _replaces(source: Source, state: PartState, have: PartState | None) -> bool:
    """Whether a landed snapshot says more than the one in service here."""
    if state.parser_version != source.parser_version or not state.replies:
        return False
    if have is None or have.parser_version != source.parser_version:
        return True
    return state.vintage > have.vintage and state.canonical_sha256 != have.canonical_sha256


def _without_bytes(manifest: Manifest, landing: Landing) -> list[str]:
    """Parts of a manifest of which the landing lacks a reply."""
    return [
        part
        for part, state in manifest.parts.items()
        if not all(
            landing.kept(state.source, reply.sha256, Media(reply.media)).exists()
            for reply in state.replies
        )
    ]


def _probe(
    source: Source, spec: RequestSpec | None, night: Night, report: SourceReport
) -> bytes | None:
    if spec is None:
        return None
    fetched = night.client.fetch(spec)
    report.requests += 1
    night.landing.log(fetched, licence_id=source.licence.id)
    if fetched.outcome not in (Outcome.OK, Outcome.EMPTY) or not fetched.entity_bytes:
        step = Step.PARKED if fetched.outcome in PARKED else Step.FAILED
        raise _PartTrouble(step, fetched.outcome, _advice(source, spec.public_url, fetched.verdict))
    return night.landing.land(fetched).read()


def _token(
    source: Source, part: str, overall: bytes | None, night: Night, report: SourceReport
) -> str | None:
    """The publisher's token of a part: from the probe of the source, else from one of the part."""
    body = overall
    if body is None:
        body = _probe(source, source.part_signal(part, night.settings), night, report)
    try:
        return None if body is None else source.read_signal(body, part)
    except SchemaDrift as error:
        raise _PartTrouble(Step.FAILED, Outcome.SCHEMA_DRIFT, str(error)) from error


def _bring_up_to_date(
    source: Source,
    part: str,
    manifest: Manifest,
    night: Night,
    writer: VintageWriter,
    report: SourceReport,
    *,
    again: bool = False,
) -> PartState | PartReport:
    state = manifest.parts.get(part)
    current = state is not None and state.parser_version == source.parser_version
    if (
        current
        and not night.force
        and _signal_says_unchanged(report.signals.get(part), state, night)
    ):
        return PartReport(source.id, part, Step.UNCHANGED, "by the publisher's signal")
    if current and not night.force and (why := source.settled(part)):
        return PartReport(source.id, part, Step.UNCHANGED, why)
    try:
        answers = _ask(source, part, night, report)
    except SchemaDrift as error:  # the next request could not be made of the answer before
        raise _PartTrouble(Step.FAILED, Outcome.SCHEMA_DRIFT, str(error)) from error
    replies = [answer.landed for answer in answers if answer.landed is not None]
    if not replies:
        return PartReport(
            source.id, part, Step.NOT_YET_PUBLISHED, "not published yet", answers[-1].outcome
        )
    last = answers[-1]
    if (
        current
        and not night.force
        and all(a.outcome in (Outcome.NOT_MODIFIED, Outcome.NOT_YET_PUBLISHED) for a in answers)
        and {r.sha256 for r in replies} == set(state.entity_sha256)
    ):
        return PartReport(source.id, part, Step.UNCHANGED, "not modified", last.outcome)
    try:
        proof = source.prove(part, replies)
        canonical = source.canonical_sha256(part, replies)
    except Incomplete as error:
        outcome = Outcome(error.outcome)
        if outcome is Outcome.NOT_YET_PUBLISHED:  # the publisher says that there is nothing yet
            return PartReport(source.id, part, Step.NOT_YET_PUBLISHED, error.detail, outcome)
        if outcome is Outcome.TORN and not again:  # the publisher changed it while we read
            return _bring_up_to_date(source, part, manifest, night, writer, report, again=True)
        raise _PartTrouble(
            Step.FAILED,
            outcome,
            f"{error.detail}. Nothing was promoted; it is fetched again next night.",
        ) from error
    except SchemaDrift as error:
        raise _PartTrouble(Step.FAILED, Outcome.SCHEMA_DRIFT, str(error)) from error
    if current and not night.force and canonical == state.canonical_sha256:
        return PartReport(source.id, part, Step.UNCHANGED, "same figures", Outcome.OK)
    fresh = PartState(
        source=source.id,
        part=part,
        vintage=night.vintage,
        source_version=proof.version,
        source_changed_at=proof.changed_at.isoformat() if proof.changed_at else None,
        retrieved_at=max(reply.requested_at for reply in replies).isoformat(),
        urls=tuple(reply.url for reply in replies),
        entity_sha256=tuple(reply.sha256 for reply in replies),
        canonical_sha256=canonical,
        parser_version=source.parser_version,
        tables={},
        replies=tuple(
            Reply(
                reply.sha256,
                reply.media.value,
                reply.url,
                reply.requested_at.isoformat(),
                reply.etag,
                reply.last_modified,
            )
            for reply in replies
        ),
    )
    try:
        fresh = parse(source, fresh, replies, writer)
    except SchemaDrift as error:
        raise _PartTrouble(Step.FAILED, Outcome.SCHEMA_DRIFT, str(error)) from error
    _promotion_gate(source, fresh, state, night.settings)
    return fresh


def _signal_says_unchanged(signal: str | None, state: PartState, night: Night) -> bool:
    # the version under which the figures came, or the one under which they were found the same
    verified = night.verified_signals.get(f"{state.source}/{state.part}")
    if signal is None or signal not in (state.source_version, verified):
        return False
    age = night.started_at - dt.datetime.fromisoformat(state.retrieved_at)
    return age < dt.timedelta(days=night.settings.signal_trust_days)


def _ask(source: Source, part: str, night: Night, report: SourceReport) -> list[Answer]:
    answers: list[Answer] = []
    while (spec := source.next_request(part, answers, night.settings)) is not None:
        pieces = [spec]
        while pieces:
            if len(answers) >= _MAX_REQUESTS_PER_PART:
                raise _PartTrouble(Step.FAILED, Outcome.TORN, f"{part}: paging does not end")
            piece = pieces.pop(0)
            try:
                answers.append(replace(_one(source, piece, night, report), spec=spec))
            except _PartTrouble as trouble:
                smaller = source.split(piece, answers) if trouble.outcome in _SPLITTABLE else []
                if not smaller:
                    raise
                pieces = smaller + pieces
    return answers


def _one(source: Source, spec: RequestSpec, night: Night, report: SourceReport) -> Answer:
    """One request to its end. Trouble is raised; what comes back is an answer to build on."""
    sha, validators, _ = night.known.get(spec.request_key, ("", None, ""))
    at_rest = night.landing.kept(source.id, sha, spec.media) if sha else None
    usable = bool(spec.static and at_rest and at_rest.exists() and not night.force)
    fetched = night.client.fetch(spec, validators if usable else None)
    report.requests += 1
    landed: Landed | None = None
    if fetched.outcome is Outcome.NOT_MODIFIED and at_rest and validators:
        landed = Landed(
            sha,
            at_rest,
            spec.media,
            spec.public_url,
            fetched.requested_at,
            validators.etag,
            validators.last_modified,
        )
    elif fetched.outcome in HAS_DATA and fetched.path is not None and fetched.entity_bytes:
        landed = night.landing.land(fetched)
        if why := source.truncated(spec, landed):
            fetched = replace(fetched, verdict=Verdict(Outcome.TRUNCATED, why))
    elif fetched.path is not None:
        fetched.path.unlink(missing_ok=True)  # a refusal is kept in words, in the log
    night.landing.log(fetched, licence_id=source.part_licence(spec.part).id)
    if fetched.outcome in HAS_DATA or fetched.outcome is Outcome.NOT_YET_PUBLISHED:
        return Answer(spec, fetched.outcome, landed)
    step = Step.PARKED if fetched.outcome in PARKED else Step.FAILED
    raise _PartTrouble(step, fetched.outcome, _advice(source, spec.public_url, fetched.verdict))


def _advice(source: Source, url: str, verdict: Verdict) -> str:
    what = {
        Outcome.BLOCKED: "the publisher refuses or answers with a page; look at the address in a "
        "browser, set CLUSTERKPI_CONTACT, and try again later",
        Outcome.TRANSIENT: "the publisher cannot be reached or answers wrongly; check the network, "
        "the next night tries again",
        Outcome.BAD_REQUEST: f"the request is not accepted; check the code in {source.id}'s list",
        Outcome.AUTH: "a key is missing or wrong",
        Outcome.GONE: "the address is gone; look for its successor at " + source.homepage,
        Outcome.TOO_LARGE: "the reply is larger than its ceiling and cannot be split further",
        Outcome.TRUNCATED: "the reply was cut at a cap and cannot be split further",
        Outcome.QUEUED: "the publisher is still making the reply; the next night asks again",
    }.get(verdict.outcome, "the next night tries again")
    wait = f" (asked to wait {verdict.retry_after_s:.0f} s)" if verdict.retry_after_s else ""
    return f"{url}: {verdict.outcome.value}: {verdict.detail}{wait}; {what}"


class _Repeated(Exception):
    """A key is in two batches of one file."""


def parse(
    source: Source, state: PartState, replies: list[Landed], writer: VintageWriter
) -> PartState:
    """Read landed bytes through their source and contracts into the files of a vintage.

    Batch by batch; where a key is in two of one file, once more with that file as a whole.

    Raises:
        SchemaDrift: a required member or column is not there.
    """
    try:
        return _take(source, state, replies[-1], source.parse(state.part, replies), writer)
    except _Repeated:
        writer.discard_part(state.part)
        whole = _whole_files(source.parse(state.part, replies))
        return _take(source, state, replies[-1], whole, writer)


def _whole_files(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    for (table, member), batches in groupby(chunks, key=lambda chunk: (chunk.table, chunk.member)):
        yield Chunk(table, pl.concat(batch.rows for batch in batches), member)


def _take(
    source: Source,
    state: PartState,
    last_reply: Landed,
    chunks: Iterable[Chunk],
    writer: VintageWriter,
) -> PartState:
    """Gate and write every chunk.

    Raises:
        _Repeated: a key is in two batches of one file; what was written has to be discarded.
    """
    tables: dict[str, TableFiles] = {}
    first = last = None
    units: set[str] = set()
    number = -1
    for (name, member), batches in groupby(chunks, key=lambda chunk: (chunk.table, chunk.member)):
        table = source.table(name)
        where = f"{last_reply.name}/{member}" if member else last_reply.url
        keys = contracts.Keys()
        for chunk in batches:
            number += 1
            gated = contracts.apply(table, chunk.rows, where)
            keys.add(table, gated.good)
            stamp = (
                pl.lit(state.snapshot_id).alias("_snapshot_id"),
                pl.lit(state.part).alias("_part"),
                pl.lit(member, pl.String).alias("_member"),
            )
            good = gated.good.with_columns(stamp)
            bad = gated.bad.with_columns(stamp)
            path = writer.write(name, state.part, number, good)
            held = writer.write_quarantine(name, state.part, number, bad)
            before = tables.get(name, TableFiles((), (), 0, 0, 0))
            tables[name] = TableFiles(
                files=before.files + ((path,) if path else ()),
                quarantine=before.quarantine + ((held,) if held else ()),
                landed=before.landed + chunk.rows.height,
                promoted=before.promoted + good.height,
                quarantined=before.quarantined + bad.height,
                rules=_with_rules(before.rules, bad),
                periods=_with_periods(before.periods, table, good),
            )
            if table.period and good.height:
                low, high = good[table.period].min(), good[table.period].max()
                first = low if first is None else min(first, low)
                last = high if last is None else max(last, high)
            if table.unit:
                units |= set(good[table.unit].unique().drop_nulls().to_list())
        if keys.repeat():
            raise _Repeated
    return replace(
        state,
        tables=tables,
        units=tuple(sorted(units)),
        period_first=None if first is None else str(first),
        period_last=None if last is None else str(last),
    )


def _with_periods(before: dict[str, int], table: Table, good: pl.DataFrame) -> dict[str, int]:
    """Promoted rows by period, over the chunks so far."""
    if not table.period:
        return {}
    counts = dict(before)
    for period, rows in good[table.period].value_counts().iter_rows():
        counts[str(period)] = counts.get(str(period), 0) + rows
    return counts


def _with_rules(
    before: tuple[dict[str, object], ...], bad: pl.DataFrame
) -> tuple[dict[str, object], ...]:
    """Rows held by rule and column, over the chunks so far, with the first of each as example."""
    grouped = bad.group_by("rule", "column_name", maintain_order=True).agg(
        pl.len().alias("rows"), pl.col("reason").first(), pl.col("_row_no").first().alias("row_no")
    )
    found = {(rule["rule"], rule["column_name"]): dict(rule) for rule in before}
    for rule in grouped.to_dicts():
        known = found.setdefault((rule["rule"], rule["column_name"]), rule)
        if known is not rule:
            known["rows"] = int(str(known["rows"])) + int(rule["rows"])
    return tuple(found.values())


def _thinned(fresh: PartState, before: PartState, most: float) -> list[str]:
    """Periods that lost rows, which the rows of the whole part may hide; the worst is named."""
    lost = []
    for name, files in before.tables.items():
        now = fresh.tables[name].periods if name in fresh.tables else {}
        for period, rows in files.periods.items():
            after = now.get(period, 0)
            if rows >= _FEWEST_ROWS and after < rows * (1 - most):
                lost.append((after / rows - 1, name, period, rows, after))
    if not lost:
        return []
    change, name, period, rows, after = min(lost)
    return [
        f"{len(lost)} periods lost more than {most:.0%} of their rows, most of all {period} of "
        f"{name} with {after:,} instead of {rows:,} ({change:+.0%})"
    ]


def _promotion_gate(
    source: Source, fresh: PartState, before: PartState | None, settings: Settings
) -> None:
    """Hold a delivery back that is too bad or too different to be believed without a look."""
    held: list[str] = []
    share = fresh.quarantined / fresh.landed if fresh.landed else 0.0
    limit = source.max_quarantine_share
    limit = settings.max_quarantine_share if limit is None else limit
    if share > limit:
        rules = sorted({str(r["reason"]) for t in fresh.tables.values() for r in t.rules})
        held.append(
            f"{fresh.quarantined:,} of {fresh.landed:,} rows ({share:.1%}) break the contract, "
            f"more than {limit:.1%} (CLUSTERKPI_MAX_QUARANTINE_SHARE); "
            f"for example: {rules[0]}"
        )
    if fresh.landed == 0:
        held.append("the delivery holds no row")
    if before is not None and not source.may_shrink:
        change = fresh.promoted / before.promoted - 1 if before.promoted else 0.0
        if before.promoted and change < -settings.max_row_change_share:
            held.append(
                f"{fresh.promoted:,} rows instead of {before.promoted:,} ({change:+.0%}), over "
                f"{settings.max_row_change_share:.0%} gone (CLUSTERKPI_MAX_ROW_CHANGE_SHARE)"
            )
        held += _thinned(fresh, before, settings.max_row_change_share)
        if before.units and fresh.units and before.units != fresh.units:
            held.append(
                f"the name or unit changed from {', '.join(before.units)} to "
                f"{', '.join(fresh.units)}: a rebased series must not continue the old one"
            )
    if held:
        raise _PartTrouble(
            Step.HELD,
            None,
            f"{source.id}/{fresh.part}: {'; '.join(held)}. The last good vintage stays in service; "
            f"look at the landed reply, then lift the limit for one run or wait for a correction.",
        )
