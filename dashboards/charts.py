"""Charts: frame → Altair chart. They draw without any network.

Belongs here: line and interval charts. Does not belong here: maps (`dashboards.maps`), queries,
layout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import altair as alt
import polars as pl

from dashboards import words
from dashboards.style import Look, Palette

PLAIN = ["A", "Z"]  # marks that need no letter beside a value
FONT = "Segoe UI, Helvetica Neue, Noto Sans, Liberation Sans, Arial, sans-serif"


def trend(
    frame: pl.DataFrame, highlighted: Sequence[str], *, unit: str, look: Look, height: int = 400
) -> alt.LayerChart:
    """Values over time: every place in grey, the chosen ones in colour.

    A missing value breaks its line: nothing is drawn across years that were not reported.

    Args:
        frame: geo_id, geo_name, period, value, obs_status for every place and period.
        highlighted: geo_ids to draw in colour, at most as many as there are colours.
        unit: title of the value axis.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    colours = look.palette
    chosen = list(highlighted)[: len(colours.categories)]
    names = dict(frame.select("geo_id", "geo_name").unique().rows())
    domain = [names[geo_id] for geo_id in chosen if geo_id in names]
    data = frame.select("geo_id", "geo_name", "period", "value", "obs_status")
    x = alt.X("period:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    y = alt.Y("value:Q", title=unit, scale=alt.Scale(zero=False), axis=alt.Axis(format="~g"))
    tip = [
        alt.Tooltip("geo_name:N", title="Place"),
        alt.Tooltip("period:O", title="Period"),
        alt.Tooltip("value:Q", title="Value", format=f",.{words.decimals(data['value'])}f"),
        alt.Tooltip("obs_status:N", title="Mark"),
    ]
    background = (
        alt.Chart(data)
        .mark_line(color=colours.quiet, strokeWidth=1.1, opacity=0.8)
        .encode(x=x, y=y, detail="geo_id:N")
    )
    colour = alt.Color(
        "geo_name:N",
        scale=alt.Scale(domain=domain, range=list(colours.categories[: len(domain)])),
        legend=alt.Legend(title=None, orient="top", columns=3, symbolType="stroke", labelLimit=150),
    )
    front = data.filter(pl.col("geo_id").is_in(chosen))
    lines = alt.Chart(front).mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour)
    points = (
        alt.Chart(front.filter(pl.col("value").is_not_null()))
        .mark_point(filled=True, size=42, opacity=1)
        .encode(x=x, y=y, color=colour, tooltip=tip)
    )
    marks = (
        alt.Chart(front.filter(pl.col("value").is_not_null() & ~pl.col("obs_status").is_in(PLAIN)))
        .mark_text(dy=-11, fontSize=10, fontWeight="bold")
        .encode(x=x, y=y, color=colour, text="obs_status:N")
    )
    return dress(alt.layer(background, lines, points, marks), look=look, height=height)


def spread(
    frame: pl.DataFrame, highlighted: Sequence[str], *, unit: str, look: Look
) -> alt.LayerChart:
    """One stroke for each value of one period, the median, and the chosen places by name.

    Args:
        frame: geo_id, geo_name, value; all values are known.
        highlighted: geo_ids to name, at most as many as there are colours.
        unit: title of the axis.
        look: colours, and whether to write on the picture that the figures are synthetic.
    """
    colours = look.palette
    digits = words.decimals(frame["value"])
    data = frame.select("geo_id", "geo_name", "value", pl.lit("").alias("row"))
    y = alt.Y("row:N", axis=None)
    chosen = list(highlighted)[: len(colours.categories)]
    names = dict(data.select("geo_id", "geo_name").rows())
    domain = [names[geo_id] for geo_id in chosen if geo_id in names]
    x = alt.X("value:Q", title=unit, scale=alt.Scale(zero=False), axis=alt.Axis(grid=False))
    tip = [
        alt.Tooltip("geo_name:N", title="Place"),
        alt.Tooltip("value:Q", title="Value", format=f",.{digits}f"),
    ]
    strokes = (
        alt.Chart(data)
        .mark_tick(color=colours.quiet, thickness=1.6, size=26)
        .encode(x=x, y=y, tooltip=tip)
    )
    middle = (
        alt.Chart(data)
        .mark_tick(color=colours.ink, thickness=2.5, size=52)
        .encode(x=alt.X("median(value):Q", title=unit), y=y)
    )
    front = data.filter(pl.col("geo_id").is_in(chosen))
    colour = alt.Color(
        "geo_name:N",
        scale=alt.Scale(domain=domain, range=list(colours.categories[: len(domain)])),
        legend=None,
    )
    points = (
        alt.Chart(front)
        .mark_point(filled=True, size=80, opacity=1)
        .encode(x=x, y=y, color=colour, tooltip=tip)
    )
    labels = (
        alt.Chart(front)
        .mark_text(angle=325, align="left", dx=8, dy=-10, fontSize=11)
        .encode(x=x, y=y, text="geo_name:N", color=colour)
    )
    return dress(alt.layer(strokes, middle, points, labels), look=look, height=170)


