"""One column of text, cast and checked: what a contract makes of its cells.

Nearly all cells of a file are as they have to be, and most texts occur many times. So a column is
cast as it stands and only what could not be cast is looked at; texts are judged once for each
distinct one; and a column with nothing odd in it is not touched at all.

Belongs here: pure functions over one series. Does not belong here: rows, keys and reasons
(`contracts`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

if TYPE_CHECKING:
    from pipelines.contracts import Column

Kind = Literal["text", "integer", "number", "decimal3", "date"]

TYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "decimal3": pl.Decimal(18, 3),
    "date": pl.Date(),
}
# Texts are judged one by one of the distinct ones where at most every second of the first is new.
_SAMPLE = 2_000
_DISTINCT_SHARE = 0.5


@dataclass(frozen=True)
class Cells:
    """One column, read.

    Attributes:
        value: typed, null where there is no figure or no text.
        status: what a documented text in a numeric cell means; None where the column has none.
        broken: rules that cells break, each with a mask, in the order in which they count.
    """

    value: pl.Series
    status: pl.Series | None
    broken: tuple[tuple[str, pl.Series], ...]


def read(column: Column, raw: pl.Series) -> Cells:
    """Cast and check one column.

    Args:
        column: its part of the contract.
        raw: its cells as text, null for an empty one.
    """
    if len(raw) > 1 and _is_constant(raw):
        return _repeated(read(column, raw.head(1)), len(raw))
    value = _cast(column, raw)
    at = _odd(column, raw, value)
    status = pl.repeat(None, len(raw), dtype=pl.String, eager=True) if column.codes else None
    without_text = raw.is_null() if column.required and raw.null_count() else None
    masks: dict[str, pl.Series] = {}
    if len(at):
        texts = raw.gather(at)
        judged = _judge(column, texts.unique())
        found = judged  # one row stands for all cells where all have the same text
        if judged.height > 1:
            found = (
                texts.alias("raw")
                .to_frame()
                .join(judged, on="raw", how="left", maintain_order="left")
            )
        if column.kind == "text" or _remarks(column) or found["value"].count():
            value = placed(value, at, found["value"])
        if status is not None and found["status"].count():
            status = placed(status, at, found["status"])
        for rule in ("kind", "pattern", "allowed"):
            if found[f"bad_{rule}"].any():
                masks[rule] = _mask(len(raw), at, found[f"bad_{rule}"])
        if column.required and found["is_empty"].any():
            empty = _mask(len(raw), at, found["is_empty"])
            without_text = empty if without_text is None else without_text | empty
    if without_text is not None:
        masks["required"] = without_text
    name = column.name
    return Cells(
        value.alias(name),
        None if status is None else status.alias(f"{name}_status"),
        tuple(_broken(column, value, masks)),
    )


def read_nothing(column: Column, height: int) -> Cells:
    """A column that the file does not have: empty cells."""
    return _repeated(read(column, pl.Series([None], dtype=pl.String)), height)


def _is_constant(raw: pl.Series) -> bool:
    """Whether all cells are one text, or all are empty: a year, or `N`."""
    if raw.null_count():
        return raw.null_count() == len(raw)
    first = raw.head(_SAMPLE)
    return first.n_unique() == 1 and bool((raw == raw[0]).all())


def _repeated(one: Cells, times: int) -> Cells:
    """A single cell's reading for all cells of a column."""

    def full(part: pl.Series) -> pl.Series:
        value = part[0] if times else None
        return pl.repeat(value, times, dtype=part.dtype, eager=True).alias(part.name)

    return Cells(
        full(one.value),
        None if one.status is None else full(one.status),
        tuple((rule, full(mask)) for rule, mask in one.broken),
    )


def _cast(column: Column, text: pl.Series) -> pl.Series:
    if column.kind == "text":
        return text
    if column.kind == "date":
        return text.str.to_date("%Y-%m-%d", strict=False)
    value = text.cast(TYPES[column.kind], strict=False)
    if column.kind == "number" and not value.is_finite().all():
        frame = value.alias("v").to_frame()  # 'nan' and 'inf' parse as numbers and are none
        return frame.select(pl.when(pl.col("v").is_finite()).then("v")).to_series()
    return value


