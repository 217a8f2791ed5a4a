"""`clusterkpi concordance …`: tables between classifications, of one's own.

Belongs here: arguments, reading and writing files, printing. Does not belong here: the rules of a
table (`pipelines.metrics.concordance`), its way into a release (`sources.concordance`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from pipelines.commands.console import out, plain
from pipelines.commands.tables import read_table
from pipelines.errors import ConfigError
from pipelines.metrics import concordance

app = typer.Typer(
    name="concordance", help="Tables between classifications: check, make.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """Tables between classifications: check, make."""


@app.command()
def check(file: Annotated[Path, typer.Argument(help="CSV file")]) -> None:
    """Print everything that is wrong with a concordance. Ends with 1 if there is something."""
    from pipelines.sources.concordance import SOURCE

    rows, wrong = SOURCE.refusals(file)
    for line in wrong:
        out.print(plain(line))
    verdict = "would not be used" if wrong else "would be used"
    out.print(plain(f"{file.name}: {rows} links, {len(wrong)} mistakes: {verdict}"))
    if wrong:
        raise typer.Exit(1)


@app.command("from-pairs")
def from_pairs(
    file: Annotated[Path, typer.Argument(help="table of pairs of codes, CSV or Parquet")],
    output: Annotated[Path, typer.Argument(help="CSV file to write")],
    from_scheme: Annotated[str, typer.Option(help="classification of the source, e.g. HS2017")],
    to_scheme: Annotated[str, typer.Option(help="classification of the target, e.g. HS2012")],
    from_column: Annotated[str, typer.Option(help="column with the source codes")],
    to_column: Annotated[str, typer.Option(help="column with the target codes")],
    where: Annotated[
        str, typer.Option(help="only rows with a value in a column, e.g. 'adjustment=2017 to 2012'")
    ] = "",
    digits: Annotated[int, typer.Option(help="pad codes with zeros on the left; 0: as is")] = 0,
) -> None:
    """Make a concordance out of published pairs without amounts: equal parts of each code."""
    if output.exists():
        raise ConfigError(f"{output} is there already; name another file")
    column, _, value = where.partition("=")
    if where and not value:
        raise ConfigError(f"--where {where!r}: write it as COLUMN=VALUE")
    keys = [from_column, to_column, *([column] if where else [])]
    rows = read_table(file, keys=keys, figures=())
    if where:
        rows = rows.filter(pl.col(column).str.strip_chars() == value.strip())
        if rows.is_empty():
            raise ConfigError(f"{file}: no row has {value!r} in {column!r}")
    codes = {
        name: pl.col(source).str.strip_chars().str.zfill(digits).alias(name)
        for name, source in (("from_code", from_column), ("to_code", to_column))
    }
    links = concordance.equal_parts(
        rows.select(
            pl.lit(from_scheme).alias("from_scheme"),
            codes["from_code"],
            pl.lit(to_scheme).alias("to_scheme"),
            codes["to_code"],
        )
    )
    text = links.with_columns(pl.col("weight").cast(pl.String)).with_row_index("_row_no", offset=1)
    if wrong := concordance.problems(text):
        raise ConfigError(
            f"{file}: {wrong[0]}" + (f" (and {len(wrong) - 1} more)" * (len(wrong) > 1))
        )
    links.write_csv(output)
    split = links.filter(pl.col("weight") < 1)["from_code"].n_unique()
    out.print(
        plain(
            f"{output} written: {links['from_code'].n_unique()} codes to "
            f"{links['to_code'].n_unique()}, {split} of them split in equal parts; "
            "put it into CLUSTERKPI_HOME/concordances"
        )
    )
