"""Table contracts: what a raw row must look like, and where a row goes that does not.

Everything is read as text and cast here, with every failure counted: a row that breaks its
contract goes to quarantine with the rule and the reason, so that
`landed = promoted + quarantined` holds to the row.

Belongs here: pure functions over polars frames. Does not belong here: reading files (sources),
plausibility over whole tables (`expectations`), meaning across columns (dbt staging).
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import polars as pl

from pipelines import cells
from pipelines.cells import Cells, Kind
from pipelines.errors import SchemaDrift

_DUCKDB_TYPES: dict[Kind, str] = {
    "text": "varchar",
    "integer": "bigint",
    "number": "double",
    "decimal3": "decimal(18,3)",
    "date": "date",
}
_FEW_ROWS = 20_000  # below, threads cost more than they bring
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
    read = list(_columns(table, rows))
    rule = _first_broken(table, read, rows.height)
    values = pl.DataFrame([rows["_row_no"], *(column.value for column in read)])
    rule = _with_duplicates(values, rule, table)
    typed = [rows["_row_no"]]
    for column in read:
        typed += [column.value] if column.status is None else [column.value, column.status]
    if rule is None:
        return Gated(pl.DataFrame(typed), pl.DataFrame(schema=BAD_SCHEMA))
    held = pl.DataFrame([rows["_row_no"], rule.alias("_rule")]).drop_nulls("_rule")
    return Gated(pl.DataFrame(typed).filter(rule.is_null()), _describe(held, rows, table))


def _columns(table: Table, rows: pl.DataFrame) -> Iterable[Cells]:
    """Every column of the contract, read; in threads where that is worth it."""

    def read(column: Column) -> Cells:
        if column.header in rows.columns:
            return cells.read(column, rows[column.header])
        return cells.read_nothing(column, rows.height)

    if rows.height < _FEW_ROWS:
        return map(read, table.columns)
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        return list(pool.map(read, table.columns))


def _first_broken(table: Table, read: list[Cells], height: int) -> pl.Series | None:
    """The rule that each row breaks first, as `rule|column`; None where no row breaks any."""
    broken = [
        (f"{name}|{column.name}", mask)
        for column, cell in zip(table.columns, read, strict=True)
        for name, mask in cell.broken
    ]
    if not broken:
        return None
    masks = pl.DataFrame([mask.alias(str(n)) for n, (_, mask) in enumerate(broken)])
    return masks.select(
        pl.coalesce(
            pl.when(pl.col(str(n))).then(pl.lit(label)) for n, (label, _) in enumerate(broken)
        ).alias("_rule")
    ).to_series()


def _with_duplicates(
    values: pl.DataFrame, rule: pl.Series | None, table: Table
) -> pl.Series | None:
    """The rules, with those for rows whose key is there before or with other figures.

    Keys are compared by hash, which finds every repetition; what it finds is looked at exactly.
    """
    keys = values.select(table.key)
    sound = keys if rule is None else keys.filter(rule.is_null())
    if sound.hash_rows().n_unique() == sound.height:
        return rule
    if rule is None:
        rule = pl.repeat(None, values.height, dtype=pl.String, eager=True).alias("_rule")
    names = [column.name for column in table.columns]
    return _mark_duplicates(values.with_columns(rule), table, names)["_rule"]


class Keys:
    """Keys of the batches of one file, as hashes: whether one is there again in another batch.

    `apply` sees one batch at a time. Eight bytes a row are kept, so that a file of any length can
    be read in bounded memory; equal keys have equal hashes, so that none is overlooked.
    """

    def __init__(self) -> None:
        self._first: pl.DataFrame | None = None
        self._hashes: list[pl.Series] = []

    def add(self, table: Table, good: pl.DataFrame) -> None:
        """Take note of the promoted rows of a batch."""
        keys = good.select(table.key)
        if self._first is None and not self._hashes:
            self._first = keys  # hashed only when there is another batch
            return
        if self._first is not None:
            self._hashes, self._first = [self._first.hash_rows()], None
        self._hashes.append(keys.hash_rows())

    def repeat(self) -> bool:
        """Whether a key may be in two batches; never False where one is."""
        if len(self._hashes) < 2:
            return False
        return pl.concat(self._hashes).n_unique() < sum(map(len, self._hashes))


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
        value = ", ".join(str(row.get(h)) for h in headers)
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
