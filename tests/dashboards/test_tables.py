"""Tables as HTML: nothing is lost, nothing is injected, a blank cell says why."""

from __future__ import annotations

import polars as pl

from dashboards import tables, words
from tests.dashboards.conftest import rows_of

LABELS = {"A": "normal", "L": "no landed source covers the unit", "C": "confidential", "": "none"}


def _frame(*rows: tuple[str, float | None, str, float | None, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema={
            "geo_name": pl.String,
            "value": pl.Float64,
            "obs_status": pl.String,
            "value_lower": pl.Float64,
            "value_upper": pl.Float64,
        },
        orient="row",
    ).with_columns(pl.col("geo_name").alias("geo_id"))


def _ranking(frame: pl.DataFrame, direction: str = "up", **more: int) -> str:
    ordered = words.ranked(frame, direction)
    return tables.ranking(ordered, LABELS, unit="per 100", place_heading="Place", **more)


def test_rows_carry_rank_value_and_mark_and_a_blank_one_says_why() -> None:
    html = _ranking(
        _frame(
            ("High", 4.0, "A", None, None),
            ("Low", 1.25, "A", None, None),
            ("Gone", None, "L", None, None),
            ("Held", None, "C", 0.5, 2.0),
        )
    )
    assert rows_of(html) == {
        "High": ["1", "High", "", "4.00", "A"],
        "Low": ["2", "Low", "", "1.25", "A"],
        "Gone": ["", "Gone", "no landed source covers the unit", "", "L"],
        "Held": ["", "Held", "confidential", "0.50 – 2.00", "C"],
    }
    assert "width:100.0%" in html and "width:31.2%" in html


def test_negative_values_grow_to_the_left_of_the_middle() -> None:
    html = _ranking(_frame(("Up", 0.5, "A", None, None), ("Down", -1.0, "A", None, None)))
    assert "ck-negative" in html
    assert "margin-left:0.0%;width:50.0%" in html
    assert "margin-left:50.0%;width:25.0%" in html
    assert rows_of(html)["Down"][3] == "−1.00"


def test_limit_cuts_rows_but_not_the_scale() -> None:
    frame = _frame(*((f"P{n}", float(n), "A", None, None) for n in range(1, 9)))
    html = _ranking(frame, limit=3)
    assert list(rows_of(html)) == ["P8", "P7", "P6"]
    assert "width:75.0%" in html


def test_text_from_the_release_cannot_become_markup() -> None:
    bad = "<script>x</script>"
    html = _ranking(_frame((bad, 1.0, "A", None, None)))
    plain = tables.plain(pl.DataFrame({"a": [bad]}), {"a": bad})
    status = pl.DataFrame({"obs_status": ["A"], "label": [bad], "description": [bad]})
    for text in (html, plain, tables.legend(status, ["A"]), tables.tiles({bad: (bad, bad)})):
        assert "<script" not in text
        assert "&lt;script&gt;" in text


def test_plain_table_keeps_order_and_writes_a_dash_for_nothing() -> None:
    html = tables.plain(
        pl.DataFrame({"b": [1, None], "a": ["x", "y"]}), {"a": "A", "b": "B"}, numeric=["b"]
    )
    assert html.index(">A<") < html.index(">B<")
    assert html.count("<tr>") == 3
    assert ">—<" in html


def test_matrix_shows_the_newest_year_or_the_mark() -> None:
    base = {"indicator_name": "I", "indicator_id": "i", "guideline_id": "g1"}
    base |= {"cells_count": 5, "observed_count": 1}
    frame = pl.DataFrame(
        [
            {**base, "geo_id": "X", "geo_name": "X", "latest_period": "2024", "obs_status": "A"},
            {**base, "geo_id": "Y", "geo_name": "Y", "latest_period": "2022", "obs_status": "M"},
            {**base, "geo_id": "W", "geo_name": "W", "latest_period": "2019", "obs_status": "M"},
            {**base, "geo_id": "Z", "geo_name": "Z", "latest_period": None, "obs_status": "L"},
        ]
    )
    html = tables.matrix(frame, {"g1": "1. One", "g2": "2. Two"}, LABELS)
    assert '<td class="ck-full"' in html and ">2024</td>" in html
    assert '<td class="ck-recent"' in html and '<td class="ck-old"' in html
    assert 'title="Z, I: no landed source covers the unit"' in html
    assert "1. One" in html and "2. Two" not in html, "a guideline without indicators has no row"
