"""Charts of clusters in regions: frame → Altair chart.

Belongs here: portfolio, related strengths, missing links, one cluster over the years. Does not
belong here: maps (`dashboards.maps`), queries, layout.
"""

from __future__ import annotations

import math

import altair as alt
import polars as pl

from dashboards import words
from dashboards.charts import dress, layered, written
from dashboards.style import Look, Palette

# Groups of the portfolio in the order of its legend; `U` is a small cell.
GROUPS = ("strong", "not strong", "small cell", "withheld: interval")
LABELLED = 7  # clusters with a name beside them
QUOTIENTS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128]


def group(frame: pl.DataFrame) -> pl.Expr:
    """The group of the portfolio that a row is drawn in."""
    return (
        pl.when(pl.col("lq_in_class").is_null())
        .then(pl.lit(GROUPS[3]))
        .when(pl.col("obs_status") == "U")
        .then(pl.lit(GROUPS[2]))
        .when(pl.col("strength_least") >= 3)
        .then(pl.lit(GROUPS[0]))
        .otherwise(pl.lit(GROUPS[1]))
        .alias("group")
    )


def placed(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of a portfolio that can be drawn: growth, and a quotient or both its bounds."""
    bounded = pl.all_horizontal(pl.col("lq_in_class_lower", "lq_in_class_upper").is_not_null())
    return frame.filter(
        pl.col("estabs_growth").is_not_null() & (pl.col("lq_in_class").is_not_null() | bounded)
    )


def portfolio(frame: pl.DataFrame, *, look: Look, height: int = 470) -> alt.LayerChart:
    """Clusters of one region: specialisation against growth, sized by employment.

    What is withheld is a bar from its least to its greatest quotient, never a bubble.

    Args:
        frame: rows of `data.region_portfolio` that `placed` keeps.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    colours = look.palette
    data = frame.select(
        "cluster_name",
        "lq_in_class",
        "lq_in_class_lower",
        "lq_in_class_upper",
        "estabs_growth",
        "emp_count",
        "obs_status",
        "strength_least",
        group(frame),
        words.written(frame, ["strength_least", "strength_most"], words.strength, "strength"),
    )
    known = data.filter(pl.col("lq_in_class").is_not_null())
    held = data.filter(pl.col("lq_in_class").is_null())
    scale = alt.Scale(type="symlog", constant=0.2, nice=False, padding=24)
    x_axis = alt.Axis(values=QUOTIENTS, format="~g", labelOverlap=True)
    x_title = "location quotient within the class (1 = as in the nation)"
    y_title = "growth of establishments in a year"
    y_scale = alt.Scale(padding=24, nice=False)
    y = alt.Y(
        "estabs_growth:Q",
        title=y_title,
        scale=y_scale,
        axis=alt.Axis(format="+.0%", tickMinStep=0.01),
    )
    colour = alt.Color(
        "group:N",
        scale=alt.Scale(domain=list(GROUPS), range=_group_colours(colours)),
        legend=alt.Legend(title=None, orient="top", columns=4, labelLimit=200),
    )
    tip = [
        alt.Tooltip("cluster_name:N", title="Cluster"),
        alt.Tooltip("lq_in_class:Q", title="Quotient in class", format=",.2f"),
        alt.Tooltip("lq_in_class_lower:Q", title="At least", format=",.2f"),
        alt.Tooltip("lq_in_class_upper:Q", title="At most", format=",.2f"),
        alt.Tooltip("estabs_growth:Q", title="Growth", format="+.1%"),
        alt.Tooltip("emp_count:Q", title="Employees", format=","),
        alt.Tooltip("strength:N", title="Strength"),
        alt.Tooltip("obs_status:N", title="Mark"),
    ]
    cross = [
        alt.Chart(pl.DataFrame({"one": [1.0]}))
        .mark_rule(color=colours.mute, strokeDash=[4, 3])
        .encode(x=alt.X("one:Q", scale=scale, title=x_title, axis=x_axis)),
        alt.Chart(pl.DataFrame({"zero": [0.0]}))
        .mark_rule(color=colours.mute, strokeDash=[4, 3])
        .encode(y=alt.Y("zero:Q", title=y_title, scale=y_scale)),
    ]
    layers = list(cross)
    if held.height:
        low = alt.X("lq_in_class_lower:Q", scale=scale, title=x_title, axis=x_axis)
        layers.append(
            alt.Chart(held)
            .mark_rule(strokeWidth=4)
            .encode(x=low, x2="lq_in_class_upper:Q", y=y, color=colour, tooltip=tip)
        )
        # Caps: many intervals are too narrow to be seen.
        layers.extend(
            alt.Chart(held)
            .mark_tick(orient="vertical", size=15, thickness=2.5)
            .encode(
                x=alt.X(f"{end}:Q", scale=scale, title=x_title, axis=x_axis),
                y=y,
                color=colour,
                tooltip=tip,
            )
            for end in ("lq_in_class_lower", "lq_in_class_upper")
        )
    size = alt.Size(
        "emp_count:Q",
        scale=alt.Scale(type="sqrt", range=[25, 2300], domainMin=0),
        legend=alt.Legend(
            title="employees",
            orient="bottom",
            direction="horizontal",
            format="~s",
            tickCount=4,
            symbolFillColor=colours.quiet,
            symbolStrokeColor=colours.mute,
        ),
    )
    x = alt.X("lq_in_class:Q", scale=scale, title=x_title, axis=x_axis)
    if known.height:
        layers.append(
            alt.Chart(known.sort("emp_count", descending=True))
            .mark_point(filled=True, opacity=0.68, stroke=colours.paper, strokeWidth=1.2)
            .encode(x=x, y=y, size=size, color=colour, tooltip=tip)
        )
    names = _named(data)
    if names.height:
        at = alt.X("at:Q", scale=scale, title=x_title, axis=x_axis)
        layers += written(
            alt.Chart(names),
            colours,
            {"x": at, "y": y, "text": alt.Text("cluster_name:N")},
            align="right",
            dx=-11,
            dy=-11,
            fontSize=11,
            limit=230,
        )
    return dress(layered(*layers), look=look, height=height)


def _named(data: pl.DataFrame) -> pl.DataFrame:
    """The surely strong ones, or else the most specialised: more names would lie on each other."""
    at = pl.coalesce("lq_in_class", "lq_in_class_lower").alias("at")
    strong = data.filter(pl.col("strength_least") >= 3)
    kept = data if strong.is_empty() else strong
    return (
        kept.select("cluster_name", "estabs_growth", at)
        .sort("at", descending=True)
        .head(LABELLED if strong.height else 3)
    )


def _group_colours(colours: Palette) -> list[str]:
    return [colours.negative, colours.brand, colours.quiet, colours.withheld]


def strength_steps(frame: pl.DataFrame, *, look: Look) -> alt.LayerChart:
    """How many regions have which strength: a bar each, undecided ones as one of their own.

    Args:
        frame: rows of `data.region_cross_section` that have a strength.
        look: colours, and whether to write on the picture that the figures are synthetic.
    """
    order = [*words.STRENGTHS[::-1], "not decided: withheld"]
    counted = (
        frame.with_columns(
            pl.when(pl.col("strength_least") == pl.col("strength_most"))
            .then(
                pl.col("strength_least").replace_strict(
                    dict(enumerate(words.STRENGTHS)), return_dtype=pl.String, default=None
                )
            )
            .otherwise(pl.lit(order[-1]))
            .alias("strength")
        )
        .group_by("strength")
        .len("regions")
    )
    data = pl.DataFrame({"strength": order}).join(counted, on="strength", how="left")
    data = data.with_columns(pl.col("regions").fill_null(0))
    colours = look.palette
    y = alt.Y("strength:N", sort=order, title=None, axis=alt.Axis(labelLimit=180, grid=False))
    x = alt.X("regions:Q", title="regions", axis=alt.Axis(tickMinStep=1, format=",d"))
    bars = (
        alt.Chart(data)
        .mark_bar(height=17)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "strength:N",
                scale=alt.Scale(domain=order, range=strength_colours(colours)),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("strength:N", title="Strength"),
                alt.Tooltip("regions:Q", title="Regions", format=","),
            ],
        )
    )
    texts = (
        alt.Chart(data)
        .mark_text(align="left", dx=5, color=colours.ink)
        .encode(x=x, y=y, text=alt.Text("regions:Q", format=","))
    )
    return dress(layered(bars, texts), look=look, height=26 * len(order) + 40)


