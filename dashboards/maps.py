"""Maps over outlines that are shipped with the dashboards: nothing is fetched.

The figures are put into the outlines before the chart is made, by their text code: an integer
join would silently lose every code that begins with a zero.

Belongs here: outlines and choropleths. Does not belong here: queries, layout.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
from altair.utils import schemapi

from dashboards import words
from dashboards.charts import dress
from dashboards.style import Look

GEOMETRY = Path(__file__).parent / "geometry"
# kind of place → (file, object within it)
OUTLINES: dict[str, tuple[str, str]] = {
    "economy": ("world-countries.json", "countries"),
    "state": ("us-states.json", "states"),
    "county": ("us-counties.json", "counties"),
}
QUOTIENT_STEPS = (0.5, 0.8, 1.25, 2.0, 4.0)
NONE, HELD, GONE = "none (0)", "withheld", "no figure"
UNDECIDED = "not decided: withheld"

LAND = "land"  # drawn so that the map is a map; no place of the release
# The Pacific in the middle: all of APEC in one piece.
WORLD = {"type": "naturalEarth1", "rotate": [-165, 0, 0]}
UNITED_STATES = {"type": "albersUsa"}
HEIGHT_TO_WIDTH = {"world": 0.52, "us": 0.64}  # of the projections, the latter with its insets
SMALL_DEGREES = 1.5  # an outline no wider and higher than this gets a marker

Spec = dict[str, Any]  # a Vega-Lite specification, whole


@dataclass(frozen=True)
class Filled:
    """Outlines with figures in them.

    Attributes:
        topology: a TopoJSON object that only holds places of the release.
        drawn: number of outlines that have a row.
        without_outline: names of places that have a figure but no outline.
        markers: one row with `longitude` and `latitude` for each outline too small to be seen.
    """

    topology: dict[str, Any]
    drawn: int
    without_outline: list[str]
    markers: list[dict[str, Any]]


@cache
def outlines(geo_type: str) -> dict[str, Any]:
    """The shipped TopoJSON for a kind of place."""
    name, _ = OUTLINES[geo_type]
    return json.loads((GEOMETRY / name).read_bytes())


def quotient_classes() -> list[str]:
    """Names of the classes of a location quotient, from low to high."""
    steps = [f"{step:g}" for step in QUOTIENT_STEPS]
    middle = [f"{low}–{high}" for low, high in itertools.pairwise(steps)]
    return [NONE, f"under {steps[0]}", *middle, f"{steps[-1]} and over"]


def quotient_class(value: float | None, status: str) -> str:
    """The class that a location quotient is drawn in; its lower bound belongs to it."""
    if value is None:
        return HELD if status in ("C", "Q") else GONE
    if value == 0:
        return NONE
    return quotient_classes()[1 + sum(value >= step for step in QUOTIENT_STEPS)]


def fill(geo_type: str, rows: Sequence[Mapping[str, Any]]) -> Filled:
    """Outlines of a kind of place with the figures of `rows` as their properties.

    Args:
        geo_type: a key of OUTLINES.
        rows: one mapping a place, with `geo_id`, `code` and whatever the chart shows; economies go
            by `geo_id`.
    """
    _, name = OUTLINES[geo_type]
    source = outlines(geo_type)
    world = geo_type == "economy"
    by_code = {str(row["geo_id" if world else "code"]): dict(row) for row in rows}
    shapes, drawn, markers = [], set(), []
    for shape in source["objects"][name]["geometries"]:
        code = shape["properties"].get("geo_id") if world else shape["id"]
        if code in by_code:
            shapes.append({**shape, "properties": by_code[code]})
            drawn.add(code)
            if world and (place := _speck(code)):
                markers.append({**by_code[code], **place})
        elif world:
            shapes.append({**shape, "properties": {"class": LAND}})
    missing = [
        str(row["geo_name"])
        for code, row in by_code.items()
        if code not in drawn and row.get("value") is not None
    ]
    topology = {
        **{key: source[key] for key in ("type", "arcs", "transform", "bbox") if key in source},
        "objects": {name: {"type": "GeometryCollection", "geometries": shapes}},
    }
    return Filled(topology, len(drawn), missing, markers)


@cache
def _speck(geo_id: str) -> dict[str, float] | None:
    """The middle of an economy's outline, if it is too small to be seen on a map of the world."""
    source = outlines("economy")
    shape = next(
        shape
        for shape in source["objects"]["countries"]["geometries"]
        if shape["properties"].get("geo_id") == geo_id
    )
    (scale_x, scale_y), (move_x, move_y) = (
        source["transform"]["scale"],
        source["transform"]["translate"],
    )
    xs, ys = [], []
    for number in _arc_numbers(shape["arcs"]):
        x = y = 0
        for dx, dy in source["arcs"][number]:
            x, y = x + dx, y + dy
            xs.append(x * scale_x + move_x)
            ys.append(y * scale_y + move_y)
    if max(xs) - min(xs) > SMALL_DEGREES or max(ys) - min(ys) > SMALL_DEGREES:
        return None
    return {"longitude": (max(xs) + min(xs)) / 2, "latitude": (max(ys) + min(ys)) / 2}


