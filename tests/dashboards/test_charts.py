"""Charts and maps: figures reach the picture, gaps stay gaps, nothing is fetched."""

from __future__ import annotations

import json
import re
from typing import Any

import altair as alt
import polars as pl
import pytest

from dashboards import charts, maps, narrative
from dashboards.style import DARK, LIGHT, Look, Palette, css

SERIES = pl.DataFrame(
    [
        ("AUS", "Australia", "2020", 1.0, "A"),
        ("AUS", "Australia", "2021", None, "M"),
        ("AUS", "Australia", "2022", 3.0, "A"),
        ("PER", "Peru", "2020", 2.0, "A"),
        ("PER", "Peru", "2021", 2.5, "A"),
        ("PER", "Peru", "2022", 2.6, "A"),
    ],
    schema=["geo_id", "geo_name", "period", "value", "obs_status"],
    orient="row",
)
LABELS = {"A": "normal", "C": "confidential", "L": "no source", "": "no cell"}


def _place(code: str, value: float | None, status: str = "A", **more: Any) -> dict[str, Any]:
    return {
        "geo_id": code,
        "code": code,
        "geo_name": f"Place {code}",
        "parent_name": None,
        "value": value,
        "value_lower": None,
        "value_upper": None,
        "obs_status": status,
        **more,
    }


def _keys(node: Any) -> set[str]:
    if isinstance(node, dict):
        return set(node) | {key for part in node.values() for key in _keys(part)}
    if isinstance(node, list):
        return {key for part in node for key in _keys(part)}
    return set()


def test_trend_keeps_the_gap_of_a_missing_year() -> None:
    spec = charts.trend(SERIES, ["AUS"], unit="per 100", look=Look()).to_dict()
    sizes = {len(rows) for rows in spec["datasets"].values()}
    # all places; the chosen one with its gap; its points without; its marks: none needs a letter
    assert sizes == {6, 3, 2, 0}
    gap = [row for rows in spec["datasets"].values() for row in rows if row["value"] is None]
    assert gap and {row["period"] for row in gap} == {"2021"}


def test_a_picture_of_synthetic_figures_says_so() -> None:
    demo = charts.trend(SERIES, ["AUS"], unit="x", look=Look(is_synthetic=True)).to_dict()
    official = charts.trend(SERIES, ["AUS"], unit="x", look=Look()).to_dict()
    assert demo["title"]["text"] == "SYNTHETIC DEMONSTRATION DATA"
    assert "title" not in official
    spec, _ = maps.value_map(
        pl.DataFrame([_place("06", 1.0)]), "state", LABELS, unit="x", look=Look(is_synthetic=True)
    )
    assert spec["title"]["text"] == "SYNTHETIC DEMONSTRATION DATA"


def test_profile_draws_an_interval_only_where_a_cell_has_one() -> None:
    exact = {"cluster_name": "One", "value": 1.5, "value_lower": None, "value_upper": None}
    held = {"cluster_name": "Two", "value": None, "value_lower": 0.5, "value_upper": 2.0}
    gone = {"cluster_name": "Three", "value": None, "value_lower": None, "value_upper": None}

    def spec(*rows: dict[str, Any]) -> dict[str, Any]:
        frame = pl.DataFrame([{**row, "obs_status": "A"} for row in rows]).cast(
            {"value": pl.Float64, "value_lower": pl.Float64, "value_upper": pl.Float64}
        )
        return charts.profile(frame, unit="ratio", look=Look()).to_dict()

    def marks(found: dict[str, Any]) -> list[str]:
        return [layer["mark"]["type"] for layer in found["layer"]]

    assert marks(spec(exact, gone)) == ["rule", "point"]
    both = spec(exact, held, gone)
    assert marks(both) == ["rule", "rule", "point"]
    drawn = {row.get("cluster_name") for rows in both["datasets"].values() for row in rows}
    assert drawn == {"One", "Two", None}


def test_codes_that_begin_with_a_zero_are_on_the_map() -> None:
    filled = maps.fill("state", [_place("06", 1.5), _place("36", 2.0)])
    shapes = filled.topology["objects"]["states"]["geometries"]
    assert {shape["id"]: shape["properties"]["value"] for shape in shapes} == {
        "06": 1.5,
        "36": 2.0,
    }
    assert filled.drawn == 2 and filled.without_outline == []


def test_a_figure_without_an_outline_is_named_and_not_lost_silently() -> None:
    filled = maps.fill(
        "county", [_place("01001", 1.0), _place("99999", 2.0), _place("99998", None)]
    )
    assert filled.drawn == 1
    assert filled.without_outline == ["Place 99999"]


def test_filling_leaves_the_shipped_outlines_alone() -> None:
    before = json.dumps(maps.outlines("state"), sort_keys=True)
    maps.fill("state", [_place("06", 1.5)])
    assert json.dumps(maps.outlines("state"), sort_keys=True) == before


@pytest.mark.parametrize(
    ("value", "status", "expected"),
    [
        (0.0, "Z", "none (0)"),
        (0.001, "A", "under 0.5"),
        (0.4999, "A", "under 0.5"),
        (0.5, "A", "0.5–0.8"),
        (1.25, "A", "1.25–2"),
        (4.0, "N", "4 and over"),
        (None, "C", "withheld"),
        (None, "Q", "withheld"),
        (None, "L", "no figure"),
        (None, "", "no figure"),
    ],
)
def test_class_of_a_location_quotient(value: float | None, status: str, expected: str) -> None:
    assert maps.quotient_class(value, status) == expected


