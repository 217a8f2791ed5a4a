"""Table contracts: what a raw row must look like, and where a row goes that does not.

Everything is read as text and cast here, with every failure counted: a row that breaks its
contract goes to quarantine with the rule and the reason, so that
`landed = promoted + quarantined` holds to the row.

Belongs here: pure functions over polars frames. Does not belong here: reading files (sources),
plausibility over whole tables (`expectations`), meaning across columns (dbt staging).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from pipelines.errors import SchemaDrift

Kind = Literal["text", "integer", "number", "decimal3", "date"]

_TYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "decimal3": pl.Decimal(18, 3),
    "date": pl.Date(),
}
_DUCKDB_TYPES: dict[Kind, str] = {
    "text": "varchar",
    "integer": "bigint",
    "number": "double",
    "decimal3": "decimal(18,3)",
    "date": "date",
}
PROVENANCE = ("_snapshot_id", "_part", "_member", "_row_no")


@dataclass(frozen=True)
class Column:
    """One column of a raw table.

    Attributes:
        name: name in the raw table, unit as suffix.
        kind: type after the cast.
        source_name: header in the publisher's file, where it differs.
        required: a null breaks the contract.
        codes: text in a numeric cell that the publisher documents, and the status it means;
            such a cell is null, with the status in `<name>_status`.
        missing: texts that mean "no figure", besides the empty one.
        pattern: regular expression that a text must match as a whole.
        allowed: closed list of texts.
        minimum, maximum: inclusive bounds of a number.
        optional: the publisher's file may lack the column; it is then null.
    """

    name: str
    kind: Kind = "text"
    source_name: str = ""
    required: bool = False
    codes: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    pattern: str = ""
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    optional: bool = False

    @property
    def header(self) -> str:
        return self.source_name or self.name


@dataclass(frozen=True)
class Table:
    """One raw table: its columns, its key, and the share of rows that may be bad.

    Attributes:
        name: `<source>__<name>` is the table in DuckDB's schema `raw`.
        columns: in order.
        key: columns that identify a row within one part.
        period: column with the reference year, if any.
        unit: column whose text must not change from one vintage to the next (a series' name).
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    period: str | None = None
    unit: str | None = None

    def duckdb_columns(self) -> list[tuple[str, str]]:
        """(name, type) of every column of the promoted table, provenance last."""
        columns = []
        for column in self.columns:
            columns.append((column.name, _DUCKDB_TYPES[column.kind]))
            if column.codes:
                columns.append((f"{column.name}_status", "varchar"))
        types = {"_row_no": "bigint"}
        return columns + [(name, types.get(name, "varchar")) for name in PROVENANCE]


@dataclass(frozen=True)
class Gated:
    """Outcome of a contract: `good` typed, `bad` with rule, column, value, reason and raw row."""

    good: pl.DataFrame
    bad: pl.DataFrame


BAD_SCHEMA = {
    "_row_no": pl.Int64,
    "rule": pl.String,
    "column_name": pl.String,
    "value": pl.String,
    "reason": pl.String,
    "row_json": pl.String,
}


def apply(table: Table, rows: pl.DataFrame, where: str) -> Gated:
    """Cast and check text rows.

    Args:
        table: the contract.
        rows: all columns text, headers as in the file, plus `_row_no` (1-based).
        where: file and member, for messages.

    Returns:
        `good` has the contract's columns, `<name>_status` columns and `_row_no`.

    Raises:
        SchemaDrift: a required column is missing; names file, column and what is there instead.
    """
    lost = [c.header for c in table.columns if not c.optional and c.header not in rows.columns]
    if lost:
        raise SchemaDrift(
            f"{where}: column {', '.join(map(repr, lost))} is missing (renamed or removed?); the "
            f"file has {', '.join(c for c in rows.columns if not c.startswith('_'))}. Nothing of "
            "this delivery was promoted; the last good vintage stays in service. If the publisher "
            f"renamed it, change `source_name` of that column in table {table.name!r}."
        )
    absent = [
        pl.lit(None, pl.String).alias(c.header)
        for c in table.columns
        if c.header not in rows.columns
    ]
    rows = rows.with_columns(absent)
    texts = rows.select("_row_no", *(_text(c).alias(f"{c.name}__text") for c in table.columns))
    typed = texts.with_columns(
        *(_cast(c).alias(c.name) for c in table.columns),
        *(
            pl.col(f"{c.name}__text")
            .replace_strict(c.codes, default=None, return_dtype=pl.String)
            .alias(f"{c.name}_status")
            for c in table.columns
            if c.codes
        ),
    )
    checks = [check for c in table.columns for check in _checks(c)]
    typed = typed.with_columns(
        pl.coalesce(pl.when(broken).then(pl.lit(label)) for label, broken in checks).alias("_rule")
        if checks
        else pl.lit(None, pl.String).alias("_rule")
    )
    names = [c.name for c in table.columns]
    typed = _mark_duplicates(typed, table, names)
    bad = typed.filter(pl.col("_rule").is_not_null())
    out = ["_row_no"]
    for column in table.columns:
        out.append(column.name)
        if column.codes:
            out.append(f"{column.name}_status")
    good = typed.filter(pl.col("_rule").is_null()).select(out)
    return Gated(good, _describe(bad, rows, table))


def _text(column: Column) -> pl.Expr:
    text = pl.col(column.header).str.strip_chars()
    blank = text == ""
    for word in column.missing:
        blank |= text == word
    return pl.when(~blank).then(text)


def _cast(column: Column) -> pl.Expr:
    text = pl.col(f"{column.name}__text")
    if column.kind == "text":
        return text
    if any(code.lstrip("-").isdigit() for code in column.codes):
        text = pl.when(~text.is_in(list(column.codes))).then(text)  # a remark, no figure
    if column.kind == "date":
        return text.str.to_date("%Y-%m-%d", strict=False)
    if column.kind == "number":  # 'nan' and 'inf' parse as numbers and are none
        number = text.cast(pl.Float64, strict=False)
        return pl.when(number.is_finite()).then(number)
    return text.cast(_TYPES[column.kind], strict=False)


def _checks(column: Column) -> list[tuple[str, pl.Expr]]:
    text, value = pl.col(f"{column.name}__text"), pl.col(column.name)
    checks: list[tuple[str, pl.Expr]] = []
    if column.required:
        checks.append((f"required|{column.name}", text.is_null()))
    if column.kind != "text":
        known = text.is_in(list(column.codes)) if column.codes else pl.lit(False)
        rule = f"not_a_{column.kind.removesuffix('3')}"
        checks.append((f"{rule}|{column.name}", text.is_not_null() & value.is_null() & ~known))
    if column.pattern:
        matches = text.str.contains(f"^(?:{column.pattern})$")
        checks.append((f"pattern|{column.name}", text.is_not_null() & ~matches))
    if column.allowed:
        listed = text.is_in(list(column.allowed))
        checks.append((f"not_allowed|{column.name}", text.is_not_null() & ~listed))
    if column.minimum is not None:
        checks.append((f"below_minimum|{column.name}", value < column.minimum))
    if column.maximum is not None:
        checks.append((f"above_maximum|{column.name}", value > column.maximum))
    return checks


def _mark_duplicates(typed: pl.DataFrame, table: Table, names: list[str]) -> pl.DataFrame:
    """Repeats of one row keep the first; rows that contradict each other all go."""
    sound = pl.col("_rule").is_null()
    if not typed.filter(sound).select(table.key).is_duplicated().any():
        return typed
    group = (*table.key, "_sound")
    several = sound & (pl.len().over(*group) > 1)
    variants = pl.struct(names).n_unique().over(*group)
    first = pl.col("_row_no") == pl.col("_row_no").min().over(*group)
    label = ",".join(table.key)
    return (
        typed.with_columns(sound.alias("_sound"))
        .with_columns(
            pl.when(several & (variants > 1))
            .then(pl.lit(f"duplicate_key|{label}"))
            .when(several & ~first)
            .then(pl.lit(f"repeated_row|{label}"))
            .otherwise(pl.col("_rule"))
            .alias("_rule")
        )
        .drop("_sound")
    )


def _describe(bad: pl.DataFrame, rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    if bad.is_empty():
        return pl.DataFrame(schema=BAD_SCHEMA)
    columns = {c.name: c for c in table.columns}
    originals = {
        row["_row_no"]: row
        for row in rows.filter(pl.col("_row_no").is_in(bad["_row_no"].implode())).to_dicts()
    }
    records = []
    for number, label in bad.select("_row_no", "_rule").iter_rows():
        rule, name = label.split("|", 1)
        row = originals[number]
        headers = [columns[part].header for part in name.split(",")]
        value = ", ".join(str(row[h]) for h in headers)
        records.append(
            {
                "_row_no": number,
                "rule": rule,
                "column_name": name,
                "value": value,
                "reason": _reason(rule, columns.get(name), name, value),
                "row_json": _json({k: v for k, v in row.items() if not k.startswith("_")}),
            }
        )
    return pl.DataFrame(records, schema=BAD_SCHEMA)


def _json(row: dict[str, object]) -> str:
    import orjson

    return orjson.dumps(row, default=str).decode()


def _reason(rule: str, column: Column | None, name: str, value: str) -> str:
    if rule == "required":
        return f"{name} is empty"
    if rule.startswith("not_a_"):
        codes = f" and no code ({', '.join(column.codes)})" if column and column.codes else ""
        return f"{name} is {value!r}, which is no {rule.removeprefix('not_a_')}{codes}"
    if rule == "pattern" and column:
        return f"{name} is {value!r}, which does not match {column.pattern}"
    if rule == "not_allowed" and column:
        return f"{name} is {value!r}, not one of {', '.join(column.allowed)}"
    if rule == "below_minimum" and column:
        return f"{name} is {value}, below {column.minimum:g}"
    if rule == "above_maximum" and column:
        return f"{name} is {value}, above {column.maximum:g}"
    if rule == "duplicate_key":
        return f"several rows with different figures for ({name}) = ({value})"
    return f"the row repeats an earlier one with ({name}) = ({value})"