def _arc_numbers(arcs: Any) -> list[int]:
    if isinstance(arcs, int):
        return [arcs if arcs >= 0 else ~arcs]
    return [number for part in arcs for number in _arc_numbers(part)]


def quotient_map(
    frame: pl.DataFrame,
    geo_type: str,
    labels: Mapping[str, str],
    *,
    look: Look,
    height: int = 540,
) -> tuple[Spec, Filled]:
    """Location quotients in fixed classes around 1; withheld cells have a colour of their own."""
    colours = look.palette
    rows = [
        {**_shown(row, labels, 2), "class": quotient_class(row["value"], row["obs_status"])}
        for row in frame.to_dicts()
    ]
    filled = fill(geo_type, rows)
    colour = alt.Color(
        "properties.class:N",
        scale=alt.Scale(
            domain=[*quotient_classes(), HELD, GONE],
            range=[
                colours.empty,
                *colours.diverging,
                colours.withheld,
                colours.paper,
            ],
        ),
        legend=alt.Legend(
            title=None,
            orient="bottom",
            columns=4,
            symbolType="square",
            symbolSize=170,
            symbolStrokeColor=colours.quiet,
            symbolStrokeWidth=0.6,
        ),
    )
    return _choropleth(filled, geo_type, colour, look=look, height=height), filled