def standings(rows: Sequence[Mapping[str, Any]], *, look: Look) -> dict[str, Any]:
    """For each indicator the share of peers with a lower value, as a band where it is not exact.

    A page has up to eight of them, all new for each economy; written as a specification, because
    making them with Altair took most of the time of a click.

    Args:
        rows: result of `narrative.standings`; rows without a standing are left out.
        look: colours, and whether to write on the picture that the figures are synthetic.
    """
    colours = look.palette
    data = [
        {
            "name": f"{row['indicator_name']} ({row['basis_name']})",
            "share": found.share,
            "low": min(found.share_lower, found.share_upper),
            "high": max(found.share_lower, found.share_upper),
            "is_certain": "certain" if found.is_certain else "not distinguishable",
            "value": row["value"],
            "peers": found.peers,
        }
        for row in rows
        if (found := row["standing"]).share is not None
    ]
    order = [row["name"] for row in data]
    nominal = {"type": "nominal", "sort": order, "title": None}
    y = {"field": "name", **nominal, "axis": {"labelLimit": 260, "grid": True}}
    axis = {"format": "%", "values": [0, 0.25, 0.5, 0.75, 1], "grid": False}
    share = {
        "type": "quantitative",
        "title": "peers with a lower value",
        "axis": axis,
        "scale": {"domain": [0, 1]},
    }
    tip = [
        {"field": "name", "type": "nominal", "title": "Indicator"},
        {"field": "value", "type": "quantitative", "title": "Value"},
        {"field": "share", "type": "quantitative", "title": "Peers below", "format": ".0%"},
        {"field": "peers", "type": "quantitative", "title": "Peers"},
        {"field": "is_certain", "type": "nominal", "title": "Side of the middle"},
    ]
    tone = {
        "field": "is_certain",
        "type": "nominal",
        "legend": None,
        "scale": {
            "domain": ["certain", "not distinguishable"],
            "range": [colours.brand, colours.quiet],
        },
    }
    quarters = {
        "data": {"values": [{"a": 0.25, "b": 0.75}]},
        "mark": {"type": "rect", "color": colours.panel},
        "encoding": {"x": {"field": "a", **share}, "x2": {"field": "b"}},
    }
    middle = {
        "data": {"values": [{"half": 0.5}]},
        "mark": {"type": "rule", "color": colours.mute, "strokeDash": [4, 3]},
        "encoding": {"x": {"field": "half", **share}},
    }
    bands = {
        "mark": {"type": "rule", "color": colours.quiet, "strokeWidth": 7},
        "encoding": {"y": y, "x": {"field": "low", **share}, "x2": {"field": "high"}},
    }
    points = {
        "mark": {"type": "point", "filled": True, "size": 95, "opacity": 1},
        "encoding": {"y": y, "x": {"field": "share", **share}, "color": tone, "tooltip": tip},
    }
    return {
        **dressed(look=look, height=26 * len(order) + 40),
        "data": {"values": data},
        "layer": [quarters, middle, bands, points],
    }


