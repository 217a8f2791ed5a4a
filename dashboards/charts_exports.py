"""Charts of an economy's exports by cluster: frame → Altair chart.

Belongs here: treemap, market growth, survival, concentration, complexity. Does not belong here:
queries, layout, rankings of economies (`dashboards.charts`).
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import polars as pl

from dashboards.charts import dress, layered, written
from dashboards.style import Look

ADVANTAGE = ("advantage", "no advantage")
RELIABLE = ("value", "few flows (U)")
WIDE, HIGH = 1.0, 0.46  # the rectangle of the treemap


def squarified(
    sizes: Sequence[float], width: float = WIDE, height: float = HIGH
) -> list[tuple[float, float, float, float]]:
    """Rectangles (x, y, x2, y2) of the given areas that fill width × height, near to squares.

    Args:
        sizes: positive, from large to small; their sum is scaled to the whole area.
        width: of the whole.
        height: of the whole.

    Returns:
        One rectangle a size, in the same order; empty for no sizes.

    Source:
        Bruls, M., Huizing, K. and van Wijk, J. J. (2000), Squarified treemaps, Data Visualization
        2000, 33-42.
    """
    total = sum(sizes)
    if not sizes or total <= 0:
        return []
    areas = [size * width * height / total for size in sizes]
    x, y, placed = 0.0, 0.0, []
    while areas:
        side = min(width, height)
        row = 1
        while row < len(areas) and _worst(areas[: row + 1], side) <= _worst(areas[:row], side):
            row += 1
        depth = sum(areas[:row]) / side
        along = 0.0
        for area in areas[:row]:
            length = area / depth
            if width >= height:
                placed.append((x, y + along, x + depth, y + along + length))
            else:
                placed.append((x + along, y, x + along + length, y + depth))
            along += length
        if width >= height:
            x, width = x + depth, width - depth
        else:
            y, height = y + depth, height - depth
        areas = areas[row:]
    return placed


def _worst(areas: Sequence[float], side: float) -> float:
    """The greatest ratio of sides in a row of areas along `side`."""
    total = sum(areas)
    return max(side**2 * max(areas) / total**2, total**2 / (side**2 * min(areas)))


def treemap(frame: pl.DataFrame, *, look: Look, height: int = 430) -> alt.LayerChart:
    """Exports by cluster: area is their value, colour the symmetric advantage around 0.

    Args:
        frame: cluster_name, exports_kusd (positive), rsca; from large to small.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    colours = look.palette
    spots = squarified(frame["exports_kusd"].to_list())
    share = frame["exports_kusd"] / frame["exports_kusd"].sum()
    data = frame.with_columns(
        *(
            pl.Series(name, [spot[i] for spot in spots])
            for i, name in enumerate(("x", "y", "x2", "y2"))
        ),
        share.alias("share"),
        pl.Series(
            "label",
            [
                f"{name}" if spot[2] - spot[0] > 0.055 and spot[3] - spot[1] > 0.04 else ""
                for name, spot in zip(frame["cluster_name"], spots, strict=True)
            ],
        ),
    ).with_columns((pl.col("x2") - pl.col("x")).alias("w"))
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, WIDE], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[HIGH, 0], nice=False))
    boxes = (
        alt.Chart(data)
        .mark_rect(stroke=colours.paper, strokeWidth=2)
        .encode(
            x=x,
            y=y,
            x2="x2:Q",
            y2="y2:Q",
            color=alt.Color(
                "rsca:Q",
                scale=alt.Scale(domain=[-1, 0, 1], range=_around_zero(look), interpolate="rgb"),
                legend=alt.Legend(
                    title="revealed advantage (RSCA, −1 to 1; above 0: an advantage)",
                    orient="bottom",
                    gradientLength=260,
                    titleLimit=340,
                    values=[-1, -0.5, 0, 0.5, 1],
                ),
            ),
            tooltip=[
                alt.Tooltip("cluster_name:N", title="Cluster"),
                alt.Tooltip("exports_kusd:Q", title="Exports, thousand USD", format=",.0f"),
                alt.Tooltip("share:Q", title="Share", format=".1%"),
                alt.Tooltip("rsca:Q", title="RSCA", format="+.2f"),
            ],
        )
    )
    texts = [
        layer
        for text, lift, size in (("label", 15, 12), ("share", 31, 11))
        for layer in written(
            alt.Chart(data.filter(pl.col("label") != "")),
            colours,
            {
                "x": x,
                "y": y,
                "text": alt.Text("label:N")
                if text == "label"
                else alt.Text("share:Q", format=".1%"),
            },
            align="left",
            dx=7,
            dy=lift,
            fontSize=size,
            limit=alt.ExprRef("datum.w * width - 12"),
            # Two letters and an ellipsis tell nobody anything: the tooltip has the name.
            opacity=alt.ExprRef("datum.w * width < 52 ? 0 : 1"),
        )
    ]
    return dress(layered(boxes, *texts), look=look, height=height)


