"""Row contracts: every rule catches its row, and no row is lost or counted twice."""

from __future__ import annotations

import json

import polars as pl
import pytest

from pipelines.contracts import Column, Table, apply
from pipelines.errors import SchemaDrift

TABLE = Table(
    "t",
    (
        Column("code", required=True, pattern=r"\d{2}"),
        Column("year", "integer", "yr", required=True, minimum=1900, maximum=2100),
        Column("jobs", "integer", codes={"(D)": "suppressed", "N": "missing"}, minimum=0),
        Column("share", "number", missing=("NA",), maximum=100),
        Column("flag", allowed=("G", "H")),
        Column("money", "decimal3", optional=True),
        Column("day", "date", optional=True),
    ),
    key=("code", "year"),
)
GOOD = {"code": "01", "yr": "2020", "jobs": "7", "share": "1.5", "flag": "G", "money": "1.125"}


def gate(*rows: dict[str, str | None]) -> tuple[pl.DataFrame, pl.DataFrame]:
    full = [{**GOOD, "code": f"{n:02d}", **row} for n, row in enumerate(rows, start=1)]
    frame = pl.DataFrame(full, schema=dict.fromkeys(full[0], pl.String))
    frame = frame.with_row_index("_row_no", offset=1).with_columns(pl.col("_row_no").cast(pl.Int64))
    gated = apply(TABLE, frame, "file.csv")
    assert gated.good.height + gated.bad.height == len(rows)
    return gated.good, gated.bad


def test_good_row_is_typed() -> None:
    good, bad = gate({})
    assert bad.is_empty()
    row = good.row(0, named=True)
    assert (row["year"], row["jobs"], row["share"], str(row["money"])) == (2020, 7, 1.5, "1.125")
    assert good.schema["money"] == pl.Decimal(18, 3)


@pytest.mark.parametrize(
    ("change", "rule", "column"),
    [
        ({"code": ""}, "required", "code"),
        ({"code": "1"}, "pattern", "code"),
        ({"yr": "20X5"}, "not_a_integer", "year"),
        ({"yr": "1776"}, "below_minimum", "year"),
        ({"yr": "2500"}, "above_maximum", "year"),
        ({"jobs": "-1"}, "below_minimum", "jobs"),
        ({"jobs": "1x"}, "not_a_integer", "jobs"),
        ({"jobs": "7.5"}, "not_a_integer", "jobs"),
        ({"share": "n/a"}, "not_a_number", "share"),
        ({"share": "nan"}, "not_a_number", "share"),
        ({"share": "inf"}, "not_a_number", "share"),
        ({"share": "101"}, "above_maximum", "share"),
        ({"flag": "Z"}, "not_allowed", "flag"),
        ({"money": "one"}, "not_a_decimal", "money"),
    ],
)
def test_each_rule_catches_its_row(change: dict[str, str], rule: str, column: str) -> None:
    good, bad = gate({}, change, {})
    assert good["_row_no"].to_list() == [1, 3]
    row = bad.row(0, named=True)
    assert (row["_row_no"], row["rule"], row["column_name"]) == (2, rule, column)
    value = next(iter(change.values()))
    assert value in row["reason"] or rule == "required"
    header = next(iter(change))
    assert json.loads(row["row_json"])[header] == value


def test_codes_and_missing_words_are_null_with_a_status_and_not_bad() -> None:
    good, bad = gate({"jobs": "(D)"}, {"jobs": "N"}, {"jobs": ""}, {"share": "   NA"})
    assert bad.is_empty()
    assert good["jobs"].to_list() == [None, None, None, 7]
    assert good["jobs_status"].to_list() == ["suppressed", "missing", None, None]
    assert good["share"].to_list() == [1.5, 1.5, 1.5, None]


def test_contradicting_rows_all_go_and_repeats_keep_the_first() -> None:
    good, bad = gate(
        {"code": "01"}, {"code": "01", "jobs": "8"}, {"code": "02"}, {"code": "02"}, {"code": "03"}
    )
    assert good["_row_no"].to_list() == [3, 5]
    assert dict(zip(bad["_row_no"], bad["rule"], strict=True)) == {
        1: "duplicate_key",
        2: "duplicate_key",
        4: "repeated_row",
    }


def test_a_bad_row_does_not_make_its_good_twin_a_duplicate() -> None:
    good, bad = gate({"code": "01"}, {"code": "01", "jobs": "x"})
    assert good["_row_no"].to_list() == [1]
    assert bad["rule"].to_list() == ["not_a_integer"]


def test_renamed_column_stops_the_delivery_and_is_named() -> None:
    frame = pl.DataFrame([{**GOOD, "_row_no": 1}]).rename({"jobs": "employment"})
    with pytest.raises(SchemaDrift, match=r"file\.csv: column 'jobs' is missing.*employment"):
        apply(TABLE, frame, "file.csv")


def test_extra_column_is_no_trouble_and_optional_ones_may_be_absent() -> None:
    frame = pl.DataFrame([{**GOOD, "_row_no": 1, "new": "x"}]).drop("money")
    gated = apply(TABLE, frame, "file.csv")
    assert gated.bad.is_empty() and gated.good["money"].to_list() == [None]


def test_leading_zeros_and_the_word_na_survive() -> None:
    table = Table("t", (Column("geo", required=True), Column("k", pattern=r"\d{6}")), key=("geo",))
    frame = pl.DataFrame({"_row_no": [1], "geo": ["NA"], "k": ["010121"]})
    assert apply(table, frame, "f").good.row(0) == (1, "NA", "010121")
