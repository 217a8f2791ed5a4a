"""A contract column by column, against a reading of the rules cell by cell in plain Python."""

from __future__ import annotations

import math
import re
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import cells
from pipelines.contracts import Column, Keys, Table, apply

COLUMNS = (
    Column("code", required=True, pattern=r"[A-Z]\d"),
    Column("kind", allowed=("G", "H"), missing=(":",)),
    Column("note"),
    Column("count", "integer", required=True, codes={"D": "suppressed", "-9": "remark"}, minimum=0),
    Column("share", "number", missing=("NaN", "-1"), codes={"S": "low"}, maximum=9.5),
    Column("day", "date"),
    Column("made", "integer", pattern=r"\d+", allowed=("1", "20", " 3")),
)
WORDS = [
    "A1", " A1 ", "A1\t", "b1", "", " ", "G", "H ", ":", " :", "D", " D", "-9", "-9 ", "S", "NaN",
    "nan", "inf", "-1", "-1.0", "0", "7", " 7", "+7", "007", "9.5", "9.6", "1e3", "1_0", "20", "3",
    "2024-02-29", " 2024-02-29", "2023-02-29", "\u00a05", "x" * 20, None,
]  # fmt: skip


def read_by_hand(column: Column, raw: str | None) -> tuple[Any, str | None, str | None]:
    """Value, status and broken rule of one cell, straight from the contract's words."""
    text = raw.strip() if raw is not None else ""
    if text == "" or text in column.missing:
        return None, None, "required" if column.required else None
    value: Any = text
    if column.kind != "text":
        value = None if text in column.codes else figure(column, text)
        if value is None and text not in column.codes:
            return None, None, f"not_a_{column.kind}"
    status = column.codes.get(text)
    if column.pattern and not re.fullmatch(column.pattern, text):
        return value, status, "pattern"
    if column.allowed and text not in column.allowed:
        return value, status, "not_allowed"
    if column.minimum is not None and value is not None and value < column.minimum:
        return value, status, "below_minimum"
    if column.maximum is not None and value is not None and value > column.maximum:
        return value, status, "above_maximum"
    return value, status, None


def figure(column: Column, text: str) -> Any:
    try:
        if column.kind == "date":
            return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
        if column.kind == "integer":
            return int(text) if re.fullmatch(r"[+-]?\d+", text) else None
        number = float(text) if "_" not in text else math.nan
        return number if math.isfinite(number) else None
    except ValueError:
        return None


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
@given(st.data())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_every_cell_is_read_as_by_hand(column: Column, data: st.DataObject) -> None:
    """Few texts that repeat, one text throughout, and texts that are all different."""
    few = data.draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
    drawn = data.draw(
        st.one_of(
            st.lists(st.sampled_from(few), max_size=60),
            st.lists(st.sampled_from(WORDS), max_size=60),
            st.lists(st.integers(-3, 10**6).map(str), unique=True, max_size=60),
        )
    )
    got = cells.read(column, pl.Series(drawn, dtype=pl.String))
    wanted = [read_by_hand(column, raw) for raw in drawn]
    rules: list[str | None] = [None] * len(drawn)
    for rule, mask in reversed(got.broken):
        rules = [rule if hit else old for old, hit in zip(rules, mask, strict=True)]
    assert rules == [rule for _, _, rule in wanted]
    sound = [n for n, rule in enumerate(rules) if rule is None]
    assert [got.value[n] for n in sound] == [wanted[n][0] for n in sound]
    assert got.value.dtype == cells.TYPES[column.kind] and len(got.value) == len(drawn)
    if column.codes:
        assert [got.status[n] for n in sound] == [wanted[n][1] for n in sound]


@given(st.lists(st.decimals(-(10**6), 10**6, places=5), max_size=30))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_decimals_keep_three_places(numbers: list[Decimal]) -> None:
    got = cells.read(Column("v", "decimal3"), pl.Series(map(str, numbers), dtype=pl.String))
    for value, number in zip(got.value, numbers, strict=True):
        assert abs(value - number) <= Decimal("0.0005"), (value, number)
        with pytest.raises(InvalidOperation) if not value.is_finite() else _nothing():
            value.quantize(Decimal("0.001"), ROUND_HALF_EVEN)


class _nothing:  # noqa: N801 - reads as a context
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def test_a_column_that_is_not_there_is_empty_or_breaks_the_contract() -> None:
    got = cells.read_nothing(Column("v", "integer", codes={"D": "x"}), 3)
    assert got.value.to_list() == got.status.to_list() == [None] * 3 and got.broken == ()
    ((rule, mask),) = cells.read_nothing(Column("v", required=True), 2).broken
    assert rule == "required" and mask.to_list() == [True, True]
    assert len(cells.read_nothing(Column("v"), 0).value) == 0


TABLE = Table("t", (Column("a"), Column("n", "integer")), key=("a", "n"))


def batch(first: int, *rows: tuple[str, str]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={"a": pl.String, "n": pl.String}, orient="row")
    numbers = pl.Series("_row_no", range(first, first + frame.height), dtype=pl.Int64)
    return frame.insert_column(0, numbers)


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 40)), max_size=40),
       st.integers(0, 40))  # fmt: skip
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_key_in_two_batches_is_always_seen(rows: list[tuple[str, int]], cut: int) -> None:
    texts = [(a, str(n)) for a, n in rows]
    keys = Keys()
    for at, part in ((0, texts[:cut]), (cut, texts[cut:])):
        keys.add(TABLE, apply(TABLE, batch(at + 1, *part), "t").good)
    assert keys.repeat() == bool(set(rows[:cut]) & set(rows[cut:]))
