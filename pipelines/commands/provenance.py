"""Commands about the origin and the past of figures: `explain`, `diff`, `export`, `rebuild`.

Belongs here: arguments, printing, exit codes. Does not belong here: how anything is found out.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.table import Table

from pipelines import history
from pipelines.commands.console import HomeOption, out, plain
from pipelines.export import Format
from pipelines.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("explain")(explain)
    app.command("diff")(diff)
    app.command("export")(export)
    app.command("rebuild")(rebuild)


def diff(
    old: Annotated[
        str | None,
        typer.Argument(metavar="[A]", help="release, day or time; default: the one before B"),
    ] = None,
    new: Annotated[
        str | None, typer.Argument(metavar="[B]", help="default: the release in service")
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="how many of the largest moves")] = 10,
    rounding: Annotated[
        bool, typer.Option("--rounding", help="also changes below 1e-9, which are no revision")
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="tell method from data: build the new code on the old data"),
    ] = False,
    both_ways: Annotated[
        bool,
        typer.Option(
            "--both-ways", help="--rebuild, and the old code on the new data (needs git history)"
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable, every cell")] = False,
    home: HomeOption = None,
) -> None:
    """What moved from release A to release B, by source and indicator, and why."""
    from pipelines import diff as differences

    settings = load_settings(home=home)
    found = differences.between(settings, old, new)
    if not rounding:
        cells = found.cells.filter(pl.col("change") != "rounding")
        found = differences.Diff(found.old, found.new, cells, found.snapshots)
    summary = found.summary()
    split = None
    if rebuild or both_ways:
        from pipelines import attribution

        split = attribution.attribute(settings, found, both_ways=both_ways)
    if as_json:
        record = {
            "old": found.old,
            "new": found.new,
            "summary": summary.to_dicts(),
            "methods": found.methods(),
            "snapshots": found.snapshots.to_dicts(),
            "cells": found.cells.to_dicts(),
            "steps": split.cells.to_dicts() if split else None,
        }
        sys.stdout.write(json.dumps(record, default=str, ensure_ascii=False) + "\n")
        return
    out.print(f"from {found.old} to {found.new}")
    if found.snapshots.height:
        _snapshots(found.snapshots)
    for line in found.methods():
        out.print(plain(f"method    {line}"))
    if summary.is_empty():
        out.print("no cell differs")
        return
    kinds = [kind for kind in history.KINDS if summary[kind].sum()]
    table = Table("indicator", "source", "reason", *kinds, "median move", "largest")
    for row in summary.iter_rows(named=True):
        table.add_row(
            row["indicator_id"],
            row["sources"],
            row["reason"],
            *(f"{row[kind]:,}" if row[kind] else "" for kind in kinds),
            _share(row["median_move"]),
            _share(row["largest_move"]),
        )
    out.print(table)
    largest = found.largest(top)
    if largest.height:
        out.print("largest moves, relative to the larger value")
        table = Table(
            "indicator", "basis", "place", "cluster", "period", "was", "is", "move", "reason"
        )
        for row in largest.iter_rows(named=True):
            table.add_row(
                row["indicator_id"],
                row["basis"],
                row["geo_id"],
                "" if row["cluster_id"] == "all" else row["cluster_id"],
                row["period"],
                _figure(row["old_value"]),
                _figure(row["new_value"]),
                _share(row["move"]),
                row["reason"],
            )
        out.print(table)
    if split is not None:
        _print_steps(split)


def _print_steps(split: Any) -> None:
    """Cells by what moved them, as found by building with one cause held fixed."""
    steps = [name for name in split.cells.columns if name.startswith("step_")]
    out.print("told apart by building the new code on the old data")
    table = Table("indicator", "moved by", "cells", *(f"mean {n.replace('_', ' ')}" for n in steps))
    for row in split.summary().iter_rows(named=True):
        table.add_row(
            row["indicator_id"],
            row["reason"],
            f"{row['cells']:,}",
            *(_figure(row[name]) for name in steps),
        )
    out.print(table)
    if split.both_ways:
        out.print(
            f"the other way round (old code on the new data) the steps of {split.disagreeing:,} "
            "cells differ: there, method and data act together"
        )


def _snapshots(snapshots: pl.DataFrame) -> None:
    for (source,), rows in snapshots.group_by("source_id", maintain_order=True):
        same = rows.filter(pl.col("old_canonical_sha256") == pl.col("new_canonical_sha256")).height
        gone = rows["new_snapshot_id"].null_count()
        new = rows["old_snapshot_id"].null_count()
        versions = rows["new_source_version"].drop_nulls().unique().sort().to_list()
        words = [f"{rows.height - gone - new - same} with new figures"]
        words += [f"{new} new"] if new else []
        words += [f"{gone} gone"] if gone else []
        words += [f"{same} read anew"] if same else []
        newest = f"; newest version {versions[-1]}" if versions else ""
        out.print(plain(f"{source!s:<9} {rows.height} parts: {', '.join(words)}{newest}"))


def _figure(value: Any) -> str:
    return "–" if value is None else f"{value:.6g}"


def _share(value: Any) -> str:
    return "" if value is None else f"{value:.2%}"


def explain(
    indicator: Annotated[str, typer.Argument(help="indicator, for example entry_rate")],
    geo: Annotated[str, typer.Option(help="place, for example KOR or USA-FIPS-06037")],
    period: Annotated[str, typer.Option(help="reference period, for example 2020")],
    cluster: Annotated[str, typer.Option(help="cluster, where the indicator has them")] = "all",
    basis: Annotated[str | None, typer.Option(help="where the cell stands on several")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="as it was served on a day or at a time (UTC), or a release")
    ] = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="also the landed rows behind every term")
    ] = False,
    most: Annotated[int, typer.Option(min=0, help="--rows: how many of them to show")] = 20,
    verify: Annotated[
        bool, typer.Option("--verify", help="make the cell again from the landed bytes and compare")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
    home: HomeOption = None,
) -> None:
    """The passport of a cell: formula, terms, landed files, three clocks, checks, revisions."""
    from pipelines import passport as passports

    settings = load_settings(home=home)
    question = passports.Question(indicator, geo, period, cluster, basis)
    with passports.open_release(settings, as_of) as opened:
        told = passports.passport(settings, opened, question)
        if rows:
            from pipelines import landed_rows  # the sources' parsers: half the start of the command

            behind = landed_rows.behind(settings, opened.con, told, most)
            told["rows"] = [{**vars(found), "rows": found.rows.to_dicts()} for found in behind]
        if verify:
            told["verified"] = vars(_verify(settings, opened, told["cell"]))
    if as_json:
        sys.stdout.write(json.dumps(told, default=str, ensure_ascii=False, indent=2) + "\n")
    else:
        _print_passport(told)
    if verify and told["verified"]["differing"]:
        raise typer.Exit(1)


def _verify(settings: Any, opened: Any, cell: dict[str, Any]) -> Any:
    from pipelines import rederive, timeline
    from pipelines.history import FACT, KEY

    where = " and ".join(f"{name} = ?" for name in KEY)
    key = [cell[name] for name in KEY]
    with timeline.open_as_of(settings, opened.release_id) as (con, _):
        cells = con.sql(f"select * from {FACT} where {where}", params=key).pl()
        return rederive.verify(settings, con, cells)


def _print_passport(told: dict[str, Any]) -> None:
    cell, definition = told["cell"], told["definition"]
    if told["is_synthetic"]:
        out.print("[bold red]SYNTHETIC DEMONSTRATION DATA: do not quote[/]")
    cluster = (
        "" if cell["cluster_id"] == "all" else f", {cell['cluster_name'] or cell['cluster_id']}"
    )
    name = cell["indicator_name"] or cell["indicator_id"]
    out.print(
        plain(f"{name}, {cell['geo_name'] or cell['geo_id']}{cluster}, {cell['period']}"),
        style="bold",
    )
    value = "no value" if cell["value"] is None else f"{cell['value']!r}"
    out.print(plain(f"value     {value} {cell['unit'] or ''}"))
    if cell["value_lower"] is not None or cell["value_upper"] is not None:
        lower, upper = (_bound(cell[f"value_{side}"]) for side in ("lower", "upper"))
        out.print(plain(f"bounds    from {lower} to {upper}"))
    out.print(
        plain(
            f"status    {cell['obs_status']} {cell['obs_status_label'] or ''}: "
            f"{cell['obs_status_description'] or ''}"
        )
    )
    out.print(plain(f"basis     {cell['basis']}: {definition['basis_description'] or ''}"))
    out.print(plain(f"release   {told['release_id']}, method version {cell['method_version']}"))
    out.print(plain(f"formula   {definition['formula']}"))
    out.print(plain(f"model     dbt_project/{definition['sql_model']}"))
    out.print(plain(f"caveat    {definition['caveat']}"))
    if not definition["is_of_this_release"]:
        out.print("          (formula, caveat and checks are those of the release in service)")
    table = Table("term", "value", "unit", "comes from")
    for term in told["terms"]:
        origin = (
            f"made of {', '.join(term['made_of'])}"
            if term["made_of"]
            else ", ".join(term["snapshot_ids"]) or "nothing landed"
        )
        if term["link"] == "any snapshot of the cell":
            origin += " (not told apart)"
        if term["summed_over"]:
            origin += f"; sum over {', '.join(term['summed_over'])}"
        figure = "–" if term["value"] is None else f"{term['value']!r}"
        table.add_row(term["term"], figure, term["unit"] or "", origin)
    out.print(table)
    for snapshot in told["snapshots"]:
        _print_snapshot(snapshot)
    if not told["snapshots"]:
        out.print("sources   none: no landed source covers this cell")
    checks = told["checks"]
    out.print(
        f"checks    {checks['passed']} passed, {len(checks['warned'])} warned, "
        f"{len(checks['failed'])} failed"
    )
    for check in [*checks["failed"], *checks["warned"]]:
        out.print(
            plain(f"          ! {check['subject']}: {check['check_name']}: {check['observed']}")
        )
    for correction in told["corrections"]:
        out.print(
            plain(
                f"corrected {correction['row_key']}: {correction['wrong_value']} → "
                f"{correction['right_value']}: {correction['reason']}"
            )
        )
    for revision in told["revisions"]:
        reason = f" ({revision['reason']})" if revision["reason"] else ""
        out.print(
            plain(
                f"revision  {str(revision['served_from'])[:16]} {revision['change']}{reason}: "
                f"{_bound(revision['value'])} {revision['obs_status'] or ''}"
            )
        )
    for found in told.get("rows", []):
        _print_rows(found)
    if "verified" in told:
        from pipelines.rederive import Verified
        from pipelines.rederive import told as sentence

        out.print(plain(f"verified  {sentence(Verified(**told['verified']))}"))


def _print_snapshot(snapshot: dict[str, Any]) -> None:
    first, last = snapshot["reference_period_first"], snapshot["reference_period_last"]
    clocks = (
        f"checked {_day(snapshot['last_checked_at'])}, changed at source "
        f"{_day(snapshot['source_changed_at'])}, reference {first or '–'} to {last or '–'}"
    )
    lines = [
        f"source    {snapshot['snapshot_id']}: {snapshot['source_name']}, "
        f"version {snapshot['source_version']}",
        f"          {snapshot['url']}",
        f"          retrieved {str(snapshot['retrieved_at'])[:16]}; {clocks}",
    ]
    hashes = zip(snapshot["entity_sha256"] or [], snapshot["landed_files"], strict=True)
    lines += [f"          sha256 {sha256} {file or '(not here)'}" for sha256, file in hashes]
    lines.append(f"          licence {snapshot['licence_id']}; cite: {snapshot['attribution']}")
    for line in lines:
        out.print(plain(line))


def _print_rows(found: dict[str, Any]) -> None:
    how = ", ".join(found["narrowed"]) or "nothing"
    more = f", not narrowed by {', '.join(found['open'])}" if found["open"] else ""
    out.print(
        plain(
            f"rows      {', '.join(found['terms'])}: {found['count']:,} rows of {found['table']} "
            f"in {found['snapshot_id']} ({found['where']}; by {how}{more})"
        )
    )
    for row in found["rows"]:
        said = (f"{name}={value}" for name, value in row.items() if value is not None)
        out.print(plain(f"          {' '.join(said)}"))


def _bound(value: Any) -> str:
    return "none known" if value is None else f"{value!r}"


def _day(value: Any) -> str:
    return str(value)[:10] if value else "–"


def rebuild(
    realm: Annotated[
        str | None, typer.Option(help="official or synthetic, where the landing has both")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Make raw vintages and a release from the landing alone, without a network."""
    from pipelines import rebuild as rebuilding

    settings = load_settings(home=home)
    done = rebuilding.rebuild(settings, realm=realm, say=lambda line: out.print(plain(line)))
    out.print(f"fact      hash {done.release.fact_hash}")
    if done.before is None:
        out.print("          the landing knows of no earlier release to compare with")
    elif done.same:
        out.print(f"          identical to release {done.before['release_id']}")
    else:
        out.print(
            f"          differs from release {done.before['release_id']} "
            f"({done.before['fact_hash']}): {done.why}"
        )


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="a new folder")],
    format: Annotated[Format, typer.Option(help="of data and dictionaries")] = Format.CSV,
    indicator: Annotated[
        list[str] | None, typer.Option(help="only this indicator; repeatable")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="as it was served on a day or at a time (UTC), or a release")
    ] = None,
    non_commercial: Annotated[
        bool,
        typer.Option(
            "--non-commercial", help="for non-commercial use: add, apart, what only that may have"
        ),
    ] = False,
    home: HomeOption = None,
) -> None:
    """Hand the figures on: data by terms of use, attribution, dictionaries, checksums, citation."""
    from pipelines import timeline, warehouse
    from pipelines.export import package
    from pipelines.export.terms import ABOUT, Terms

    settings = load_settings(home=home)
    with contextlib.ExitStack() as stack:
        if as_of is None:
            con = stack.enter_context(warehouse.open_published(settings.home))
        else:
            con, _ = stack.enter_context(timeline.open_as_of(settings, as_of))
        done = package.write(
            con, folder, format, non_commercial=non_commercial, indicators=indicator or ()
        )
    for place, count in done.files.items():
        out.print(plain(f"{count:>10,} rows  {place}"))
    for name, count in sorted(done.separated.items()):
        out.print(plain(f"apart     {count:,} cells in data/{name}: {ABOUT[Terms(name)]}"))
    for row in done.left_out.to_dicts():
        out.print(
            plain(
                f"left out  {row['cells_count']:,} cells of {row['indicator_id']} ({row['basis']}) "
                f"under {row['licences']}: {row['reason']}"
            )
        )
    out.print(plain(f"cite as   {done.citation}"))
