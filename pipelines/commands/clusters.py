"""`clusterkpi clusters …`: definition sets of one's own.

Belongs here: arguments, reading and writing files, printing. Does not belong here: the rules of a
set (`pipelines.metrics.definitions`), its way into a release (`sources.cluster_definition`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

from pipelines.commands.console import out, plain
from pipelines.commands.tables import TableFormat, read_table, write_table
from pipelines.errors import ConfigError, SchemaDrift
from pipelines.metrics import definitions

if TYPE_CHECKING:
    from pipelines.settings import Settings

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


@app.command()
def derive(
    output: Annotated[Path, typer.Option(help="folder for the set and its quality scores")],
    cells: Annotated[
        Path | None,
        typer.Option(
            help="columns region, industry, employment (and establishments); else County Business "
            "Patterns in the state directory, by economic area"
        ),
    ] = None,
    flows: Annotated[
        Path | None,
        typer.Option(
            help="columns supplier, user, value; else BEA's use table in the state directory "
            "(not with --cells)"
        ),
    ] = None,
    flow_codes: Annotated[
        Path | None, typer.Option(help="columns industry_code (a prefix), flow_code")
    ] = None,
    sizes: Annotated[
        str, typer.Option("--clusters", help="numbers of traded clusters to try: 20-45/5 or 30,40")
    ] = "20-45/5",
    function: Annotated[
        list[str] | None, typer.Option(help="ward or kmeans; repeatable; both if left out")
    ] = None,
    scheme: Annotated[str, typer.Option(help="name of the set")] = "derived",
    version: Annotated[str | None, typer.Option(help="version; the year of the data")] = None,
    industry_scheme: Annotated[str, typer.Option(help="classification of the codes")] = "NAICS2017",
    local_digits: Annotated[
        int, typer.Option(min=1, help="local industries are grouped by so many digits")
    ] = 3,
    settle: Annotated[
        bool, typer.Option(help="move industries that belong more to another cluster")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="seed of k-means")] = 0,
    profile: Annotated[
        str | None, typer.Option(help="demo, live or replay:INDEX_FILE [CLUSTERKPI_PROFILE]")
    ] = None,
    home: Annotated[Path | None, typer.Option(help="state directory [CLUSTERKPI_HOME]")] = None,
) -> None:
    """Make a definition set from co-location and input–output data, with quality scores.

    Writes `definitions.csv` (for `clusters check` and the cluster_definitions folder),
    `quality.csv` (every grouping tried), `clusters.csv`, `industries.csv` and `moves.csv`.
    """
    from pipelines.metrics.derivation_table import derive as make
    from pipelines.settings import load_settings
    from pipelines.sources import cluster_definition

    if cells is not None:
        table = _cells(cells)
        links = None if flows is None else read_flows(flows)
        belongs = (
            None
            if flow_codes is None
            else read_table(flow_codes, keys=["industry_code", "flow_code"], figures=[])
        )
        year = "1"
    else:
        if flows is not None or flow_codes is not None:
            raise ConfigError("--flows and --flow-codes go with --cells")
        table, links, belongs, year = landed(load_settings(home=home, profile=profile))
    functions = tuple(function or ("ward", "kmeans"))
    strange = [name for name in functions if name not in ("ward", "kmeans")]
    if strange:
        raise ConfigError(f"--function is ward or kmeans, not {strange[0]!r}")
    own = cluster_definition.own_clusters(industry_scheme)
    result = make(
        table,
        scheme=scheme,
        version=version or year,
        industry_scheme=industry_scheme,
        sizes=_numbers(sizes),
        functions=functions,  # type: ignore[arg-type]
        flows=links,
        flow_codes=belongs,
        compare=own,
        local_digits=local_digits,
        settle=settle,
        seed=seed,
    )
    sets = _with_excluded(result.definitions, industry_scheme)
    parts = {
        "definitions": sets,
        "quality": result.quality,
        "clusters": result.clusters,
        "industries": result.industries,
        "moves": result.moves,
    }
    for name, frame in parts.items():
        write_table(frame, output, name, TableFormat.CSV)
    best = result.quality.row(0, named=True)
    out.print(
        plain(
            f"{output / 'definitions.csv'}: {best['clusters_count']} traded clusters of "
            f"{best['industries_count']} industries ({best['function']}), score "
            f"{best['score']:.3f}, {result.moves.height} moved"
        )
    )
    if best["agreement"] is not None:
        out.print(plain(f"agreement with {cluster_definition.RESERVED}: {best['agreement']:.3f}"))


@app.command()
def compare(
    scheme: Annotated[str, typer.Argument(help="a set of the release, as `clusterkpi`")],
    other: Annotated[str, typer.Argument(help="the set to compare it with")],
    geo_type: Annotated[
        str, typer.Option(help="county, state, cbsa, economic_area or custom")
    ] = "economic_area",
    period: Annotated[str | None, typer.Option(help="year; the newest if left out")] = None,
    output: Annotated[
        Path | None, typer.Option(help="folder for comparison.csv: every pair of clusters")
    ] = None,
    home: Annotated[Path | None, typer.Option(help="state directory [CLUSTERKPI_HOME]")] = None,
) -> None:
    """What two sets say of the same regions: which clusters rank them alike, and where they differ.

    Prints the closest cluster of the other set for each of the first, by rank correlation of
    quotients within the class.
    """
    from rich.table import Table

    from pipelines import warehouse
    from pipelines.metrics.scheme_comparison import compare as compared
    from pipelines.settings import load_settings

    settings = load_settings(home=home)
    with warehouse.open_published(settings.home, warehouse.current_path(settings.home)) as con:
        found = con.sql(
            "select scheme, cluster_id, geo_id, period, lq_in_class as lq, is_strong "
            "from marts.region_cluster where geo_type = ? and scheme in (?, ?) and period = "
            "coalesce(?, (select max(period) from marts.region_cluster where geo_type = ?))",
            params=[geo_type, scheme, other, period, geo_type],
        ).pl()
    if found.is_empty():
        raise ConfigError(f"the release has no {geo_type} × clusters of {scheme} or {other}")
    pairs = compared(found, scheme, other)
    table = Table(
        scheme, f"closest in {other}", "regions", "rank correlation", "strong", "strong there",
        "in both", "overlap",
    )  # fmt: skip
    for row in pairs.filter("is_closest").iter_rows(named=True):
        overlap = row["strong_overlap"]
        table.add_row(
            row["cluster_id"],
            row["other_cluster_id"],
            str(row["regions_count"]),
            f"{row['rank_correlation']:.3f}",
            str(row["strong_count"]),
            str(row["other_strong_count"]),
            str(row["both_strong_count"]),
            "" if overlap is None else f"{overlap:.2f}",
        )
    out.print(plain(f"{geo_type}, {found['period'][0]}"))
    out.print(table)
    if output is not None:
        out.print(plain(f"{write_table(pairs, output, 'comparison', TableFormat.CSV)} written"))


def landed(
    settings: Settings,
) -> tuple[pl.DataFrame, pl.DataFrame | None, pl.DataFrame | None, str]:
    """Cells by economic area and links of industries, from what is promoted in a state directory.

    Raises:
        ConfigError: no County Business Patterns there.
    """
    from pipelines.settings import PROJECT_ROOT
    from pipelines.vintages import latest

    seeds = PROJECT_ROOT / "dbt_project" / "seeds" / "reference"
    files = latest(settings.raw_dir, settings.realm, "cbp").files("counties")
    if not files:
        raise ConfigError(
            f"{settings.home} has no County Business Patterns ({settings.realm}); run "
            "`clusterkpi refresh`, or give --cells"
        )
    counties = pl.scan_parquet([settings.raw_dir / name for name in files])
    year = counties.select(pl.col("period_year").max()).collect().item()
    areas = pl.read_csv(seeds / "us_county_economic_area.csv", infer_schema=False).select(
        (pl.col("county_code_fips5")).alias("county"), pl.col("economic_area_code").alias("region")
    )
    code = pl.col("naics_code").str.strip_chars_end("/-")
    industries = (
        counties.filter((pl.col("period_year") == year) & (code.str.len_chars() == 4))
        .select(
            (pl.col("state_code_fips") + pl.col("county_code_fips")).alias("county"),
            code.alias("industry"),
            pl.when(pl.col("emp_noise_flag").is_in(["D", "S", "N"]).fill_null(False))
            .then(None)
            .otherwise(pl.col("emp_count"))
            .cast(pl.Float64)
            .alias("employment"),
            pl.col("estabs_count").cast(pl.Float64).alias("establishments"),
        )
        .collect()
    )
    # what is withheld is estimated by county, before it is summed into areas
    per = (
        industries.filter(pl.col("employment").is_not_null())
        .group_by("industry")
        .agg((pl.col("employment").sum() / pl.col("establishments").sum()).alias("per_plant"))
    )
    table = (
        industries.join(per, on="industry", how="left")
        .with_columns(pl.coalesce("employment", pl.col("establishments") * pl.col("per_plant")))
        .join(areas, on="county")
        .group_by("region", "industry")
        .agg(pl.col("employment").sum(), pl.col("establishments").sum())
    )
    tables = latest(settings.raw_dir, settings.realm, "bea").files("cells")
    if not tables:
        return table, None, None, str(year)
    use = pl.scan_parquet([settings.raw_dir / name for name in tables]).filter(
        pl.col("table_name") == "use"
    )
    belongs = pl.read_csv(seeds / "bea_industries.csv", infer_schema=False).select(
        pl.col("naics_prefix").alias("industry_code"), pl.col("bea_summary_code").alias("flow_code")
    )
    known = belongs["flow_code"].unique()
    last = use.select(pl.col("period_year").max()).collect().item()
    flows = (
        use.filter(pl.col("period_year") == last)
        .select(
            pl.col("row_code").alias("supplier"),
            pl.col("column_code").alias("user"),
            pl.col("value_musd").alias("value"),
        )
        .collect()
        .filter(pl.col("supplier").is_in(known.implode()) & pl.col("user").is_in(known.implode()))
    )
    return table, flows, belongs, str(year)


def read_flows(file: Path) -> pl.DataFrame:
    """Flows between industries: supplier, user, value."""
    return read_table(file, keys=["supplier", "user"], figures=["value"])


def _cells(file: Path) -> pl.DataFrame:
    keys = ["region", "industry"]
    try:
        return read_table(file, keys=keys, figures=["employment", "establishments"])
    except ConfigError as error:
        if "no column 'establishments'" not in str(error):
            raise
    return read_table(file, keys=keys, figures=["employment"])


def _numbers(text: str) -> list[int]:
    """`20-45/5` is 20, 25, … 45; `30,40` is 30 and 40."""
    numbers: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)(?:-(\d+)(?:/(\d+))?)?\s*", part)
        if match is None:
            raise ConfigError(f"--clusters {text!r}: give 20-45/5, 30,40 or 25")
        first, last, step = (int(g) if g else None for g in match.groups())
        if not first or step == 0 or (last is not None and last < first):
            raise ConfigError(f"--clusters {text!r}: an empty range or a number of 0")
        numbers.extend(range(first, (last or first) + 1, step or 1))
    return sorted(set(numbers))


def _with_excluded(sets: pl.DataFrame, industry_scheme: str) -> pl.DataFrame:
    """Industries of the classification that the data do not have, as deliberately left out."""
    from pipelines.sources.cluster_definition import known_industries

    given = set(sets["industry_code"])
    rest = [
        code
        for code in sorted(known_industries().get(industry_scheme, frozenset()))
        if definitions.longest_prefix(code, given) is None
        and not any(other.startswith(code) for other in given)
    ]
    if not rest:
        return sets
    more = pl.DataFrame({"industry_code": rest}).with_columns(
        scheme=pl.lit(sets["scheme"][0]),
        version=pl.lit(sets["version"][0]),
        industry_scheme=pl.lit(industry_scheme),
        cluster=pl.lit("Not in the data"),
        sub_cluster=pl.lit(""),
        **{"class": pl.lit("excluded")},
    )
    return pl.concat([sets, more.select(sets.columns)])


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
