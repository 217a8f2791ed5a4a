"""`clusterkpi metrics complexity`: the method of complexity on a panel of one's own.

Belongs here: arguments, from a user's columns to those of the formulas, what is printed. Does not
belong here: any formula (`pipelines.metrics`), reading and writing tables (`tables`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import polars as pl
import typer

from pipelines.commands.console import err, out, plain
from pipelines.commands.tables import TableFormat, TableSink, read_table, write_table
from pipelines.errors import ConfigError, MetricInput


def complexity(
    input_file: Annotated[
        Path, typer.Option("--input", help="panel: one row for each location and product")
    ],
    location: Annotated[str, typer.Option(help="column of the location")],
    product: Annotated[str, typer.Option(help="column of the product")],
    value: Annotated[str, typer.Option(help="column of the value, or of presence (0 and 1)")],
    output: Annotated[Path, typer.Option(help="folder for the results")],
    period: Annotated[str | None, typer.Option(help="column of the period")] = None,
    presence: Annotated[
        Literal["rca", "given"],
        typer.Option(help="presence follows from RCA, or is given in the value"),
    ] = "rca",
    threshold: Annotated[float, typer.Option(help="RCA that makes presence")] = 1.0,
    comparison: Annotated[
        Literal["ge", "gt"], typer.Option(help="RCA at or above, or above the threshold")
    ] = "ge",
    self_proximity: Annotated[
        Literal["exclude", "include"],
        typer.Option(help="whether a product is near to itself in density, COI and COG"),
    ] = "exclude",
    normalise: Annotated[
        Literal["stata", "population"],
        typer.Option(help="standard deviation of ECI as in the Stata or the Python package"),
    ] = "stata",
    duplicates: Annotated[
        Literal["error", "sum"],
        typer.Option(help="a second row of the same period, location and product"),
    ] = "error",
    missing: Annotated[
        Literal["error", "zero"], typer.Option(help="a row with an empty value")
    ] = "error",
    kind: Annotated[
        TableFormat, typer.Option("--format", help="format of the results")
    ] = TableFormat.PARQUET,
) -> None:
    """ECI, PCI, density, COI and COG of a panel of locations and products.

    Writes `locations` (period, location, diversity, eci, coi), `products` (period, product,
    ubiquity, pci) and `cells` (period, location, product, value, rca, m, density, cog), each
    period by itself. `cells` has every pair of a location and a product of the period; a pair
    without a row is a zero. What is left out of the eigenproblem is NULL, and printed.
    """
    from pipelines.metrics.complexity_table import panels, tables

    names = {"location": location, "product": product}
    if period is not None:
        names["period"] = period
    _distinct({**names, "value": value})
    rows = read_table(input_file, keys=list(names.values()), figures=[value])
    rows = rows.select(
        *(pl.col(theirs).alias(ours) for ours, theirs in names.items()),
        pl.col(value).alias("value"),
    )
    found_locations, found_products, said, without = [], [], [], []
    cells = 0
    try:
        with TableSink(output, "cells", kind) as sink:
            for panel in panels(rows, presence=presence, duplicates=duplicates, missing=missing):
                result = tables(
                    panel,
                    presence=presence,
                    threshold=threshold,
                    comparison=comparison,
                    self_proximity=self_proximity,
                    normalise=normalise,
                )
                sink.write(result.cells)
                cells += result.cells.height
                found_locations.append(result.locations)
                found_products.append(result.products)
                said.extend(result.notes)
                if result.problem is not None:
                    without.append(panel.period)
    except MetricInput as error:
        raise MetricInput(f"{input_file}: {error}") from error
    locations, products = pl.concat(found_locations), pl.concat(found_products)
    for note in said:
        err.print(plain(f"note: {note}"))
    out.print(plain(f"{sink.target}: {cells:,} cells, {len(found_locations):,} periods"))
    for name, column, table in (
        ("locations", "eci", locations),
        ("products", "pci", products),
    ):
        file = write_table(table, output, name, kind)
        missing_count = table[column].null_count()
        out.print(
            plain(
                f"{file}: {table.height:,} rows, {table[name[:-1]].n_unique():,} {name}"
                + (f", {missing_count:,} rows without {column.upper()}" if missing_count else "")
            )
        )
    if without:
        out.print(f"no ECI in {len(without):,} of {len(found_locations):,} periods")


def _distinct(names: dict[str, str]) -> None:
    for ours, theirs in names.items():
        again = [other for other, column in names.items() if column == theirs and other != ours]
        if again:
            raise ConfigError(f"--{ours} and --{again[0]} are the same column {theirs!r}")
