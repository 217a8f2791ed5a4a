"""Figures, dates and the order of a ranking, as they are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest

from dashboards import words


@pytest.mark.parametrize(
    ("values", "digits"),
    [
        ([0.001, 0.004, 0.05], 3),
        ([0.4, 1.2, 9.0], 2),
        ([12.0, 55.0, None], 1),
        ([1e3, 2e3, 9e9], 0),
        ([None, 0.0], 2),
    ],
)
def test_digits_follow_the_middle_value(values: list[float | None], digits: int) -> None:
    assert words.decimals(values) == digits


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1234567.5, 0, "1,234,568"),
        (-0.25, 2, "−0.25"),
        (-0.001, 2, "0.00"),
        (0.0, 1, "0.0"),
        (None, 2, ""),
    ],
)
def test_number(value: float | None, digits: int, text: str) -> None:
    assert words.number(value, digits) == text


def test_interval_says_which_end_is_open() -> None:
    assert words.interval(0.5, 1.944, 2) == "0.50 – 1.94"
    assert words.interval(None, 2.0, 1) == "≤ 2.0"
    assert words.interval(2.0, None, 1) == "≥ 2.0"
    assert words.interval(None, None, 1) == ""


def test_moments_are_in_utc_and_an_unknown_one_says_so() -> None:
    local = datetime(2026, 3, 9, 1, 30, tzinfo=timezone(timedelta(hours=8)))
    assert words.moment(local) == "8 Mar 2026, 17:30 UTC"
    assert words.day(datetime(2026, 3, 9, tzinfo=UTC)) == "9 Mar 2026"
    assert words.moment(None) == "not stated by the publisher"
    assert words.span("2014", "2024") == "2014–2024"
    assert words.span("2014", "2014") == "2014"
    assert words.span(None, None) == "—"


def _cells(*rows: tuple[str, float | None, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [(name.upper(), name, value, status) for name, value, status in rows],
        schema={
            "geo_id": pl.String,
            "geo_name": pl.String,
            "value": pl.Float64,
            "obs_status": pl.String,
        },
        orient="row",
    )


CELLS = _cells(
    ("a", 3.0, "A"), ("b", 5.0, "A"), ("c", None, "L"), ("d", 99.0, "U"), ("e", 5.0, "P")
)


def test_ranking_leaves_out_small_cells_and_lists_them_after_the_ranked_ones() -> None:
    found = words.ranked(CELLS, "up").select("geo_name", "rank").rows()
    assert found == [("b", 1), ("e", 1), ("a", 3), ("c", None), ("d", None)]


def test_lower_is_better_turns_the_order_round() -> None:
    found = words.ranked(CELLS, "down").select("geo_name", "rank").rows()
    assert found[:3] == [("a", 1), ("b", 2), ("e", 2)]


def test_a_neutral_indicator_is_ordered_but_has_no_ranks() -> None:
    found = words.ranked(CELLS, "neutral")
    assert found["geo_name"].to_list() == ["b", "e", "a", "c", "d"]
    assert found["rank"].null_count() == 5


def test_the_usual_year_is_the_newest_that_two_thirds_report() -> None:
    frame = pl.DataFrame(
        [
            ("x", "2020", 1.0), ("y", "2020", 1.0), ("z", "2020", 1.0), ("never", "2020", None),
            ("x", "2021", 1.0), ("y", "2021", 1.0), ("z", "2021", None), ("never", "2021", None),
            ("x", "2022", 1.0), ("y", "2022", None), ("z", "2022", None), ("never", "2022", None),
        ],
        schema=["geo_id", "period", "value"],
        orient="row",
    )  # fmt: skip
    assert words.default_period(frame, ["2022", "2021", "2020"]) == "2021"
    nothing = frame.with_columns(pl.lit(None, dtype=pl.Float64).alias("value"))
    assert words.default_period(nothing, ["2022", "2021", "2020"]) == "2022"


def test_texts_of_one_column_and_of_several() -> None:
    frame = pl.DataFrame({"a": [0.5, None], "b": [1, 2]})
    assert words.written(frame, "a", "{:.0%}".format, "x").to_list() == ["50%", None]
    both = words.written(frame, ["b", "a"], lambda b, a: f"{b}/{a}", "y")
    assert (both.name, both.to_list()) == ("y", ["1/0.5", "2/None"])
