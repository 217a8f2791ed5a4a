"""`clusterkpi coverage`: what the published file covers, and why it does not cover the rest.

Belongs here: arguments and printing. Does not belong here: counting (`pipelines.coverage`).
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.table import Table

from pipelines.commands.console import out, plain


class View(StrEnum):
    """What a line of the table is."""

    INDICATOR = "indicator"
    ECONOMY = "economy"


def coverage(
    by: Annotated[View, typer.Option(help="one line for each of these")] = View.INDICATOR,
    core: Annotated[bool, typer.Option("--core", help="only the core set of 24")] = False,
    indicator: Annotated[
        str | None, typer.Option(help="one indicator: every economy with its reason")
    ] = None,
    markdown: Annotated[
        str | None, typer.Option(help="title: print a page as in docs/coverage.md")
    ] = None,
    home: Annotated[Path | None, typer.Option(help="state directory [CLUSTERKPI_HOME]")] = None,
) -> None:
    """Coverage of every indicator of the catalogue, with the reason for each blank."""
    from pipelines import coverage as counting
    from pipelines import warehouse
    from pipelines.errors import ConfigError
    from pipelines.settings import load_settings

    settings = load_settings(home=home)
    with warehouse.open_published(settings.home, warehouse.current_path(settings.home)) as con:
        rows = counting.matrix(con, core_only=core)
    if markdown is not None:
        typer.echo(counting.markdown(rows, markdown), nl=False)
        return
    if indicator is not None:
        chosen = rows.filter(
            (pl.col("indicator_id") == indicator) & (pl.col("geo_type") == "economy")
        )
        if chosen.is_empty():
            raise ConfigError(f"{indicator!r} is not in the catalogue; see `clusterkpi coverage`")
        out.print(plain(f"{chosen['sentence'][0] or ''}"))
        table = Table("economy", "status", "basis", "newest", "values", "regions", "reason")
        for row in chosen.iter_rows(named=True):
            table.add_row(
                row["geo_id"],
                row["coverage_status"],
                row["basis"],
                row["latest_period"],
                str(row["values_count"] or ""),
                str(row["regions_with_value_count"] or ""),
                row["reason"],
            )
    elif by is View.ECONOMY:
        table = Table("economy", "core filled", "up to date", "blank")
        for row in counting.by_economy(rows).iter_rows(named=True):
            table.add_row(
                row["geo_id"],
                str(row["core_filled"]),
                str(row["core_up_to_date"]),
                " ".join(row["core_blank"]),
            )
    else:
        table = Table(
            "block", "core", "indicator", "role", "economies", "observed", "carried", "outdated",
            "withheld", "missing", "no source", "regions", "newest",
        )  # fmt: skip
        for row in counting.by_indicator(rows).iter_rows(named=True):
            table.add_row(
                row["block"],
                "" if row["core_no"] is None else str(row["core_no"]),
                row["indicator_id"],
                row["role"] if row["is_built"] else "not built",
                f"{row['economies_filled']} of 21",
                *(
                    str(row[name] or "")
                    for name in (
                        "observed", "carried", "outdated", "suppressed", "missing", "no_source",
                        "regions_with_value",
                    )
                ),
                row["latest_period"],
            )  # fmt: skip
    out.print(table)
    filled = counting.core_filled(rows)
    out.print(f"{len(filled)} of 24 core indicators have values")
