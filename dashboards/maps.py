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

from dashboards import words
from dashboards.charts import dress
from dashboards.style import ABSENT, DIVERGING, EMPTY, SEQUENCE, WITHHELD

GEOMETRY = Path(__file__).parent / "geometry"
# kind of place → (file, object within it)
OUTLINES: dict[str, tuple[str, str]] = {
    "state": ("us-states.json", "states"),
    "county": ("us-counties.json", "counties"),
}
QUOTIENT_STEPS = (0.5, 0.8, 1.25, 2.0, 4.0)
NONE, HELD, GONE = "none (0)", "withheld", "no figure"

HEIGHT_TO_WIDTH = 0.64  # of the United States in the Albers projection with its insets

Spec = dict[str, Any]  # a Vega-Lite specification, whole


@dataclass(frozen=True)
class Filled:
    """Outlines with figures in them.

    Attributes:
        topology: a TopoJSON object that only holds places of the release.
        drawn: number of outlines that have a row.
        without_outline: names of places that have a figure but no outline.
    """

    topology: dict[str, Any]
    drawn: int
    without_outline: list[str]


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
        geo_type: `state` or `county`.
        rows: one mapping a place, with `code` and whatever the chart shows.
    """
    _, name = OUTLINES[geo_type]
    source = outlines(geo_type)
    by_code = {str(row["code"]): dict(row) for row in rows}
    shapes = [
        {**shape, "properties": by_code[shape["id"]]}
        for shape in source["objects"][name]["geometries"]
        if shape["id"] in by_code
    ]
    drawn = {shape["id"] for shape in shapes}
    missing = [
        str(row["geo_name"])
        for code, row in by_code.items()
        if code not in drawn and row.get("value") is not None
    ]
    topology = {
        **{key: source[key] for key in ("type", "arcs", "transform", "bbox") if key in source},
        "objects": {name: {"type": "GeometryCollection", "geometries": shapes}},
    }
    return Filled(topology, len(shapes), missing)


def quotient_map(
    frame: pl.DataFrame,
    geo_type: str,
    labels: Mapping[str, str],
    *,
    demo: bool,
    height: int = 540,
) -> tuple[Spec, Filled]:
    """Location quotients in fixed classes around 1; withheld cells have a colour of their own."""
    rows = [
        {**_shown(row, labels, 2), "class": quotient_class(row["value"], row["obs_status"])}
        for row in frame.to_dicts()
    ]
    filled = fill(geo_type, rows)
    colour = alt.Color(
        "properties.class:N",
        scale=alt.Scale(
            domain=[*quotient_classes(), HELD, GONE], range=[EMPTY, *DIVERGING, WITHHELD, ABSENT]
        ),
        legend=alt.Legend(
            title=None,
            orient="bottom",
            columns=4,
            symbolType="square",
            symbolSize=170,
            symbolStrokeColor="#b9c1cf",
            symbolStrokeWidth=0.6,
        ),
    )
    return _choropleth(filled, geo_type, colour, demo=demo, height=height), filled


def value_map(
    frame: pl.DataFrame,
    geo_type: str,
    labels: Mapping[str, str],
    *,
    unit: str,
    demo: bool,
    height: int = 400,
) -> tuple[Spec, Filled]:
    """Values from low to high in one hue; places without a value stay pale."""
    digits = words.decimals(frame["value"])
    filled = fill(geo_type, [_shown(row, labels, digits) for row in frame.to_dicts()])
    colour = alt.condition(
        "isValid(datum.properties.value)",
        alt.Color(
            "properties.value:Q",
            scale=alt.Scale(range=list(SEQUENCE), zero=False),
            legend=alt.Legend(
                title=unit, orient="bottom", gradientLength=220, format="~g", titleLimit=320
            ),
        ),
        alt.value(ABSENT),
    )
    return _choropleth(filled, geo_type, colour, demo=demo, height=height), filled


def _shown(row: Mapping[str, Any], labels: Mapping[str, str], digits: int) -> dict[str, Any]:
    parent = row.get("parent_name")
    place = row["geo_name"]
    if parent and parent != "United States":
        place = f"{place}, {parent}"
    status = row["obs_status"]
    figure = words.number(row["value"], digits)
    between = words.interval(row["value_lower"], row["value_upper"], digits)
    return {
        "code": row["code"],
        "class": GONE if row["value"] is None else "value",
        "geo_name": place,
        "value": row["value"],
        "figure": figure or (f"between {between}" if between else "none"),
        "why": f"{status or words.NO_CELL}: {labels.get(status, status)}",
    }


def _choropleth(filled: Filled, geo_type: str, colour: Any, *, demo: bool, height: int) -> Spec:
    _, name = OUTLINES[geo_type]
    _, states = OUTLINES["state"]
    fine = geo_type == "county"
    edge = alt.condition(
        f"datum.properties.class == '{GONE}'", alt.value("#b9c1cf"), alt.value("#ffffff")
    )
    layers: list[alt.Chart] = [
        alt.Chart(_named("figures", feature=name))
        .mark_geoshape(strokeWidth=0.15 if fine else 0.8)
        .encode(
            color=colour,
            stroke=edge,
            tooltip=[
                alt.Tooltip("properties.geo_name:N", title="Place"),
                alt.Tooltip("properties.figure:N", title="Value"),
                alt.Tooltip("properties.why:N", title="Mark"),
            ],
        )
    ]
    inline = {"figures": filled.topology}
    if fine:
        layers.append(
            alt.Chart(_named("borders", mesh=states)).mark_geoshape(
                filled=False, stroke="#5b6680", strokeWidth=0.6
            )
        )
        inline["borders"] = outlines("state")
    chart = alt.layer(*layers).project("albersUsa")
    return _inlined(dress(chart, demo=demo, height=height).to_dict(), inline)


def _named(name: str, **kind: str) -> alt.NamedData:
    return alt.NamedData(name=name, format=alt.DataFormat(type="topojson", **kind))


def _inlined(spec: Spec, inline: Mapping[str, Any]) -> Spec:
    """Put the outlines in after Altair is done: it would walk and check every coordinate."""
    shared = spec.pop("data", None)  # where Altair moves what all layers have in common
    for layer in spec["layer"]:
        source = layer.get("data", shared)
        layer["data"] = {"values": inline[source["name"]], "format": source["format"]}
    # On a narrow screen the map is lower, instead of floating in an empty box.
    flat = {"name": "height", "expr": f"min({spec['height']}, width * {HEIGHT_TO_WIDTH})"}
    return {**spec, "params": [*spec.get("params", []), flat]}