def _around_zero(look: Look) -> list[str]:
    colours = look.palette.diverging
    return [colours[0], colours[2], colours[4]]


def market_growth(frame: pl.DataFrame, *, look: Look, height: int = 400) -> alt.LayerChart:
    """Do the markets of a cluster grow, and how many of the possible ones are served?

    Args:
        frame: cluster_name, pull, penetration, exports_kusd, rsca; pull and penetration known.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    colours = look.palette
    data = _by_advantage(frame)
    x = alt.X(
        "pull:Q",
        title="growth of its export markets a year",
        axis=alt.Axis(format="+.0%", tickMinStep=0.01),
        scale=alt.Scale(padding=26, nice=False),
    )
    y = alt.Y(
        "penetration:Q",
        title="possible partners that are served",
        axis=alt.Axis(format=".0%"),
        scale=alt.Scale(padding=22, nice=False, zero=False),
    )
    zero = (
        alt.Chart(pl.DataFrame({"zero": [0.0]}))
        .mark_rule(color=colours.mute, strokeDash=[4, 3])
        .encode(x=alt.X("zero:Q", title="growth of its export markets a year"))
    )
    points = (
        alt.Chart(data.sort("exports_kusd", descending=True, nulls_last=True))
        .mark_point(filled=True, opacity=0.72, stroke=colours.paper, strokeWidth=1.2)
        .encode(
            x=x,
            y=y,
            size=_exports_size(look),
            color=_advantage_colour(look),
            tooltip=[
                alt.Tooltip("cluster_name:N", title="Cluster"),
                alt.Tooltip("pull:Q", title="Market growth", format="+.1%"),
                alt.Tooltip("penetration:Q", title="Partners served", format=".1%"),
                alt.Tooltip("rsca:Q", title="RSCA", format="+.2f"),
                alt.Tooltip("exports_kusd:Q", title="Exports, thousand USD", format=",.0f"),
            ],
        )
    )
    named = data.sort("exports_kusd", descending=True, nulls_last=True).head(5)
    texts = written(
        alt.Chart(named),
        colours,
        {"x": x, "y": y, "text": alt.Text("cluster_name:N")},
        align="center",
        dy=-16,
        fontSize=11,
        limit=170,
    )
    return dress(layered(zero, points, *texts), look=look, height=height)


def survival(frame: pl.DataFrame, *, look: Look) -> alt.LayerChart:
    """New export flows still there after three years, with the interval where there is one.

    Args:
        frame: cluster_name, survival, survival_lower, survival_upper, survival_status.
        look: colours, and whether to write on the picture that the figures are synthetic.
    """
    colours = look.palette
    data = frame.sort("survival", descending=True).with_columns(
        pl.when(pl.col("survival_status") == "U")
        .then(pl.lit(RELIABLE[1]))
        .otherwise(pl.lit(RELIABLE[0]))
        .alias("kind")
    )
    order = data["cluster_name"].to_list()
    axis = alt.Axis(format=".0%")
    title = "new flows still there after three years"
    y = alt.Y("cluster_name:N", sort=order, title=None, axis=alt.Axis(labelLimit=230, grid=True))
    x = alt.X("survival:Q", title=title, axis=axis, scale=alt.Scale(domain=[0, 1]))
    spans = (
        alt.Chart(data.drop_nulls(["survival_lower", "survival_upper"]))
        .mark_rule(strokeWidth=5, color=colours.quiet)
        .encode(x=alt.X("survival_lower:Q", title=title, axis=axis), x2="survival_upper:Q", y=y)
    )
    points = (
        alt.Chart(data)
        .mark_point(filled=True, size=75, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=list(RELIABLE), range=[colours.brand, colours.mute]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            shape=alt.Shape(
                "kind:N",
                scale=alt.Scale(domain=list(RELIABLE), range=["circle", "cross"]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                alt.Tooltip("cluster_name:N", title="Cluster"),
                alt.Tooltip("survival:Q", title="Survival", format=".1%"),
                alt.Tooltip("survival_lower:Q", title="At least", format=".1%"),
                alt.Tooltip("survival_upper:Q", title="At most", format=".1%"),
                alt.Tooltip("survival_status:N", title="Mark"),
            ],
        )
    )
    return dress(layered(spans, points), look=look, height=20 * len(order) + 60)


def concentration(frame: pl.DataFrame, *, look: Look) -> alt.LayerChart:
    """Concentration over markets and over products of each cluster, on one line.

    Args:
        frame: cluster_name, hhi_market, hhi_product; both are known.
        look: colours, and whether to write on the picture that the figures are synthetic.
    """
    colours = look.palette
    order = frame.sort("hhi_market", descending=True)["cluster_name"].to_list()
    kinds = {"hhi_market": "over markets", "hhi_product": "over products"}
    long = pl.concat(
        [
            frame.select("cluster_name", pl.col(key).alias("index"), pl.lit(name).alias("kind"))
            for key, name in kinds.items()
        ]
    )
    y = alt.Y("cluster_name:N", sort=order, title=None, axis=alt.Axis(labelLimit=230, grid=True))
    title = "concentration (0: even, 1: all in one)"
    scale = alt.Scale(domain=[0, 1])
    lines = (
        alt.Chart(frame)
        .mark_rule(color=colours.quiet, strokeWidth=2)
        .encode(x=alt.X("hhi_market:Q", title=title, scale=scale), x2="hhi_product:Q", y=y)
    )
    domain = list(kinds.values())
    points = (
        alt.Chart(long)
        .mark_point(filled=True, size=80, opacity=1)
        .encode(
            x=alt.X("index:Q", title=title, scale=scale),
            y=y,
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=domain, range=[colours.brand, colours.negative]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            shape=alt.Shape(
                "kind:N",
                scale=alt.Scale(domain=domain, range=["circle", "diamond"]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                alt.Tooltip("cluster_name:N", title="Cluster"),
                alt.Tooltip("kind:N", title="Concentration"),
                alt.Tooltip("index:Q", title="Index", format=".2f"),
            ],
        )
    )
    return dress(layered(lines, points), look=look, height=20 * len(order) + 80)


def opportunity(frame: pl.DataFrame, *, look: Look, height: int = 430) -> alt.LayerChart:
    """How complex a cluster is against how near it is to what the economy is strong in.

    Args:
        frame: cluster_name, density, pci, exports_kusd, rsca; density and pci are known.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    colours = look.palette
    data = _by_advantage(frame)
    x = alt.X(
        "density:Q",
        title="related strengths (share of what is near)",
        axis=alt.Axis(format=".0%", tickMinStep=0.01),
        scale=alt.Scale(zero=False, padding=28, nice=False),
    )
    y = alt.Y(
        "pci:Q",
        title="complexity of its headings (PCI)",
        axis=alt.Axis(format="+.1f"),
        scale=alt.Scale(padding=24, nice=False),
    )
    points = (
        alt.Chart(data.sort("exports_kusd", descending=True, nulls_last=True))
        .mark_point(filled=True, opacity=0.72, stroke=colours.paper, strokeWidth=1.2)
        .encode(
            x=x,
            y=y,
            size=_exports_size(look),
            color=_advantage_colour(look),
            tooltip=[
                alt.Tooltip("cluster_name:N", title="Cluster"),
                alt.Tooltip("density:Q", title="Related strengths", format=".1%"),
                alt.Tooltip("pci:Q", title="Complexity", format="+.2f"),
                alt.Tooltip("rsca:Q", title="RSCA", format="+.2f"),
            ],
        )
    )
    texts = written(
        alt.Chart(_outstanding(data)),
        colours,
        {"x": x, "y": y, "text": alt.Text("cluster_name:N")},
        align="center",
        dy=-13,
        fontSize=10.5,
        limit=150,
    )
    return dress(layered(points, *texts), look=look, height=height)


def _outstanding(data: pl.DataFrame) -> pl.DataFrame:
    """The nearest, the most complex and the largest: all names would lie on each other."""
    tops = [
        data.sort(key, descending=True, nulls_last=True).head(3)
        for key in ("density", "pci", "exports_kusd")
    ]
    return pl.concat(tops).unique("cluster_name", maintain_order=True)


def _by_advantage(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.when(pl.col("rsca") > 0)
        .then(pl.lit(ADVANTAGE[0]))
        .otherwise(pl.lit(ADVANTAGE[1]))
        .alias("group")
    )


def _advantage_colour(look: Look) -> alt.Color:
    colours = look.palette
    return alt.Color(
        "group:N",
        scale=alt.Scale(domain=list(ADVANTAGE), range=[colours.negative, colours.brand]),
        legend=alt.Legend(title=None, orient="top"),
    )


def _exports_size(look: Look) -> alt.Size:
    return alt.Size(
        "exports_kusd:Q",
        scale=alt.Scale(type="sqrt", range=[25, 1500], domainMin=0),
        legend=None,
    )