def strength_map(
    frame: pl.DataFrame,
    geo_type: str,
    labels: Mapping[str, str],
    *,
    look: Look,
    height: int = 540,
) -> tuple[Spec, Filled]:
    """Strength of a cluster in classes; what is withheld may leave it undecided.

    Args:
        frame: rows of `data.region_cross_section`.
        geo_type: a key of OUTLINES.
        labels: status mark → label.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    colours = look.palette
    ramp = colours.sequence
    rows = [
        {
            **_shown(row, labels, 2),
            "class": strength_class(row["strength_least"], row["strength_most"]),
            "figure": words.strength(row["strength_least"], row["strength_most"]) or "no cell",
        }
        for row in frame.to_dicts()
    ]
    filled = fill(geo_type, rows)
    colour = alt.Color(
        "properties.class:N",
        scale=alt.Scale(
            domain=[*words.STRENGTHS, UNDECIDED, GONE],
            range=[
                colours.empty,
                ramp[1],
                ramp[2],
                ramp[4],
                ramp[5],
                colours.withheld,
                colours.paper,
            ],
        ),
        legend=alt.Legend(
            title=None,
            orient="bottom",
            columns=4,
            symbolType="square",
            symbolSize=170,
            symbolStrokeColor=colours.quiet,
            symbolStrokeWidth=0.6,
        ),
    )
    return _choropleth(filled, geo_type, colour, look=look, height=height), filled


def strength_class(least: int | None, most: int | None) -> str:
    """The class that a strength is drawn in."""
    if least is None or most is None:
        return GONE
    return words.STRENGTHS[least] if least == most else UNDECIDED


def value_map(
    frame: pl.DataFrame,
    geo_type: str,
    labels: Mapping[str, str],
    *,
    unit: str,
    look: Look,
    height: int = 400,
) -> tuple[Spec, Filled]:
    """Values from low to high in one hue; places without a value stay pale."""
    colours = look.palette
    digits = words.decimals(frame["value"])
    filled = fill(geo_type, [_shown(row, labels, digits) for row in frame.to_dicts()])
    colour = alt.Color(
        "properties.value:Q",
        scale=alt.Scale(range=list(colours.sequence), zero=False),
        legend=alt.Legend(
            title=unit,
            orient="bottom",
            gradientLength=220,
            format=f",.{digits}~f",
            titleLimit=320,
        ),
        condition=[
            {"test": f"datum.properties.class === '{LAND}'", "value": colours.land},
            {"test": "!isValid(datum.properties.value)", "value": colours.paper},
        ],
    )
    return _choropleth(filled, geo_type, colour, look=look, height=height), filled


def _shown(row: Mapping[str, Any], labels: Mapping[str, str], digits: int) -> dict[str, Any]:
    parent = row.get("parent_name")
    place = row["geo_name"]
    if parent and parent != "United States":
        place = f"{place}, {parent}"
    status = row["obs_status"]
    figure = words.number(row["value"], digits)
    between = words.interval(row["value_lower"], row["value_upper"], digits)
    return {
        "geo_id": row["geo_id"],
        "code": row["code"],
        "class": GONE if row["value"] is None else "value",
        "geo_name": place,
        "value": row["value"],
        "figure": figure or (f"between {between}" if between else "none"),
        "why": f"{status or words.NO_CELL}: {labels.get(status, status)}",
    }


def _choropleth(filled: Filled, geo_type: str, colour: Any, *, look: Look, height: int) -> Spec:
    colours = look.palette
    _, name = OUTLINES[geo_type]
    fine, world = geo_type == "county", geo_type == "economy"
    edge = alt.condition(
        f"datum.properties.class === '{GONE}'",
        alt.value(colours.mute),
        alt.value(colours.paper),
    )
    tips = [("geo_name", "Place"), ("figure", "Value"), ("why", "Mark")]
    figures = (
        alt.Chart(_named("figures", feature=name))
        .mark_geoshape(invalid="show", strokeWidth=0.15 if fine else 0.4 if world else 0.8)
        .encode(
            color=colour,
            stroke=edge,
            tooltip=[alt.Tooltip(f"properties.{key}:N", title=title) for key, title in tips],
        )
    )
    layers: list[alt.Chart] = [figures]
    inline: dict[str, Any] = {"figures": filled.topology}
    if fine:
        layers.append(
            alt.Chart(_named("borders", mesh=OUTLINES["state"][1])).mark_geoshape(
                filled=False, stroke=colours.soft, strokeWidth=0.6
            )
        )
        inline["borders"] = outlines("state")
    if filled.markers:
        layers.append(
            alt.Chart(alt.NamedData(name="markers"))
            .mark_circle(invalid="show", size=90, stroke=colours.ink, strokeWidth=0.8, opacity=1)
            .encode(
                longitude="longitude:Q",
                latitude="latitude:Q",
                color=colour,
                tooltip=[alt.Tooltip(f"properties.{key}:N", title=title) for key, title in tips],
            )
        )
        inline["markers"] = [
            {"longitude": row["longitude"], "latitude": row["latitude"], "properties": row}
            for row in filled.markers
        ]
    chart = alt.layer(*layers).project(**(WORLD if world else UNITED_STATES))
    ratio = HEIGHT_TO_WIDTH["world" if world else "us"]
    # Checked against the schema in the tests, and not while a reader waits (`page.draw_map`).
    spec = dress(chart, look=look, height=height).to_dict(validate=schemapi.DEBUG_MODE)
    return _inlined(spec, inline, ratio)


def _named(name: str, **kind: str) -> alt.NamedData:
    return alt.NamedData(name=name, format=alt.DataFormat(type="topojson", **kind))


def _inlined(spec: Spec, inline: Mapping[str, Any], ratio: float) -> Spec:
    """Put the outlines in after Altair is done: it would walk and check every coordinate."""
    shared = spec.pop("data", None)  # where Altair moves what all layers have in common
    for layer in spec["layer"]:
        source = layer.get("data", shared)
        layer["data"] = {**source, "values": inline[source["name"]]}
        del layer["data"]["name"]
    # On a narrow screen the map is lower, instead of floating in an empty box.
    flat = {"name": "height", "expr": f"min({spec['height']}, width * {ratio})"}
    return {**spec, "params": [*spec.get("params", []), flat]}
