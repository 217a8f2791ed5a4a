"""The commands of `clusterkpi metrics` about regions: specialisation, aggregation, concentration.

Belongs here: arguments, from a user's columns to those of the formulas, what is printed. Does not
belong here: any formula (`pipelines.metrics`), reading and writing tables (`tables`).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
import yaml

from pipelines.commands.console import err, out, plain
from pipelines.commands.tables import TableFormat, read_table, write_table
from pipelines.errors import ConfigError, MetricInput


class Within(StrEnum):
    """What a region's and the nation's totals are taken over."""

    CLASS = "class"
    ALL = "all"


def specialisation(
    input_file: Annotated[Path, typer.Option("--input", help="cells: region × cluster")],
    region: Annotated[str, typer.Option(help="column of the region")],
    cluster: Annotated[str, typer.Option(help="column of the cluster")],
    employment: Annotated[str, typer.Option(help="column of jobs; empty = withheld, 0 = none")],
    output: Annotated[Path, typer.Option(help="folder for the results")],
    establishments: Annotated[str | None, typer.Option(help="column of establishments")] = None,
    class_column: Annotated[
        str | None, typer.Option("--class", help="column of the class (traded, local)")
    ] = None,
    within: Annotated[
        Within | None, typer.Option(help="totals within the class (usual with --class) or all")
    ] = None,
    benchmark: Annotated[
        Path | None,
        typer.Option(help="national totals: columns cluster, employment (and class, if any)"),
    ] = None,
    strength_rule: Annotated[
        Path | None, typer.Option(help="rule of strength: .yaml, .json or .toml")
    ] = None,
    employment_lower: Annotated[
        str | None, typer.Option(help="column: least jobs of a cell")
    ] = None,
    employment_upper: Annotated[
        str | None, typer.Option(help="column: greatest jobs of a cell")
    ] = None,
    region_totals: Annotated[
        Path | None,
        typer.Option(help="published totals: columns region, employment (and class, if any)"),
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="bootstrap draws")] = 999,
    seed: Annotated[int, typer.Option(min=0, help="seed of the bootstrap")] = 0,
    kind: Annotated[
        TableFormat, typer.Option("--format", help="format of the results")
    ] = TableFormat.PARQUET,
) -> None:
    """Location quotients with bounds, bootstrap significance and strength of every cell.

    Writes `cells` (region, cluster, region_share, lq, lq_lower, lq_upper, slq, p_value,
    qualifying, significant, strong, strong10) and `thresholds` (the quantiles and cut-offs of
    each cluster). A cell without employment is withheld: bounds, no point value. A cell that is
    not in the table is a zero.
    """
    from pipelines.metrics.specialisation_table import specialise

    if within is Within.CLASS and class_column is None:
        raise ConfigError("--within class needs --class, the column that holds the class")
    names = {"region": region, "cluster": cluster, "employment": employment}
    optional = {
        "establishments": establishments,
        "employment_lower": employment_lower,
        "employment_upper": employment_upper,
        "class": None if within is Within.ALL else class_column,
    }
    names |= {ours: theirs for ours, theirs in optional.items() if theirs is not None}
    with _naming(input_file):
        cells = _renamed(input_file, names)
        national = None if benchmark is None else _totals(benchmark, "cluster")
        totals = None if region_totals is None else _totals(region_totals, "region")
        rule = None if strength_rule is None else read_rule(strength_rule)
        result = specialise(
            cells, benchmark=national, region_totals=totals, rule=rule, draws=draws, seed=seed
        )
    for note in result.notes:
        err.print(plain(f"note: {note}"))
    file = write_table(result.cells, output, "cells", kind)
    limits = write_table(result.thresholds, output, "thresholds", kind)
    strong = int(result.cells["strong"].sum())
    unknown = int(result.cells["strong"].is_null().sum())
    out.print(
        plain(
            f"{file}: {result.cells.height:,} cells, {strong:,} strong"
            + (f", {unknown:,} undecided (withheld)" if unknown else "")
        )
    )
    out.print(plain(f"{limits}: base rule: {result.thresholds['base_rule'][0]}"))


def aggregate(
    input_file: Annotated[Path, typer.Option("--input", help="cells: region × industry")],
    definitions: Annotated[Path, typer.Option(help="definition set: industry_code, cluster, …")],
    region: Annotated[str, typer.Option(help="column of the region")],
    industry: Annotated[str, typer.Option(help="column of the industry's code")],
    employment: Annotated[str, typer.Option(help="column of jobs; empty = withheld, 0 = none")],
    output: Annotated[Path, typer.Option(help="folder for the results")],
    establishments: Annotated[str | None, typer.Option(help="column of establishments")] = None,
    employment_lower: Annotated[
        str | None, typer.Option(help="column: least jobs of a cell")
    ] = None,
    employment_upper: Annotated[
        str | None, typer.Option(help="column: greatest jobs of a cell")
    ] = None,
    industry_scheme: Annotated[
        str | None, typer.Option(help="classification to use, if the definitions have several")
    ] = None,
    kind: Annotated[
        TableFormat, typer.Option("--format", help="format of the results")
    ] = TableFormat.PARQUET,
) -> None:
    """Region × cluster cells from region × industry cells, by a definition set.

    Writes `cells` (region, cluster, class, employment, employment_lower, employment_upper,
    establishments, industries_count, withheld_count; input for `metrics specialisation`) and
    `unmapped` (cells of industries that no cluster claims). Jobs in = jobs in clusters + apart.
    """
    from pipelines.metrics.definitions import aggregate as add_up

    names = {"region": region, "industry": industry, "employment": employment}
    optional = {
        "establishments": establishments,
        "employment_lower": employment_lower,
        "employment_upper": employment_upper,
    }
    names |= {ours: theirs for ours, theirs in optional.items() if theirs is not None}
    with _naming(input_file):
        result = add_up(_renamed(input_file, names), _claims(definitions, industry_scheme))
    file = write_table(result.cells, output, "cells", kind)
    apart = write_table(result.unmapped, output, "unmapped", kind)
    withheld = int(result.cells["employment"].is_null().sum())
    out.print(
        plain(
            f"{file}: {result.cells.height:,} cells"
            + (f", {withheld:,} with a withheld industry" if withheld else "")
        )
    )
    out.print(
        plain(
            f"{apart}: {result.unmapped.height:,} cells of "
            f"{result.unmapped['industry'].n_unique():,} industries in no cluster"
        )
    )
    out.print(
        plain(
            f"jobs known at least: {result.employment_in:,.6g} = {result.employment_out:,.6g} in "
            f"clusters + {result.employment_unmapped:,.6g} apart"
        )
    )


def concentration(
    input_file: Annotated[Path, typer.Option("--input", help="cells: region × industry")],
    region: Annotated[str, typer.Option(help="column of the region")],
    industry: Annotated[str, typer.Option(help="column of the industry or cluster")],
    employment: Annotated[str, typer.Option(help="column of jobs; empty = withheld, 0 = none")],
    plants: Annotated[
        Path,
        typer.Option(
            help="size classes of plants: columns industry, establishments, size_lower, "
            "size_upper (empty = open); or each plant: columns industry, size"
        ),
    ],
    output: Annotated[Path, typer.Option(help="folder for the results")],
    benchmark: Annotated[
        Path | None,
        typer.Option(help="size of regions: columns region, employment; else the cells' sums"),
    ] = None,
    employment_lower: Annotated[
        str | None, typer.Option(help="column: least jobs of a cell")
    ] = None,
    employment_upper: Annotated[
        str | None, typer.Option(help="column: greatest jobs of a cell")
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="draws of the interval under chance")] = 999,
    seed: Annotated[int, typer.Option(min=0, help="seed of the simulation")] = 0,
    kind: Annotated[
        TableFormat, typer.Option("--format", help="format of the results")
    ] = TableFormat.PARQUET,
) -> None:
    """Ellison–Glaeser γ of each industry, with its interval under chance.

    Writes `industries` (industry, regions_count, plants_count, employment, herfindahl_plants,
    herfindahl_regions, gini, raw_concentration, gamma, gamma_lower, gamma_upper, chance_lower,
    chance_upper, p_value). With withheld cells γ has bounds and no point value.
    """
    from pipelines.metrics.concentration_table import concentrate

    names = {"region": region, "industry": industry, "employment": employment}
    optional = {"employment_lower": employment_lower, "employment_upper": employment_upper}
    names |= {ours: theirs for ours, theirs in optional.items() if theirs is not None}
    with _naming(input_file):
        found = concentrate(
            _renamed(input_file, names),
            _plants(plants),
            regions=None if benchmark is None else _totals(benchmark, "region"),
            draws=draws,
            seed=seed,
        )
    file = write_table(found, output, "industries", kind)
    beyond = int((found["gamma"] > found["chance_upper"]).sum())
    out.print(plain(f"{file}: {found.height:,} industries, {beyond:,} beyond chance"))


def _claims(file: Path, industry_scheme: str | None) -> pl.DataFrame:
    """Definitions of one classification; the whole set is checked except for missing industries."""
    from pipelines.commands.clusters import load_definitions
    from pipelines.metrics.definitions import problems

    rows = load_definitions(file)
    if found := problems(rows):
        raise ConfigError(f"{file}: {found[0]}; see clusterkpi clusters check {file}")
    schemes = rows["industry_scheme"].unique().sort().to_list()
    if industry_scheme is None and len(schemes) > 1:
        raise ConfigError(f"{file} has {', '.join(schemes)}: choose one with --industry-scheme")
    chosen = industry_scheme or schemes[0]
    if chosen not in schemes:
        raise ConfigError(f"{file} has no {chosen!r}; there is {', '.join(schemes)}")
    return rows.filter(pl.col("industry_scheme") == chosen)


def _plants(file: Path) -> pl.DataFrame:
    """Plants' sizes, one by one or in classes."""
    try:
        return read_table(file, keys=["industry"], figures=["size"])
    except ConfigError as error:
        if "no column 'size'" not in str(error):
            raise
    classes = ["establishments", "size_lower", "size_upper"]
    return read_table(file, keys=["industry"], figures=classes)