def test_every_class_has_a_colour() -> None:
    spec, _ = maps.quotient_map(pl.DataFrame([_place("06", 1.0)]), "state", LABELS, look=Look())
    scale = spec["layer"][0]["encoding"]["color"]["scale"]
    assert scale["domain"] == [*maps.quotient_classes(), "withheld", "no figure"]
    assert len(set(scale["range"])) == len(scale["domain"])


@pytest.mark.parametrize(
    ("geo_type", "digits", "at_least"), [("state", 2, 51), ("county", 5, 3100)]
)
def test_shipped_outlines_have_text_codes_of_full_length(
    geo_type: str, digits: int, at_least: int
) -> None:
    shapes = maps.outlines(geo_type)["objects"][maps.OUTLINES[geo_type][1]]["geometries"]
    ids = [shape["id"] for shape in shapes]
    assert all(isinstance(code, str) and len(code) == digits for code in ids)
    assert len(set(ids)) == len(ids) >= at_least
    assert any(code.startswith("0") for code in ids)


def test_maps_fetch_nothing_and_are_small_enough_to_send() -> None:
    counties = maps.outlines("county")["objects"]["counties"]["geometries"]
    frame = pl.DataFrame([_place(shape["id"], 1.0) for shape in counties], infer_schema_length=None)
    spec, filled = maps.quotient_map(frame, "county", LABELS, look=Look(is_synthetic=True))
    assert "url" not in _keys(spec)
    assert filled.drawn == len(counties)
    assert len(json.dumps(spec)) < 2_500_000


def test_the_world_shows_land_around_apec_and_markers_for_small_economies() -> None:
    rows = [_place(geo_id, 1.0) for geo_id in ("AUS", "SGP", "HKG", "CAN")]
    rows[3]["value"], rows[3]["obs_status"] = None, "M"
    filled = maps.fill("economy", rows)
    shapes = filled.topology["objects"]["countries"]["geometries"]
    assert filled.drawn == 4 and filled.without_outline == []
    assert {row["geo_id"] for row in filled.markers} == {"SGP", "HKG"}
    singapore = next(row for row in filled.markers if row["geo_id"] == "SGP")
    assert singapore["longitude"] == pytest.approx(103.8, abs=0.2)
    assert singapore["latitude"] == pytest.approx(1.35, abs=0.2)
    assert sum(shape["properties"].get("class") == maps.LAND for shape in shapes) > 200
    frame = pl.DataFrame(rows, infer_schema_length=None)
    spec, _ = maps.value_map(frame, "economy", LABELS, unit="x", look=Look())
    assert "url" not in _keys(spec)
    # Vega leaves shapes without a value out unless it is told to draw them.
    assert all(layer["mark"]["invalid"] == "show" for layer in spec["layer"])
    assert len(json.dumps(spec)) < 1_500_000


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_every_ground(palette: Palette) -> None:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (
            p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(one: str, other: str) -> float:
        high, low = sorted((light(one), light(other)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for ground in (palette.paper, palette.faint, palette.panel, palette.full, palette.recent):
        assert contrast(palette.ink, ground) >= 4.5, ground
    for ground in (palette.paper, palette.faint, palette.panel):
        assert contrast(palette.soft, ground) >= 4.5, ground
    assert contrast(palette.warning_ink, palette.warning_stripe) >= 4.5
    for colour in palette.categories:
        assert contrast(colour, palette.paper) >= 2.9, colour
    sheet = css(palette)
    used = set(re.findall(r"var\((--ck-[a-z-]+)\)", sheet))
    assert used <= set(re.findall(r"(--ck-[a-z-]+):", sheet))


def test_no_outline_of_the_world_is_turned_inside_out() -> None:
    """A ring that runs the wrong way fills everything but itself."""
    topology = maps.outlines("economy")
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        arcs.append([(x := x + dx, y := y + dy) for dx, dy in arc])
    wrong = []
    for shape in topology["objects"]["countries"]["geometries"]:
        for outer, *_ in shape["arcs"]:
            points: list[tuple[int, int]] = []
            for number in outer:
                points += arcs[number] if number >= 0 else arcs[~number][::-1]
            area = sum(
                a[0] * b[1] - b[0] * a[1]
                for a, b in zip(points, points[1:] + points[:1], strict=True)
            )
            if area >= 0:
                wrong.append(shape["properties"]["name"])
    # pieces of these two run across the antimeridian, where a plane area means nothing
    assert set(wrong) == {"Fiji", "Russia"}


@pytest.mark.parametrize("synthetic", [False, True])
def test_standings_are_a_valid_picture_of_the_placed_ones(synthetic: bool) -> None:
    cells = {"value_lower": None, "value_upper": None, "obs_status": "A"}
    frame = pl.DataFrame(
        [
            {"indicator_id": "i", "basis": "b", "geo_id": geo, "value": value, **cells}
            for geo, value in (("A", 3.0), ("B", 1.0), ("C", 2.0), ("D", 9.0))
        ]
    ).with_columns(indicator_name=pl.lit("Name"), basis_name=pl.lit("basis"))
    rows = narrative.standings(frame, "A", ["B", "C", "D"])
    absent = {**rows[0], "standing": narrative.Standing(None, None, None, None, 1)}
    spec = charts.standings([*rows, absent], look=Look(is_synthetic=synthetic))
    assert alt.LayerChart.from_dict(spec).to_dict()["layer"], "Altair finds it valid"
    assert [row["share"] for row in spec["data"]["values"]] == [pytest.approx(2 / 3)]
    assert ("SYNTHETIC" in json.dumps(spec)) == synthetic
    assert spec["width"] == "container" and spec["height"] == 66
