"""Commands about the past and the origin of figures: `diff` and what belongs to it.

Belongs here: arguments, printing, exit codes. Does not belong here: how anything is found out.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import polars as pl
import typer
from rich.table import Table

from pipelines import history
from pipelines.commands.console import HomeOption, out, plain
from pipelines.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("diff")(diff)


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
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable, every cell")] = False,
    home: HomeOption = None,
) -> None:
    """What moved from release A to release B, by source and indicator, and why."""
    from pipelines import diff as differences

    found = differences.between(load_settings(home=home), old, new)
    if not rounding:
        cells = found.cells.filter(pl.col("change") != "rounding")
        found = differences.Diff(found.old, found.new, cells, found.snapshots)
    summary = found.summary()
    if as_json:
        record = {
            "old": found.old,
            "new": found.new,
            "summary": summary.to_dicts(),
            "methods": found.methods(),
            "snapshots": found.snapshots.to_dicts(),
            "cells": found.cells.to_dicts(),
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