def read_rule(file: Path) -> Any:
    """A strength rule from YAML, JSON or TOML.

    Raises:
        ConfigError: the file is missing or of another kind, or says what a rule cannot.
    """
    from pipelines.metrics.strength import StrengthRule

    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix in (".yaml", ".yml"):
            rule = yaml.safe_load(text)
        elif file.suffix == ".json":
            rule = json.loads(text)
        elif file.suffix == ".toml":
            rule = tomllib.loads(text)
        else:
            raise ConfigError(f"{file}: a rule is .yaml, .json or .toml")
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    if not isinstance(rule, dict):
        raise ConfigError(f"{file}: a rule has keys and values, not {type(rule).__name__}")
    try:
        return StrengthRule.from_mapping(rule)
    except MetricInput as error:
        raise ConfigError(f"{file}: {error}") from error


def _renamed(file: Path, names: dict[str, str]) -> pl.DataFrame:
    """The user's columns under our names; the same column may serve twice."""
    keys = [name for name in names if name in ("region", "cluster", "class", "industry")]
    figures = [name for name in names if name not in keys]
    table = read_table(
        file, keys=[names[name] for name in keys], figures=[names[name] for name in figures]
    )
    return table.select(pl.col(theirs).alias(ours) for ours, theirs in names.items())


def _totals(file: Path, key: str) -> pl.DataFrame:
    """A table of totals: its key, employment, and class if there is such a column."""
    keys = [key]
    try:
        return read_table(file, keys=[*keys, "class"], figures=["employment"])
    except ConfigError as error:
        if "no column 'class'" not in str(error):
            raise
    return read_table(file, keys=keys, figures=["employment"])


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Errors of a formula say which file they are about."""
    try:
        yield
    except MetricInput as error:
        raise MetricInput(f"{file}: {error}") from error
