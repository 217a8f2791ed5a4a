"""The command line: `clusterkpi …`. Everything works without Dagster running.

Belongs here: the commands of a night and of the published file; arguments, printing, exit codes.
Does not belong here: groups of commands (`commands`), any step of a night (`steps`), any file
format (`warehouse`, `history`).

Exit codes: 0 published or nothing new; 1 the night, or a part of it, was held back or failed (the
last good figures stay in service); 2 bad usage or configuration.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import duckdb
import polars as pl
import typer
from rich.table import Table

from pipelines import __version__, timeline, warehouse
from pipelines.commands import (
    clusters,
    composite,
    concordance,
    coverage,
    landing,
    metrics,
    provenance,
    regions,
    supplement,
)
from pipelines.commands.console import HomeOption, err, out, plain
from pipelines.errors import ClusterkpiError, ConfigError
from pipelines.settings import PROJECT_ROOT, Settings, load_settings

app = typer.Typer(
    help="Industrial-cluster performance indicators, every night, in one DuckDB file.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
ProfileOption = Annotated[
    str | None, typer.Option(help="demo, live or replay:INDEX_FILE [CLUSTERKPI_PROFILE]")
]


class Format(StrEnum):
    """Output formats of `query`."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


@app.command()
def refresh(
    profile: ProfileOption = None,
    only: Annotated[list[str] | None, typer.Option(help="only this source; repeatable")] = None,
    force: Annotated[
        bool, typer.Option(help="read and build again even if nothing is new")
    ] = False,
    scale: Annotated[int | None, typer.Option(help="demo: multiplies the volume")] = None,
    demo_vintage: Annotated[int | None, typer.Option(help="demo: vintage 1 or 2")] = None,
    replay_var: Annotated[
        list[str] | None, typer.Option(help="replay: NAME=VALUE for the index; repeatable")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Run the night: fetch, land, promote, build, gate, publish."""
    from pipelines import steps

    settings = load_settings(
        profile=profile,
        home=home,
        demo_scale=scale,
        demo_vintage=demo_vintage,
        replay_vars=_variables(replay_var) if replay_var else None,
    )
    started = time.monotonic()
    try:
        with _spinner() as say:
            report = steps.refresh(settings, only=only or (), force=force, say=say)
    except ClusterkpiError as error:
        _alert(settings, error.exit_code, str(error))
        raise
    _closing(settings, report, time.monotonic() - started)
    if report.exit_code:
        _alert(settings, report.exit_code, "\n".join(report.run.troubled))
        raise typer.Exit(report.exit_code)


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
    home: HomeOption = None,
) -> None:
    """What is published, how old it is, and what the last checks said."""
    settings = load_settings(home=home)
    facts = _status(settings)
    if as_json:
        sys.stdout.write(json.dumps(facts, indent=2, default=str) + "\n")
        return
    out.print(f"[bold]{facts['file']}[/]")
    if facts["is_synthetic"]:
        out.print("[bold red]SYNTHETIC DEMONSTRATION DATA: do not quote[/]")
    out.print(
        f"release {facts['release_id']}, {facts['age_hours']:.1f} hours old, "
        f"{facts['cells']:,} cells, profile {facts['profile']}"
    )
    table = Table(
        "source",
        "part",
        "last checked",
        "changed at source",
        "reference",
        "rows",
        "held",
        "last night",
    )
    for row in facts["snapshots"]:
        table.add_row(
            row["source_id"],
            row["part"],
            _when(row["last_checked_at"]),
            _when(row["source_changed_at"]),
            f"{row['reference_period_first'] or ''}–{row['reference_period_last'] or ''}",
            f"{row['rows_promoted']:,}",
            f"{row['rows_quarantined']:,}",
            row["last_step"],
        )
    out.print(table)
    for line in facts["failed_checks"]:
        out.print(
            f"[yellow]{line['severity']}[/] {line['owner']} {line['subject']}: "
            f"{line['check_name']}: {line['observed']}"
        )
    for line in facts["trouble"]:
        out.print(f"[red]{line}[/]")


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="a read-only query on the published file")],
    format: Annotated[Format, typer.Option(help="how to print the result")] = Format.TABLE,
    release: Annotated[str | None, typer.Option(help="a kept release instead of current")] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="what was in service on a day or at a time (UTC), or a release"),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Ask the published file. Parquet goes to standard output."""
    settings = load_settings(home=home)
    if release is not None and as_of is not None:
        raise ConfigError("--release names a file and --as-of a moment; give one of them")
    path = None
    if release is not None:
        path = settings.published_dir / f"release_{release}.duckdb"
        if not path.exists():
            raise ConfigError(f"release {release} is not kept; see `clusterkpi releases`")
    try:
        with contextlib.ExitStack() as stack:
            if as_of is not None:
                con, _ = stack.enter_context(timeline.open_as_of(settings, as_of))
            else:
                con = stack.enter_context(warehouse.open_published(settings.home, path))
            relation = con.sql(sql)
            frame = relation.pl() if relation is not None else pl.DataFrame()
    except duckdb.Error as error:
        raise ConfigError(f"the query failed: {error}") from error
    if format is Format.TABLE:
        with pl.Config(tbl_rows=100, tbl_cols=40, fmt_str_lengths=60, tbl_width_chars=200):
            typer.echo(frame)
    elif format is Format.CSV:
        typer.echo(_flat(frame).write_csv(), nl=False)
    elif format is Format.JSON:
        sys.stdout.write(json.dumps(frame.to_dicts(), default=str, ensure_ascii=False) + "\n")
    else:
        frame.write_parquet(sys.stdout.buffer)


@app.command()
def releases(home: HomeOption = None) -> None:
    """Every release: when, from where, how many cells it moved; size of file and history."""
    settings = load_settings(home=home)
    serving = warehouse.current_path(settings.home).stem.removeprefix("release_")
    table = Table(
        "",
        "release",
        "profile",
        "cells",
        "added",
        "changed",
        "status",
        "dropped",
        "file",
        "history",
    )
    for release in warehouse.releases(settings.home):
        kept = settings.published_dir / f"release_{release.release_id}.duckdb"
        size = kept.stat().st_size if kept.exists() else 0
        table.add_row(
            "→" if release.release_id == serving else "",
            release.release_id,
            release.profile,
            f"{release.cells:,}",
            f"{release.added:,}",
            f"{release.changed:,}",
            f"{release.status:,}",
            f"{release.dropped:,}",
            f"{size / 1e6:.1f} MB" if size else "removed",
            f"{release.history_bytes / 1e6:.1f} MB" if release.history_bytes else "",
        )
    out.print(table)


@app.command()
def rollback(
    release: Annotated[str | None, typer.Argument(help="default: the one before")] = None,
    home: HomeOption = None,
) -> None:
    """Put an earlier release in service. It stays until something new is published."""
    from pipelines.storage import exclusive

    settings = load_settings(home=home)
    with exclusive(settings.home):
        warehouse.recover(settings.home)
        chosen = warehouse.rollback(settings.home, release)
    out.print(f"release {chosen} is in service")


@app.command()
def dashboard(port: int = 8501, home: HomeOption = None) -> None:
    """Serve the dashboards on this machine."""
    settings = load_settings(home=home)
    warehouse.current_path(settings.home)
    words = [
        "-m",
        "streamlit",
        "run",
        str(PROJECT_ROOT / "dashboards" / "app.py"),
        "--server.port",
        str(port),
        "--server.address",
        "127.0.0.1",
    ]
    import os

    env = {**os.environ, "CLUSTERKPI_HOME": str(settings.home)}
    raise typer.Exit(
        subprocess.run([sys.executable, *words], env=env, cwd=PROJECT_ROOT, check=False).returncode
    )


@app.command()
def sources(
    markdown: Annotated[bool, typer.Option("--markdown", help="as in docs/sources.md")] = False,
    profile: ProfileOption = "live",
) -> None:
    """Every source: publisher, licence, cadence, raw tables, and whether it is read."""
    from pipelines.sources.base import discover
    from pipelines.transports import open_profile

    settings = open_profile(load_settings(profile=profile)).settings
    header = ("source", "title", "publisher", "licence", "changes", "raw tables", "read")
    rows = [
        (
            source.id,
            source.title,
            source.publisher,
            source.licence.id,
            source.cadence,
            ", ".join(f"{source.id}__{table.name}" for table in source.tables),
            source.off(settings) or "yes",
        )
        for source in discover().values()
    ]
    if markdown:
        for cells in (header, ("---",) * len(header), *rows):
            typer.echo(f"| {' | '.join(cells)} |")
        return
    table = Table(*header)
    for cells in rows:
        table.add_row(*cells)
    out.print(table)


@app.command()
def doctor(profile: ProfileOption = "live", home: HomeOption = None) -> None:
    """One cheap request to the landing and to each source: does it answer, and as what?"""
    import tempfile

    from pipelines import probe
    from pipelines.http.client import Client, RetryPolicy
    from pipelines.landing_store import open_landing
    from pipelines.transports import open_profile

    opened = open_profile(load_settings(profile=profile, home=home))
    out.print(plain(f"{'landing':<19}{open_landing(opened.settings).described()}"))
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        client = Client(
            opened.transport,
            Path(scratch),
            policy=RetryPolicy(attempts=1, queue_polls=0),
            intervals=opened.settings.host_interval_seconds,
            polite=opened.polite,
            contact=opened.settings.contact,
        )
        for answer in probe.every_source(client, opened.settings):
            failed += not answer.is_well
            out.print(plain(f"{answer.source:<19}{answer.verdict:<19}{answer.about}"))
        client.close()
    raise typer.Exit(1 if failed else 0)


app.command()(composite.composite)
app.command()(coverage.coverage)
for group in (clusters, concordance, landing, metrics, regions, supplement):
    app.add_typer(group.app)
provenance.register(app)


@app.command()
def version() -> None:
    """The version of clusterkpi."""
    out.print(__version__)


def main() -> None:
    """Entry point: errors meant for people are printed without a traceback."""
    try:
        app()
    except ClusterkpiError as error:
        err.print(f"[bold red]error[/] {plain(str(error))}")
        raise SystemExit(error.exit_code) from error


def _closing(settings: Settings, report: Any, seconds: float) -> None:
    file = settings.published_dir / warehouse.CURRENT
    if report.release is None:
        out.print(f"\nNothing was published: {report.plan.why} ({seconds:.1f} s).")
    else:
        out.print(f"\nPublished in {seconds:.1f} s.")
    if settings.realm == "synthetic":
        out.print("[bold]SYNTHETIC DEMONSTRATION DATA[/]: the figures describe nothing real.")
    out.print(
        f"The file:   {file}\n"
        f"DuckDB CLI: duckdb -readonly {file}\n"
        f'Python:     duckdb.connect("{file}", read_only=True)\n'
        "Here:       clusterkpi query "
        '"from marts.fct_indicator_value limit 5" · clusterkpi status · make dashboard'
    )
    for line in report.run.troubled:
        err.print(f"[bold yellow]warning[/] {plain(line)}")


def _status(settings: Settings) -> dict[str, Any]:
    path = warehouse.current_path(settings.home)
    with warehouse.open_published(settings.home, path) as con:
        release = con.sql("select * from meta.release").pl().row(0, named=True)
        snapshots = (
            con.sql(
                "select source_id, part, snapshot_id, source_version, last_checked_at, "
                "source_changed_at, reference_period_first, reference_period_last, rows_promoted, "
                "rows_quarantined from meta.source_snapshot order by 1, 2"
            )
            .pl()
            .to_dicts()
        )
        failed = (
            con.sql(
                "select severity, owner, subject, check_name, observed from meta.check_result "
                "where not passed order by 1, 2, 3"
            )
            .pl()
            .to_dicts()
        )
        cells = con.execute("select count(*) from marts.fct_indicator_value").fetchall()[0]
    checks = warehouse.last_checked(settings.home)
    for row in snapshots:
        check = checks.get(f"{row['source_id']}/{row['part']}", {})
        row["last_checked_at"] = check.get("last_checked_at", row["last_checked_at"])
        row["last_step"] = check.get("step", "")
    trouble = [
        f"{key} {check['step']}: {check['detail']}"
        for key, check in sorted(checks.items())
        if check["step"] in ("failed", "held back")
    ]
    age = datetime.now(UTC) - release["built_at"].astimezone(UTC)
    return {
        "file": str(path),
        **release,
        "age_hours": age.total_seconds() / 3600,
        "cells": cells[0],
        "snapshots": snapshots,
        "failed_checks": failed,
        "trouble": trouble,
    }


def _alert(settings: Settings, exit_code: int, message: str) -> None:
    from pipelines.alert import notify

    notify(settings, {"exit_code": exit_code, "message": message, "profile": settings.profile})


def _variables(pairs: list[str]) -> dict[str, str]:
    variables = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"--replay-var {pair!r}: write NAME=VALUE")
        variables[name] = value
    return variables


class _spinner:  # noqa: N801 - reads as a function
    """A spinner on a terminal; one line per finished step, with the seconds it took."""

    def __enter__(self) -> Any:
        self._since = time.monotonic()
        self._status = out.status("refresh") if out.is_terminal else None
        if self._status:
            self._status.start()
        return self._say

    def _say(self, line: str) -> None:
        now = time.monotonic()
        out.print(f"{plain(line)} · {now - self._since:.1f} s")
        self._since = now

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()


def _when(value: Any) -> str:
    return str(value)[:16] if value else "–"


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        pl.col(name).map_elements(
            lambda v: json.dumps(v.to_list() if isinstance(v, pl.Series) else v, default=str),
            return_dtype=pl.String,
        )
        for name in nested
    )


if __name__ == "__main__":
    main()
