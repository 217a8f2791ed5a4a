"""`clusterkpi composite`: the opt-in composite of the guidelines, with what its ranks hang on.

Belongs here: arguments and printing. Does not belong here: anything computed
(`pipelines.scorecards`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer
from rich.table import Table

from pipelines.commands.console import out, plain
from pipelines.commands.tables import TableFormat, read_table, write_table
from pipelines.errors import ConfigError

if TYPE_CHECKING:
    from pipelines.scorecards import Report

BANNER = (
    "A composite hides more than it shows. The guidelines say that no one policy fits everyone: "
    "read the profile first, and ranks only as bands."
)


def composite(
    weights: Annotated[
        Path | None, typer.Option(help="CSV: id (guideline or input), weight; 0 leaves out")
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option(help="CSV like reference.composite_input instead of it")
    ] = None,
    period: Annotated[
        str | None, typer.Option(help="year, or FIRST:LAST; default: the newest with most scores")
    ] = None,
    units: Annotated[
        Path | None, typer.Option(help="CSV with column geo_id: economies instead of APEC's 21")
    ] = None,
    carry: Annotated[
        int, typer.Option(help="years that a figure may stand in for a later one, 0 to 3")
    ] = 0,
    exponent: Annotated[
        float, typer.Option(help="mean across guidelines: 0 geometric, 1 arithmetic")
    ] = 0.0,
    draws: Annotated[int, typer.Option(help="draws of the uncertainty analysis")] = 2000,
    seed: Annotated[int, typer.Option(help="the same seed gives the same figures")] = 1,
    sobol: Annotated[
        int, typer.Option(help="base sample of the sensitivity analysis; 0 = none")
    ] = 1024,
    vintages: Annotated[int, typer.Option(help="earlier kept releases to draw figures from")] = 0,
    release: Annotated[str | None, typer.Option(help="a kept release instead of current")] = None,
    output: Annotated[Path | None, typer.Option(help="folder for all tables")] = None,
    format: Annotated[TableFormat, typer.Option(help="of the tables")] = TableFormat.CSV,
    home: Annotated[Path | None, typer.Option(help="state directory [CLUSTERKPI_HOME]")] = None,
) -> None:
    """Composite of the guidelines, on demand: rank bands, what moves them, effective weights."""
    from pipelines import scorecards, warehouse
    from pipelines.settings import load_settings

    settings = load_settings(home=home)
    path = warehouse.current_path(settings.home)
    if release is not None:
        path = settings.published_dir / f"release_{release}.duckdb"
        if not path.exists():
            raise ConfigError(f"release {release} is not kept; see `clusterkpi releases`")
    first, last = _years(period)
    chosen = (
        () if units is None else tuple(read_table(units, keys=["geo_id"], figures=[])["geo_id"])
    )
    options = scorecards.Options(
        first=first,
        last=last,
        weights={} if weights is None else read_weights(weights),
        inputs=None if inputs is None else read_inputs(inputs),
        units=chosen,
        carry_years=carry,
        exponent=exponent,
        draws=draws,
        seed=seed,
        sobol_base=sobol,
        vintages=_earlier(settings.published_dir, path, vintages),
    )
    with warehouse.open_published(settings.home, path) as con:
        report = scorecards.run(con, options)
        synthetic = con.execute("select is_synthetic from meta.release").fetchall()[0][0]
    if output is not None:
        for name, rows in report.tables().items():
            write_table(rows, output, name, format)
    if synthetic:
        out.print("[bold red]SYNTHETIC DEMONSTRATION DATA: do not quote[/]")
    out.print(plain(BANNER))
    _print_ranks(report, draws)
    _print_inputs(report)
    for name, why in report.left_out.items():
        out.print(plain(f"left out: {name} {why}"))
    if output is not None:
        out.print(plain(f"tables in {output}: {', '.join(report.tables())}"))


def read_weights(file: Path) -> dict[str, float]:
    """Weights of a user: columns `id` (guideline or input) and `weight`.

    Raises:
        ConfigError: names file, row and rule.
    """
    rows = read_table(file, keys=["id"], figures=["weight"])
    for number, (name, weight) in enumerate(rows.iter_rows(), start=1):
        if weight is None or weight < 0:
            raise ConfigError(
                f"{file}, row {number}, column 'weight': {weight} for {name!r}; "
                "a weight is 0 or more"
            )
    twice = rows["id"].filter(rows["id"].is_duplicated()).unique().to_list()
    if twice:
        raise ConfigError(f"{file}, column 'id': {', '.join(sorted(twice))} stands there twice")
    return dict(rows.iter_rows())


def read_inputs(file: Path) -> pl.DataFrame:
    """Inputs of a user, with the columns of reference.composite_input that a score needs.

    Raises:
        ConfigError: names file, row and rule.
    """
    rows = read_table(
        file,
        keys=["indicator_id", "guideline_id", "basis", "bounds"],
        figures=["goal_low", "goal_high", "weight"],
    )
    wrong = rows.with_row_index("row", offset=1).filter(
        ~pl.col("bounds").is_in(["limits", "interval_90"])
    )
    for row, bounds in wrong.select("row", "bounds").iter_rows():
        raise ConfigError(
            f"{file}, row {row}, column 'bounds': {bounds!r} is neither 'limits' nor 'interval_90'"
        )
    return rows.with_columns(pl.col("goal_low", "goal_high").fill_null(float("nan")))


def _print_ranks(report: Report, draws: int) -> None:
    period = report.period
    ranks = report.ranks.filter(pl.col("period") == period)
    scores = report.scores.filter(pl.col("period") == period)
    sobol = report.sobol
    moved = dict(
        sobol.sort("total")
        .group_by("geo_id", maintain_order=True)
        .last()
        .select("geo_id", "assumption")
        .iter_rows()
    )
    table = Table(
        "economy", "median rank", "90 % interval", "P(top 5)", "score", "guidelines",
        "alike with", "moved most by",
        title=f"{period}, {draws:,} draws",
    )  # fmt: skip
    joined = scores.join(ranks.drop("geo_name"), on=["period", "geo_id"]).sort(
        "median_rank", "rank_p05", "geo_id", nulls_last=True
    )
    for row in joined.iter_rows(named=True):
        if row["median_rank"] is None:
            table.add_row(row["geo_name"], "not scored", "", "", "", str(row["guidelines_scored"]))
            continue
        table.add_row(
            row["geo_name"],
            f"{row['median_rank']:g}",
            f"{row['rank_p05']:g} to {row['rank_p95']:g}",
            f"{row['p_top_5']:.0%}",
            f"{row['score']:.1f}",
            str(row["guidelines_scored"]),
            str(row["not_distinguishable_from_count"]),
            moved.get(row["geo_id"], "nothing"),
        )
    out.print(table)


def _print_inputs(report: Report) -> None:
    table = Table("guideline", "input", "basis", "nominal", "effective", "with the rest", "cells")
    for row in report.inputs.iter_rows(named=True):
        rest = row["correlation_with_the_rest"]
        table.add_row(
            row["guideline_id"],
            row["indicator_id"] + (" (core)" if row["is_core"] else ""),
            row["basis"],
            f"{row['nominal_weight']:.1%}",
            "" if row["effective_weight"] is None else f"{row['effective_weight']:.1%}",
            "" if rest is None else f"{rest:+.2f}" + (" REVIEW" if row["needs_review"] else ""),
            str(row["cells_with_value"]),
        )
    out.print(table)


def _years(period: str | None) -> tuple[int | None, int | None]:
    if period is None:
        return None, None
    first, colon, last = period.partition(":")
    try:
        years = int(first), int(last) if colon else int(first)
    except ValueError as error:
        raise ConfigError(f"--period {period!r}: write a year, or FIRST:LAST") from error
    if years[0] > years[1]:
        raise ConfigError(f"--period {period!r}: the first year is after the last")
    return years


def _earlier(folder: Path, path: Path, count: int) -> tuple[Path, ...]:
    files = sorted(folder.glob("release_*.duckdb"), reverse=True)
    return tuple(file for file in files if file.name < path.name)[:count]