def profile(frame: pl.DataFrame, *, unit: str, look: Look) -> alt.LayerChart:
    """Location quotients of one place over all clusters, intervals where a cell is withheld.

    Args:
        frame: cluster_name, value, value_lower, value_upper, obs_status; rows that have neither a
            value nor an interval are left out (the table beside the chart lists them).
        unit: title of the value axis.
        look: colours, and whether to write on the picture that the figures are synthetic.
    """
    colours = look.palette
    kinds = ("value", "small cell", "withheld: interval")
    data = (
        frame.filter(pl.any_horizontal(pl.col("value", "value_lower", "value_upper").is_not_null()))
        .with_columns(
            pl.coalesce("value", (pl.col("value_lower") + pl.col("value_upper")) / 2).alias(
                "order"
            ),
            pl.when(pl.col("value").is_null())
            .then(pl.lit(kinds[2]))
            .when(pl.col("obs_status") == "U")
            .then(pl.lit(kinds[1]))
            .otherwise(pl.lit(kinds[0]))
            .alias("kind"),
        )
        .sort("order", descending=True)
    )
    order = data["cluster_name"].to_list()
    y = alt.Y("cluster_name:N", sort=order, title=None, axis=alt.Axis(labelLimit=230, grid=True))
    x_scale = alt.Scale(type="symlog", constant=0.5, nice=True, zero=True)
    axis = alt.Axis(values=[0, 0.5, *(2.0**n for n in range(12))], format="~g", labelOverlap=True)
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(
            domain=list(kinds),
            range=[colours.brand, colours.quiet, colours.withheld],
        ),
        legend=alt.Legend(title=None, orient="top", columns=2, labelLimit=200),
    )
    digits = words.decimals(data["value"])
    tip = [
        alt.Tooltip("cluster_name:N", title="Cluster"),
        alt.Tooltip("value:Q", title="Value", format=f",.{digits}f"),
        alt.Tooltip("value_lower:Q", title="At least", format=f",.{digits}f"),
        alt.Tooltip("value_upper:Q", title="At most", format=f",.{digits}f"),
        alt.Tooltip("obs_status:N", title="Mark"),
    ]
    bounded = data.filter(pl.all_horizontal(pl.col("value_lower", "value_upper").is_not_null()))
    one = (
        alt.Chart(pl.DataFrame({"one": [1.0]}))
        .mark_rule(color=colours.ink, strokeDash=[4, 3])
        .encode(x=alt.X("one:Q", scale=x_scale, title=unit, axis=axis))
    )
    ranges = (
        alt.Chart(bounded)
        .mark_rule(strokeWidth=5, opacity=0.75)
        .encode(
            y=y,
            x=alt.X("value_lower:Q", scale=x_scale, title=unit, axis=axis),
            x2="value_upper:Q",
            color=colour,
            tooltip=tip,
        )
    )
    points = (
        alt.Chart(data.filter(pl.col("value").is_not_null()))
        .mark_point(filled=True, size=75, opacity=1)
        .encode(
            y=y,
            x=alt.X("value:Q", scale=x_scale, title=unit, axis=axis),
            color=colour,
            tooltip=tip,
        )
    )
    layers = [one, ranges, points] if bounded.height else [one, points]
    return dress(alt.layer(*layers), look=look, height=max(180, 21 * len(order) + 60))


def written(
    base: alt.Chart, colours: Palette, encodings: dict[str, Any], **mark: Any
) -> list[alt.Chart]:
    """Names over a picture: first a halo in the colour of the paper, then the letters."""
    halo = base.mark_text(**mark, color=colours.paper, stroke=colours.paper, strokeWidth=4)
    return [halo.encode(**encodings), base.mark_text(**mark, color=colours.ink).encode(**encodings)]


def layered(*charts: alt.Chart) -> alt.LayerChart:
    """The charts on each other, without those that have no row.

    A layer without marks is a group without a name, which screen readers stumble over.
    """
    return alt.layer(
        *(c for c in charts if not (isinstance(c.data, pl.DataFrame) and c.data.is_empty()))
    )


def dress(chart: alt.LayerChart, *, look: Look, height: int) -> alt.LayerChart:
    """The common look, and the words that stay with a picture that leaves the page."""
    # Altair's own methods copy the whole picture each time, which takes longer than drawing it up.
    made = chart.copy(deep=False)
    made.height, made.width, made.config = height, "container", _config(look.palette)
    if look.is_synthetic:
        made.title = alt.TitleParams(
            "SYNTHETIC DEMONSTRATION DATA",
            color=look.palette.warning,
            fontSize=12,
            anchor="end",
        )
    return made


def _config(palette: Palette) -> alt.Config:
    return alt.Config(
        font=FONT,
        background=palette.paper,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            labelColor=palette.soft,
            titleColor=palette.soft,
            titleFontWeight="normal",
            gridColor=palette.hair,
            domainColor=palette.line,
            tickColor=palette.line,
            labelFontSize=12,
            titleFontSize=12,
        ),
        legend=alt.LegendConfig(
            labelColor=palette.ink, labelFontSize=12, titleColor=palette.soft, titleFontSize=12
        ),
    )


def dressed(*, look: Look, height: int) -> dict[str, Any]:
    """What `dress` gives a chart, for one that is written as a specification."""
    return {**_common(look), "height": height}


@cache
def _common(look: Look) -> dict[str, Any]:
    empty = alt.layer(alt.Chart(pl.DataFrame({"x": [0]})).mark_point().encode(x="x:Q"))
    spec = dress(empty, look=look, height=0).to_dict()
    return {key: spec[key] for key in ("$schema", "config", "width", "title") if key in spec}
