"""Tables that a user hands in and takes away: CSV or Parquet, by the ending of the file.

Codes stay text (`06` keeps its zero) and words are never taken for nulls; figures are cast with
an error that names file, row, column and value.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

import polars as pl

from pipelines.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow.parquet as pq


class TableFormat(StrEnum):
    """Formats that results are written in."""

    PARQUET = "parquet"
    CSV = "csv"


def read_table(file: Path, *, keys: Sequence[str], figures: Sequence[str]) -> pl.DataFrame:
    """Read the named columns: keys as text, figures as doubles (NULL where the cell is empty).

    Args:
        file: `.csv`, `.csv.gz`, `.tsv` or `.parquet`.
        keys: columns of codes and names.
        figures: columns of numbers.

    Raises:
        ConfigError: the file is missing or unreadable, a column is missing (lists those there
            are), a key is empty, or a figure is no finite number (names row, column and value;
            rows are counted from 1 after the header).
    """
    if not file.is_file():
        raise ConfigError(f"{file} is not there")
    wanted = list(dict.fromkeys([*keys, *figures]))
    try:
        if file.suffix == ".parquet":
            rows = pl.read_parquet(file)
        elif file.name.endswith((".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt")):
            separator = "\t" if ".tsv" in file.name else ","
            rows = pl.read_csv(file, infer_schema=False, separator=separator)
        else:
            raise ConfigError(f"{file}: only .csv, .tsv (also .gz) and .parquet are read")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    missing = [name for name in wanted if name not in rows.columns]
    if missing:
        raise ConfigError(
            f"{file}: no column {', '.join(map(repr, missing))}; there are "
            + ", ".join(map(repr, rows.columns))
        )
    rows = rows.select(wanted)
    for name in keys:
        text = rows[name].cast(pl.String)
        empty = text.is_null() | (text.str.strip_chars() == "")
        if empty.any():
            row = empty.arg_true()[0] + 1
            raise ConfigError(f"{file}, row {row}, column {name!r}: empty; a key is required")
        rows = rows.with_columns(text.alias(name))
    for name in figures:
        rows = rows.with_columns(_figures(file, rows[name]))
    return rows


def write_table(rows: pl.DataFrame, folder: Path, name: str, kind: TableFormat) -> Path:
    """Write one result table below `folder`, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{name}.{kind.value}"
        if kind is TableFormat.CSV:
            rows.write_csv(target)
        else:
            rows.write_parquet(target, compression="zstd")
    except OSError as error:
        raise ConfigError(f"cannot write to {folder}: {error}") from error
    return target


class TableSink:
    """A result table that is written piece by piece, so that only one piece is in memory.

    Use it as a context manager. The file has its name only when all pieces are written; after an
    error nothing is left behind.
    """

    def __init__(self, folder: Path, name: str, kind: TableFormat) -> None:
        self.target = folder / f"{name}.{kind.value}"
        self._part = folder / f".{name}.{kind.value}.part"
        self._kind = kind
        self._file: IO[bytes] | None = None
        self._parquet: pq.ParquetWriter | None = None

    def __enter__(self) -> TableSink:
        try:
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("wb")
        except OSError as error:
            raise ConfigError(f"cannot write to {self._part.parent}: {error}") from error
        return self

    def write(self, rows: pl.DataFrame) -> None:
        """Append rows; all pieces have the columns of the first one."""
        assert self._file is not None, "not entered"
        try:
            if self._kind is TableFormat.CSV:
                rows.write_csv(self._file, include_header=self._file.tell() == 0)
                return
            piece = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
            if self._parquet is None:
                import pyarrow.parquet as pq  # 0.15 s that no other command should wait for

                self._parquet = pq.ParquetWriter(self._file, piece.schema, compression="zstd")
            self._parquet.write_table(piece)
        except OSError as error:
            raise ConfigError(f"cannot write to {self._part.parent}: {error}") from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._file is not None, "not entered"
        try:
            if self._parquet is not None:
                self._parquet.close()
            self._file.close()
            if kind is None:
                self._part.replace(self.target)
        except OSError as failed:
            raise ConfigError(f"cannot write to {self._part.parent}: {failed}") from failed
        finally:
            self._part.unlink(missing_ok=True)


def _figures(file: Path, column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        text = column.str.strip_chars()
        empty = text.is_null() | (text == "")
        values = text.cast(pl.Float64, strict=False)
    else:
        empty = column.is_null()
        values = column.cast(pl.Float64, strict=False)
    wrong = ~empty & ~values.is_finite().fill_null(False)
    if wrong.any():
        row = wrong.arg_true()[0]
        raise ConfigError(
            f"{file}, row {row + 1}, column {column.name!r}: {column[row]!r} is no finite number"
        )
    return values.alias(column.name)
