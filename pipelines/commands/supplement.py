"""`clusterkpi supplement …`: figures of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.console import out, plain
from pipelines.errors import ConfigError

app = typer.Typer(
    name="supplement", help="Figures of your own: template and check.", no_args_is_help=True
)


@app.command()
def template(file: Annotated[Path, typer.Argument(help="CSV file to write")]) -> None:
    """Write the template; its example row is refused until it is replaced."""
    from pipelines.sources.supplement import SOURCE

    if file.exists():
        raise ConfigError(f"{file} is there already; name another file")
    file.write_text(SOURCE.template(), encoding="utf-8")
    out.print(f"{file} written; fill it, check it, and put it into CLUSTERKPI_HOME/supplements")


@app.command()
def check(file: Annotated[Path, typer.Argument(help="CSV or XLSX file")]) -> None:
    """Print every row that would be held back, and why. Ends with 1 if there is one."""
    from pipelines.sources.supplement import SOURCE

    rows, refused = SOURCE.refusals(file)
    for row in refused.iter_rows(named=True):
        out.print(plain(f"row {row['_row_no']}: {row['column_name']}: {row['reason']}"))
    out.print(f"{rows} rows: {rows - refused.height} would be used, {refused.height} held back")
    if refused.height:
        raise typer.Exit(1)
