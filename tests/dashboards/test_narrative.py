"""Where a value stands among peers, and the words for it; worked by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from dashboards import narrative, report
from dashboards.narrative import Standing

LABELS = {"A": "Normal", "M": "Missing", "B": "Break in the series", "E": "Estimated"}


def cell(
    value: float | None, low: float | None = None, high: float | None = None
) -> dict[str, Any]:
    return {"value": value, "value_lower": low, "value_upper": high}


def row(**more: Any) -> dict[str, Any]:
    base = {
        **cell(30.0),
        "indicator_id": "i",
        "basis": "b",
        "geo_id": "AUS",
        "indicator_name": "Broadband",
        "basis_name": "Subscriptions",
        "unit": "per 100",
        "guideline_id": "g1",
        "direction": "up",
        "role": "scored",
        "period": "2024",
        "obs_status": "A",
    }
    return {**base, **more}


def test_exact_values_stand_where_they_stand() -> None:
    found = narrative.standing(cell(30), [cell(10), cell(20), cell(30), cell(40), cell(None)])
    assert found == Standing(0.625, 0.625, 0.625, 25.0, 4)  # two below, one level: 2.5 of 4
    assert found.is_certain
    assert narrative.place_in_words(found) == "above the middle of 4 peers"


def test_overlapping_intervals_are_not_distinguishable() -> None:
    peers = [cell(10, 5, 35), cell(20, 15, 45), cell(40, 25, 50), cell(50, 48, 60)]
    found = narrative.standing(cell(30, 20, 49), peers)
    # lower bound 20: no peer is surely below it; upper bound 49: all four may be
    assert (found.share, found.share_lower, found.share_upper) == (0.5, 0.0, 1.0)
    assert not found.is_certain
    assert narrative.place_in_words(found) == "not distinguishable from the middle of 4 peers"
    assert narrative.reading(row(), found) == ""


@pytest.mark.parametrize(
    ("direction", "role", "expected"),
    [
        ("up", "scored", "favourable"),
        ("down", "scored", "unfavourable"),
        ("neutral", "scored", ""),
        ("up", "context", ""),
        ("up", "test", ""),
    ],
)
def test_only_scored_indicators_with_a_direction_are_judged(
    direction: str, role: str, expected: str
) -> None:
    found = narrative.standing(cell(50), [cell(10), cell(20), cell(30)])
    assert narrative.reading(row(direction=direction, role=role), found) == expected


def test_few_peers_and_missing_values_say_so() -> None:
    few = narrative.standing(cell(30), [cell(10), cell(20), cell(None)])
    assert few.share is None and "only 2 peers have a value" in narrative.place_in_words(few)
    gone = narrative.standing(cell(None), [cell(1), cell(2), cell(3)])
    assert gone.share is None and gone.median == 2
    text = narrative.sentence(row(value=None, obs_status="M"), gone, LABELS, "Peru")
    assert text == "Broadband: no figure for Peru (missing)."


def test_a_sentence_has_value_unit_year_place_and_caveat() -> None:
    found = narrative.standing(cell(30), [cell(10), cell(20), cell(25)])
    text = narrative.sentence(row(obs_status="B"), found, LABELS, "Peru")
    assert text == (
        "Broadband: 30.0 (per 100, 2024); in the highest quarter of 3 peers, whose median is 20.0 "
        "(favourable). Mark B: Break in the series."
    )
    bounded = row(value_lower=28.0, value_upper=31.0)
    assert "interval 28.0 – 31.0" in narrative.sentence(bounded, found, LABELS, "Peru")


def test_bases_are_never_pooled() -> None:
    frame = pl.DataFrame(
        [
            row(geo_id=geo, basis=basis, value=value)
            for basis, scale in (("b", 1.0), ("c", 1000.0))
            for geo, value in (
                ("AUS", 2 * scale),
                ("CHL", 1 * scale),
                ("PER", 3 * scale),
                ("JPN", 4 * scale),
            )
        ],
        schema_overrides={"value_lower": pl.Float64, "value_upper": pl.Float64},
    )
    rows = narrative.standings(frame, "AUS", ["CHL", "PER", "JPN", "AUS"])
    assert [r["basis"] for r in rows] == ["b", "c"]
    assert [r["standing"].share for r in rows] == [1 / 3, 1 / 3]
    assert [r["standing"].median for r in rows] == [3, 3000]


def test_a_report_stands_alone_and_escapes() -> None:
    found = narrative.standing(cell(30), [cell(10), cell(20), cell(25)])
    own = {**row(indicator_name="<b>x</b>"), "standing": found}
    body = report.html(
        "Peru <i>",
        ["Chile"],
        [own],
        {"g1": ("1. Infrastructure", "a sentence"), "g2": ("2. Technology", "none")},
        LABELS,
        {"Release": "r1"},
        ["World Bank. CC BY 4.0."],
        "SYNTHETIC DEMONSTRATION DATA. Do not quote.",
    )
    assert "<b>x" not in body and "Peru <i>" not in body
    assert body.index("SYNTHETIC DEMONSTRATION DATA") < body.index("<h1>")
    for text in ("1. Infrastructure", "Compared with: Chile", "r1", "World Bank"):
        assert text in body
    assert "2. Technology" not in body, "a guideline without rows"
    assert "http" not in body and "<script" not in body