def strength_colours(colours: Palette) -> list[str]:
    """From the top tenth to none, then undecided: the order of the legend of strength."""
    ramp = colours.sequence
    return [ramp[5], ramp[4], ramp[2], ramp[1], colours.empty, colours.withheld]


def related(frame: pl.DataFrame, *, look: Look, height: int = 430) -> alt.LayerChart:
    """What a region is near to against what it already has: related strengths, own quotient.

    Args:
        frame: cluster_name, density, density_lower, density_upper, lq_in_class, obs_status; both
            figures are known.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    colours = look.palette
    kinds = ("already specialised", "not yet specialised")
    data = frame.with_columns(
        pl.when(pl.col("lq_in_class") >= 1)
        .then(pl.lit(kinds[0]))
        .otherwise(pl.lit(kinds[1]))
        .alias("kind")
    )
    scale = alt.Scale(type="symlog", constant=0.2, nice=False)
    y_axis = alt.Axis(values=QUOTIENTS, format="~g", labelOverlap=True)
    y_title = "location quotient within the class"
    x = alt.X(
        "density:Q",
        title="related strengths (share of what is near)",
        scale=alt.Scale(zero=False, padding=12),
        axis=alt.Axis(format=".0%", tickMinStep=0.01),
    )
    y = alt.Y("lq_in_class:Q", title=y_title, scale=scale, axis=y_axis)
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=list(kinds), range=[colours.negative, colours.brand]),
        legend=alt.Legend(title=None, orient="top", columns=2),
    )
    shape = alt.Shape(
        "kind:N", scale=alt.Scale(domain=list(kinds), range=["circle", "diamond"]), legend=None
    )
    tip = [
        alt.Tooltip("cluster_name:N", title="Cluster"),
        alt.Tooltip("density:Q", title="Related strengths", format=".1%"),
        alt.Tooltip("density_lower:Q", title="At least", format=".1%"),
        alt.Tooltip("density_upper:Q", title="At most", format=".1%"),
        alt.Tooltip("lq_in_class:Q", title="Quotient", format=",.2f"),
    ]
    one = (
        alt.Chart(pl.DataFrame({"one": [1.0]}))
        .mark_rule(color=colours.mute, strokeDash=[4, 3])
        .encode(y=alt.Y("one:Q", scale=scale, title=y_title, axis=y_axis))
    )
    bounded = data.drop_nulls(["density_lower", "density_upper"])
    spans = (
        alt.Chart(bounded)
        .mark_rule(strokeWidth=2, opacity=0.45)
        .encode(
            x=alt.X("density_lower:Q", title="related strengths (share of what is near)"),
            x2="density_upper:Q",
            y=y,
            color=colour,
        )
    )
    points = (
        alt.Chart(data)
        .mark_point(filled=True, size=95, opacity=0.95)
        .encode(x=x, y=y, color=colour, shape=shape, tooltip=tip)
    )
    near = data.filter(pl.col("kind") == kinds[1]).sort("density", descending=True).head(6)
    have = data.filter(pl.col("kind") == kinds[0]).sort("lq_in_class", descending=True).head(3)
    texts = written(
        alt.Chart(pl.concat([near, have])),
        colours,
        {"x": x, "y": y, "text": alt.Text("cluster_name:N")},
        align="right",
        dx=-9,
        fontSize=11,
        limit=200,
    )
    layers = [one, spans, points] if bounded.height else [one, points]
    return dress(layered(*layers, *texts), look=look, height=height)


def suppliers(frame: pl.DataFrame, *, look: Look) -> alt.LayerChart:
    """Missing suppliers of one cluster, by their share in what it buys; unsure ones set apart.

    Args:
        frame: rows of `data.missing_links` of one cluster.
        look: colours, and whether to write on the picture that the figures are synthetic.
    """
    colours = look.palette
    kinds = ("missing whatever is hidden", "may be there: withheld")
    data = frame.select(
        "supplier_name",
        "weight",
        "cilq",
        "cilq_lower",
        "cilq_upper",
        "import_share",
        pl.when("is_sure").then(pl.lit(kinds[0])).otherwise(pl.lit(kinds[1])).alias("kind"),
    )
    order = data["supplier_name"].to_list()
    y = alt.Y("supplier_name:N", sort=order, title=None, axis=alt.Axis(labelLimit=280))
    x = alt.X(
        "weight:Q",
        title="share of purchases",
        axis=alt.Axis(format=".0%"),
    )
    bars = (
        alt.Chart(data)
        .mark_bar(height=15)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=list(kinds), range=[colours.brand, colours.withheld]),
                legend=alt.Legend(title=None, orient="top", columns=2, labelLimit=220),
            ),
            tooltip=[
                alt.Tooltip("supplier_name:N", title="Supplier"),
                alt.Tooltip("weight:Q", title="Share of purchases", format=".1%"),
                alt.Tooltip("cilq:Q", title="Presence (1 = in proportion)", format=".2f"),
                alt.Tooltip("cilq_lower:Q", title="At least", format=".2f"),
                alt.Tooltip("cilq_upper:Q", title="At most", format=".2f"),
                alt.Tooltip("import_share:Q", title="Imported in the nation", format=".0%"),
            ],
        )
    )
    texts = (
        alt.Chart(data)
        .mark_text(align="left", dx=4, fontSize=11, color=colours.soft)
        .encode(x=x, y=y, text=alt.Text("weight:Q", format=".1%"))
    )
    return dress(layered(bars, texts), look=look, height=24 * len(order) + 60)


def together(frame: pl.DataFrame, chosen: str, *, look: Look, height: int = 470) -> alt.LayerChart:
    """The clusters that are most often found beside one, and the ties among them, in a ring.

    Args:
        frame: rows of `data.found_together` with cluster_name, for `chosen` and its neighbours.
        chosen: cluster_id in the middle.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    colours = look.palette
    own = frame.filter((pl.col("cluster_id") == chosen) & pl.col("proximity").is_not_null())
    around = own["other_id"].to_list()
    spots = {chosen: (0.0, 0.0)} | {
        name: (math.sin(2 * math.pi * i / len(around)), math.cos(2 * math.pi * i / len(around)))
        for i, name in enumerate(around)
    }
    names = dict(frame.select("other_id", "other_name").unique().rows()) | dict(
        frame.select("cluster_id", "cluster_name").unique().rows()
    )
    ties = [
        {
            "x": spots[row["cluster_id"]][0],
            "y": spots[row["cluster_id"]][1],
            "x2": spots[row["other_id"]][0],
            "y2": spots[row["other_id"]][1],
            "proximity": row["proximity"],
            "tie": f"{names[row['cluster_id']]} – {names[row['other_id']]}",
        }
        for row in frame.to_dicts()
        if row["proximity"] is not None
        and {row["cluster_id"], row["other_id"]} <= set(spots)
        and (row["cluster_id"] == chosen or (row["cluster_id"] < row["other_id"] != chosen))
    ]
    near = dict(own.select("other_id", "proximity").rows())
    nodes = pl.DataFrame(
        [
            {
                "x": x,
                "y": y,
                "name": names[name],
                "proximity": near.get(name),
                "kind": "chosen" if name == chosen else "near",
                "side": "right" if x < -0.15 else "left" if x > 0.15 else "center",
                "lift": -16 if y >= 0 else 18,
            }
            for name, (x, y) in spots.items()
        ]
    )
    frame_of = alt.Scale(domain=[-2.9, 2.9])
    tall = alt.Scale(domain=[-1.25, 1.25])
    x = alt.X("x:Q", axis=None, scale=frame_of)
    y = alt.Y("y:Q", axis=None, scale=tall)
    lines = (
        alt.Chart(pl.DataFrame(ties))
        .mark_rule(color=colours.brand)
        .encode(
            x=x,
            y=y,
            x2="x2:Q",
            y2="y2:Q",
            strokeWidth=alt.StrokeWidth(
                "proximity:Q", scale=alt.Scale(range=[0.3, 7]), legend=None
            ),
            opacity=alt.Opacity("proximity:Q", scale=alt.Scale(range=[0.08, 0.75]), legend=None),
            tooltip=[
                alt.Tooltip("tie:N", title="Pair"),
                alt.Tooltip("proximity:Q", title="Found together", format=".0%"),
            ],
        )
    )
    dots = (
        alt.Chart(nodes)
        .mark_point(filled=True, size=260, opacity=1, stroke=colours.paper, strokeWidth=2)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=["chosen", "near"], range=[colours.negative, colours.brand]),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("name:N", title="Cluster"),
                alt.Tooltip("proximity:Q", title="Found together", format=".0%"),
            ],
        )
    )
    texts = [
        layer
        for side in ("left", "right", "center")
        for lift in (-16, 18)
        for layer in written(
            alt.Chart(nodes.filter((pl.col("side") == side) & (pl.col("lift") == lift))),
            colours,
            {"x": x, "y": y, "text": alt.Text("name:N")},
            align=side,
            dx={"left": 14, "right": -14, "center": 0}[side],
            dy=lift if side == "center" else 0,
            fontSize=12,
            # A name that is cut is better than a picture that shrinks to make room for it.
            limit=alt.ExprRef("width * 0.29"),
        )
    ]
    return dress(layered(lines, dots, *texts), look=look, height=height)