def _odd(column: Column, raw: pl.Series, value: pl.Series) -> pl.Series:
    """Numbers of the cells that have to be looked at."""
    if column.kind != "text":
        odd = raw.is_not_null() & value.is_null()
        if remarks := _remarks(column):
            odd |= raw.is_in(remarks).fill_null(value=False)
        if not (column.pattern or column.allowed):
            return odd.arg_true()
        return (odd | _odd_texts(column, raw)).arg_true()
    return _odd_texts(column, raw).arg_true()


def _odd_texts(column: Column, raw: pl.Series) -> pl.Series:
    """Which texts are not what they have to be as they stand: by distinct text, or cell by cell."""
    first = raw.head(_SAMPLE)
    if first.n_unique() > max(1, len(first) * _DISTINCT_SHARE):
        return _is_odd(column, raw).fill_null(value=False)
    # Tables are sorted by something: most texts stand below their like.
    texts = raw.filter(raw.ne_missing(raw.shift(1))).unique().drop_nulls()
    odd = texts.filter(_is_odd(column, texts))
    if len(odd) == 0:
        return pl.repeat(False, len(raw), eager=True)
    return raw.is_in(odd.implode()).fill_null(value=False)


def _is_odd(column: Column, texts: pl.Series) -> pl.Series:
    text = pl.col("raw")
    odd = (text == "") | (text != text.str.strip_chars())
    if column.missing:
        odd |= text.is_in(list(column.missing))
    if column.pattern:
        odd |= ~text.str.contains(_whole(column.pattern))
    if column.allowed:
        odd |= ~text.is_in(list(column.allowed))
    return texts.alias("raw").to_frame().select(odd).to_series()


def _judge(column: Column, raw: pl.Series) -> pl.DataFrame:
    """What each text stands for and which rules it breaks; one row for each.

    Returns:
        `raw`, `value`, `status`, `is_empty`, `bad_kind`, `bad_pattern`, `bad_allowed`.
    """
    trimmed = pl.col("raw").str.strip_chars()
    empty = (trimmed == "") | trimmed.is_in(list(column.missing))
    frame = raw.alias("raw").to_frame().with_columns(pl.when(~empty).then(trimmed).alias("text"))
    text = pl.col("text")
    figure = frame["text"]
    if _remarks(column):
        remark = text.is_in(list(column.codes))
        figure = frame.select(pl.when(~remark).then(text)).to_series()
    frame = frame.with_columns(
        _cast(column, figure).alias("value"),
        text.replace_strict(column.codes, default=None, return_dtype=pl.String).alias("status")
        if column.codes
        else pl.lit(None, pl.String).alias("status"),
    )
    no = pl.lit(False)
    there, known = text.is_not_null(), text.is_in(list(column.codes))
    return frame.select(
        "raw",
        "value",
        "status",
        text.is_null().alias("is_empty"),
        (there & pl.col("value").is_null() & ~known).alias("bad_kind"),
        (there & ~text.str.contains(_whole(column.pattern)) if column.pattern else no).alias(
            "bad_pattern"
        ),
        (there & ~text.is_in(list(column.allowed)) if column.allowed else no).alias("bad_allowed"),
    )


def _broken(
    column: Column, value: pl.Series, masks: dict[str, pl.Series]
) -> Iterator[tuple[str, pl.Series]]:
    names = {
        "required": "required",
        "kind": f"not_a_{column.kind.removesuffix('3')}",
        "pattern": "pattern",
        "allowed": "not_allowed",
    }
    for rule, name in names.items():
        if rule in masks:
            yield name, masks[rule]
    if column.minimum is not None and (low := value.min()) is not None and low < column.minimum:
        yield "below_minimum", (value < column.minimum).fill_null(value=False)
    if column.maximum is not None and (top := value.max()) is not None and top > column.maximum:
        yield "above_maximum", (value > column.maximum).fill_null(value=False)


def placed(whole: pl.Series, at: pl.Series, some: pl.Series) -> pl.Series:
    """`whole` with the cells `at` taken from `some`, which may be one cell for all of them."""
    return whole.clone().scatter(at, some.cast(whole.dtype))


def _mask(size: int, at: pl.Series, broken: pl.Series) -> pl.Series:
    return placed(pl.repeat(False, size, eager=True), at, broken)


def _remarks(column: Column) -> list[str]:
    """Documented texts that a cast would take for figures."""
    found = []
    for word in (*column.codes, *column.missing):
        try:
            float(word)
        except ValueError:
            continue
        found.append(word)
    return found


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"
