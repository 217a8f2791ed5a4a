"""`clusterkpi clusters …`: definition sets of one's own.

Belongs here: arguments, reading and writing files, printing. Does not belong here: the rules of a
set (`pipelines.metrics.definitions`), its way into a release (`sources.cluster_definition`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from pipelines.commands.console import out, plain
from pipelines.commands.tables import read_table
from pipelines.errors import ConfigError, SchemaDrift
from pipelines.metrics import definitions

app = typer.Typer(name="clusters", help="Cluster definitions of your own.", no_args_is_help=True)
_EXAMPLE = (
    ("EXAMPLE", "2026.1", "NAICS2022", "3361", "Motor vehicles", "Assembly", "traded"),
    ("EXAMPLE", "2026.1", "NAICS2022", "3363", "Motor vehicles", "Parts", "traded"),
    ("EXAMPLE", "2026.1", "NAICS2022", "8111", "Local repair", "", "local"),
    ("EXAMPLE", "2026.1", "NAICS2022", "9999", "Unclassified", "", "excluded"),
)


@app.command()
def template(file: Annotated[Path, typer.Argument(help="CSV file to write")]) -> None:
    """Write a CSV with the columns of a definition set and a few example rows."""
    if file.exists():
        raise ConfigError(f"{file} is there already; name another file")
    lines = [definitions.COLUMNS, *_EXAMPLE]
    try:
        file.write_text("".join(",".join(line) + "\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error}") from error
    for name, about in definitions.COLUMNS.items():
        out.print(plain(f"{name:<16}{about}"))
    out.print(plain(f"{'weight':<16}optional: part of an industry that is shared; sums to 1"))
    out.print(
        f"{file} written; replace its rows, check it, and put it into "
        "CLUSTERKPI_HOME/cluster_definitions"
    )


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="CSV file of a definition set")],
    industries: Annotated[
        Path | None,
        typer.Option(
            help="table with a column industry_code: all industries of the set's classification"
        ),
    ] = None,
) -> None:
    """Print everything that is wrong with a set. Ends with 1 if there is anything."""
    from pipelines.sources import cluster_definition

    rows = load_definitions(file)
    known: dict[str, frozenset[str]] = dict(cluster_definition.known_industries())
    if industries is not None:
        schemes = rows["industry_scheme"].drop_nulls().unique().to_list()
        if len(schemes) != 1:
            raise ConfigError(
                "--industries needs a set of one classification: " + ", ".join(schemes)
            )
        listed = read_table(industries, keys=["industry_code"], figures=[])
        known[schemes[0]] = frozenset(listed["industry_code"])
    found = cluster_definition.check(rows, known)
    for problem in found:
        out.print(plain(str(problem)))
    for scheme in definitions.unchecked(rows, known):
        out.print(
            plain(
                f"note: no list of the industries of {scheme} is known, so that missing ones "
                "cannot be found; name one with --industries"
            )
        )
    clusters = rows.filter(pl.col("class") != "excluded")
    out.print(
        plain(
            f"{rows.height} rows, {clusters['cluster'].n_unique()} clusters, "
            f"{len(found)} problem{'s' if len(found) != 1 else ''}"
        )
    )
    if found:
        raise typer.Exit(1)


def load_definitions(file: Path) -> pl.DataFrame:
    """Rows of a definition file, as text.

    Raises:
        ConfigError: it is not there, or no such table.
    """
    from pipelines.sources.cluster_definition import read_definitions

    try:
        return read_definitions(file.read_bytes(), str(file))
    except (OSError, SchemaDrift) as error:
        raise ConfigError(str(error)) from error