def history(frame: pl.DataFrame, *, look: Look, height: int = 260) -> alt.LayerChart:
    """Location quotient of one cluster of one region over the years, withheld years as intervals.

    Args:
        frame: rows of `data.region_history`.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    colours = look.palette
    title = "location quotient within the class"
    y = alt.Y("lq_in_class:Q", title=title, scale=alt.Scale(zero=True))
    x = alt.X("period:O", title=None, axis=alt.Axis(labelAngle=0))
    tip = [
        alt.Tooltip("period:O", title="Year"),
        alt.Tooltip("lq_in_class:Q", title="Quotient", format=",.2f"),
        alt.Tooltip("lq_in_class_lower:Q", title="At least", format=",.2f"),
        alt.Tooltip("lq_in_class_upper:Q", title="At most", format=",.2f"),
        alt.Tooltip("emp_count:Q", title="Employees", format=","),
        alt.Tooltip("obs_status:N", title="Mark"),
    ]
    one = (
        alt.Chart(pl.DataFrame({"one": [1.0]}))
        .mark_rule(color=colours.mute, strokeDash=[4, 3])
        .encode(y=alt.Y("one:Q", title=title))
    )
    held = frame.filter(pl.col("lq_in_class").is_null()).drop_nulls(
        ["lq_in_class_lower", "lq_in_class_upper"]
    )
    low = alt.Y("lq_in_class_lower:Q", title=title)
    bars = (
        alt.Chart(held)
        .mark_rule(color=colours.withheld, strokeWidth=6, opacity=0.7)
        .encode(x=x, y=low, y2="lq_in_class_upper:Q", tooltip=tip)
    )
    # Caps: many intervals are too narrow to be seen.
    caps = [
        alt.Chart(held)
        .mark_tick(orient="horizontal", color=colours.withheld, size=16, thickness=2.5)
        .encode(x=x, y=alt.Y(f"{end}:Q", title=title), tooltip=tip)
        for end in ("lq_in_class_lower", "lq_in_class_upper")
    ]
    line = alt.Chart(frame).mark_line(color=colours.brand, strokeWidth=2.5).encode(x=x, y=y)
    points = (
        alt.Chart(frame.filter(pl.col("lq_in_class").is_not_null()))
        .mark_point(filled=True, size=60, color=colours.brand, opacity=1)
        .encode(x=x, y=y, tooltip=tip)
    )
    # A layer without marks is a group without a name, which screen readers stumble over.
    withheld = [bars, *caps] if held.height else []
    return dress(layered(one, *withheld, line, points), look=look, height=height)
