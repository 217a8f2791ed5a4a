"""Observations in SDMX-CSV (1.0 and 2.0, with or without labels) and in Eurostat's TSV.

All end up in one long shape, so that a dataset is a line of data and not a table of its own:
`dimensions` is a JSON object of all dimension codes but area and period, in the publisher's own
names (in DuckDB: `dimensions ->> 'nace_r2'`).

Belongs here: what both layouts and all their publishers share. Does not belong here: which
datasets are read and what a flag means (the sources and their staging models).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from pipelines.cells import placed
from pipelines.contracts import Column, Table
from pipelines.errors import SchemaDrift
from pipelines.sources.base import read_csv

# What is no dimension, whatever the publisher; compared in upper case.
_ATTRIBUTES = frozenset(
    {
        "DATAFLOW", "LAST UPDATE", "STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION",
        "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG", "CONF_STATUS", "OBS_STATUS", "OBS_STATUS_2",
        "OBS_STATUS_3", "UNIT_MULT", "DECIMALS", "BASE_PER", "DATA_SOURCE", "OBS_COMMENT",
        "TIME_HORIZON_USE", "BREAKDOWN_V7", "COMMENT_OBS", "PRICE_BASE_PERIOD",
    }
)  # fmt: skip
_AREAS = ("GEO", "REF_AREA", "GEO_PICT")
_CODE = re.compile(r"[A-Z][A-Z0-9_]*|[a-z][a-z0-9_]*|LAST UPDATE")
# No figure: `:` (Eurostat), `NaN` (OECD), or an empty cell.
MISSING = (":", "NaN")


def observations(name: str = "observations") -> Table:
    """The raw table of a publisher of SDMX data; its key is the whole series and the period."""
    return Table(
        name,
        (
            Column("dataset_code", required=True),
            Column("area_code", required=True, pattern=r"[A-Za-z0-9_-]+"),
            Column("period", required=True, pattern=r"\d{4}(-[A-Z]?\d{1,2})?"),
            Column("dimensions", required=True),
            Column("value", "number", missing=MISSING),
            Column("flags"),
            Column("confidentiality", optional=True),
            Column("unit_multiplier", "integer", minimum=-12, maximum=15, optional=True),
            Column("source_updated_at", optional=True),
        ),
        key=("dataset_code", "area_code", "dimensions", "period"),
        period="period",
    )


def read_sdmx_csv(
    body: bytes, where: str, dataset: str, dimensions: Sequence[str] = ()
) -> pl.DataFrame:
    """SDMX-CSV as rows of `observations`, one per line of the reply.

    Args:
        body: a whole reply; labels beside codes are left out.
        where: named in errors.
        dataset: the publisher's code of the data set.
        dimensions: names that have to be there. Every column that is no known attribute is a
            dimension: one that the publisher adds keeps its series apart.

    Raises:
        SchemaDrift: a required column is not there, or the reply is no regular table.
    """
    rows = read_csv(body, where)
    names = {name.strip().upper(): name for name in rows.columns if _CODE.fullmatch(name.strip())}
    for needed in ("TIME_PERIOD", "OBS_VALUE", *(name.upper() for name in dimensions)):
        if needed not in names:
            raise SchemaDrift(
                f"{where}: column {needed} is not there; there are {', '.join(rows.columns[:20])}"
            )
    area = next((names[name] for name in _AREAS if name in names), None)
    if area is None:
        raise SchemaDrift(f"{where}: none of {', '.join(_AREAS)} is a column")
    wanted = [column for name, column in names.items() if name not in _ATTRIBUTES]
    flags = [names[name] for name in ("OBS_FLAG", "OBS_STATUS") if name in names]
    return rows.select(
        "_row_no",
        pl.lit(dataset).alias("dataset_code"),
        pl.col(area).alias("area_code"),
        pl.col(names["TIME_PERIOD"]).alias("period"),
        _as_json([name for name in wanted if name != area]),
        pl.col(names["OBS_VALUE"]).alias("value"),
        (pl.col(flags[0]) if flags else pl.lit(None, pl.String)).alias("flags"),
        _or_null(names.get("CONF_STATUS"), "confidentiality"),
        _or_null(names.get("UNIT_MULT"), "unit_multiplier"),
        _or_null(names.get("LAST UPDATE"), "source_updated_at"),
    )


def read_tsv(body: bytes, where: str, dataset: str) -> pl.DataFrame:
    r"""Eurostat's TSV as rows of `observations`, one per cell.

    The first column packs the dimensions (`nace_r2,indic_sb,geo\time`), the others are periods,
    the newest first; a cell is a value, a blank and flags: `12345 `, `2.6 e`, `: c`.

    Raises:
        SchemaDrift: the header does not name dimensions and periods in this way, or a row packs
            another number of dimensions.
    """
    try:
        wide = pl.read_csv(
            body.removeprefix(b"\xef\xbb\xbf"),
            separator="\t",
            infer_schema=False,
            quote_char=None,
            null_values=[": "],  # neither figure nor flag: every fifth cell
        )
    except pl.exceptions.PolarsError as error:
        raise SchemaDrift(f"{where}: not a regular TSV table ({error})") from error
    key, *periods = wide.columns
    packed, slash, last = key.strip().partition("\\")
    dimensions = [name.strip() for name in packed.split(",")]
    if not slash or not last.lower().startswith("time") or "geo" not in dimensions or not periods:
        raise SchemaDrift(f"{where}: the first header cell is {key[:60]!r}, not `…,geo\\time`")
    names = [name.strip() for name in periods]
    if len({*names, "area_code", "dimensions"}) < len(names) + 2 or len(set(dimensions)) < len(
        dimensions
    ):
        raise SchemaDrift(f"{where}: the header repeats a name: {', '.join(wide.columns)[:200]}")
    odd = wide.filter(pl.col(key).str.count_matches(",", literal=True) != len(dimensions) - 1)
    if odd.height:
        raise SchemaDrift(f"{where}: row key {odd[key][0]!r} does not pack {packed}")
    parts = pl.col(key).str.split_exact(",", len(dimensions) - 1).struct
    fields = [parts.field(f"field_{n}").alias(name) for n, name in enumerate(dimensions)]
    keys = wide.select(fields)
    if wide[key].str.contains(" ", literal=True).any():
        keys = keys.select(pl.all().str.strip_chars())
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        values, flags = zip(*pool.map(_parted, wide.select(periods)), strict=True)
    long = (
        keys.select(
            pl.col("geo").alias("area_code"), _as_json([n for n in dimensions if n != "geo"])
        )
        .hstack([value.alias(name) for name, value in zip(names, values, strict=True)])
        .unpivot(
            index=["area_code", "dimensions"],
            on=names,
            variable_name="period",
            value_name="value",
        )
    )
    return long.with_row_index("_row_no", offset=1).select(
        pl.col("_row_no").cast(pl.Int64),
        pl.lit(dataset).alias("dataset_code"),
        "area_code",
        "period",
        "dimensions",
        "value",
        pl.concat(flags).alias("flags"),
    )


def _parted(cells: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Figures and flags of cells.

    A cell without a flag ends in its blank, so that only the others, few of them, are taken apart.
    A blank that is left in a figure makes it no number, and the contract turns the row away.
    """
    flagged = (~cells.str.ends_with(" ")).fill_null(value=False).arg_true()
    pairs = cells.gather(flagged).str.strip_chars().str.splitn(" ", 2).struct.unnest()
    nothing = pl.repeat(None, len(cells), dtype=pl.String, eager=True)
    return (
        placed(cells.str.strip_chars(), flagged, pairs["field_0"]),
        placed(nothing, flagged, pairs["field_1"].str.strip_chars()),
    )


def _as_json(names: Sequence[str]) -> pl.Expr:
    """Columns as one JSON object, in their order; codes hold no quotes."""
    if not names:
        return pl.lit("{}").alias("dimensions")
    pattern = ",".join(f'"{name}":"{{}}"' for name in names)
    braces = pattern.replace("{}", "\x00").replace("{", "").replace("\x00", "{}")
    cells = [pl.col(name).fill_null("").str.replace_all(r'["\\]', "") for name in names]
    return (pl.lit("{") + pl.format(braces, *cells) + pl.lit("}")).alias("dimensions")


def _or_null(column: str | None, name: str) -> pl.Expr:
    return (pl.col(column) if column else pl.lit(None, pl.String)).alias(name)
