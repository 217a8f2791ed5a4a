"""Charts of the guideline families: frame → Altair chart.

Belongs here: quadrant, years behind, interaction with placebo, entry against exit, competition,
stock against flow. Does not belong here: queries, layout.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import polars as pl

from dashboards.charts import dress, layered, written
from dashboards.style import Look

QUADRANTS = {1: "enclave risk", 2: "balanced", 3: "autonomous", 4: "thin"}
STEPS = [-8, -4, -2, -1, -0.5, 0, 0.5, 1, 2, 4, 8]
CURVES = ("large enterprises", "small and medium")
GROUPS = ("estimate", "placebo")


def quadrant(
    frame: pl.DataFrame, highlighted: Sequence[str], period: str, *, look: Look, height: int = 520
) -> alt.LayerChart:
    """Foreign investment against own technology, with the paths of the chosen economies.

    Args:
        frame: rows of `data.enclave_quadrant`, all years.
        highlighted: geo_ids with a path, at most as many as there are colours.
        period: the year whose points are drawn.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    colours = look.palette
    data = frame.filter(pl.col("period") == period).with_columns(
        pl.when(pl.col("obs_status") == "A")
        .then(pl.lit("both shares known"))
        .otherwise(pl.lit("one share known (E)"))
        .alias("basis")
    )
    chosen = list(highlighted)[: len(colours.categories)]
    names = dict(frame.select("geo_id", "geo_name").unique().rows())
    domain = [names[geo_id] for geo_id in chosen if geo_id in names]
    walked = frame.filter(pl.col("geo_id").is_in(chosen) & (pl.col("period") <= period))
    reach = [
        max((abs(value) for value in [*data[column], *walked[column]]), default=1.0) * 1.3
        for column in ("indigenous_z", "fdi_z")
    ]
    x_title = "own technology (standard deviations)"
    y_title = "foreign investment (standard deviations)"
    # Most economies lie near the middle, a few far out: both have to be seen.
    x_scale = alt.Scale(type="symlog", constant=0.5, domain=[-reach[0], reach[0]], nice=False)
    y_scale = alt.Scale(type="symlog", constant=0.5, domain=[-reach[1], reach[1]], nice=False)
    x = alt.X(
        "indigenous_z:Q", title=x_title, scale=x_scale, axis=alt.Axis(format="+.1f", values=STEPS)
    )
    y = alt.Y("fdi_z:Q", title=y_title, scale=y_scale, axis=alt.Axis(format="+.1f", values=STEPS))
    corners = pl.DataFrame(
        [
            {"no": no, "name": name, "a": a, "b": b, "c": c, "d": d}
            for (no, name), (a, b, c, d) in zip(
                QUADRANTS.items(),
                (
                    (-reach[0], 0.0, 0.0, reach[1]),
                    (0.0, reach[0], 0.0, reach[1]),
                    (0.0, reach[0], -reach[1], 0.0),
                    (-reach[0], 0.0, -reach[1], 0.0),
                ),
                strict=True,
            )
        ]
    )
    fields = (
        alt.Chart(corners)
        .mark_rect(stroke=colours.line, strokeWidth=1)
        .encode(
            x=alt.X("a:Q", title=x_title, scale=x_scale),
            x2="b:Q",
            y=alt.Y("c:Q", title=y_title, scale=y_scale),
            y2="d:Q",
            color=alt.Color(
                "name:N",
                scale=alt.Scale(
                    domain=list(QUADRANTS.values()),
                    range=[colours.warning_paper, colours.full, colours.recent, colours.faint],
                ),
                legend=None,
            ),
        )
    )
    titles = [
        alt.Chart(corners.filter(pl.col("no").is_in(numbers)))
        .mark_text(align="left", baseline=baseline, dx=10, dy=lift, fontSize=14, fontWeight="bold")
        .encode(
            x=alt.X("a:Q", scale=x_scale, title=x_title),
            y=alt.Y(f"{edge}:Q", scale=y_scale, title=y_title),
            text="name:N",
            color=alt.value(colours.soft),
        )
        for numbers, edge, baseline, lift in (
            ([1, 2], "d", "top", 10),
            ([3, 4], "c", "bottom", -10),
        )
    ]
    path_colour = alt.Color(
        "geo_name:N",
        scale=alt.Scale(domain=domain, range=list(colours.categories[: len(domain)])),
        legend=alt.Legend(title=None, orient="top", columns=3, symbolType="stroke"),
    )
    tip = [
        alt.Tooltip("geo_name:N", title="Economy"),
        alt.Tooltip("period:N", title="Year"),
        alt.Tooltip("quadrant:N", title="Quadrant"),
        alt.Tooltip("fdi_z:Q", title="Foreign investment", format="+.2f"),
        alt.Tooltip("indigenous_z:Q", title="Own technology", format="+.2f"),
        alt.Tooltip("obs_status:N", title="Mark"),
    ]
    layers: list[alt.Chart] = []
    if walked.height:
        layers = [
            alt.Chart(walked)
            .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=22, filled=True))
            .encode(x=x, y=y, color=path_colour, order="period:O", tooltip=tip)
        ]
    points = (
        alt.Chart(data)
        .mark_point(filled=True, size=110, opacity=1, stroke=colours.paper, strokeWidth=1)
        .encode(
            x=x,
            y=y,
            color=alt.value(colours.brand),
            shape=alt.Shape(
                "basis:N",
                scale=alt.Scale(
                    domain=["both shares known", "one share known (E)"], range=["circle", "diamond"]
                ),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=tip,
        )
    )
    texts = written(
        alt.Chart(data),
        colours,
        {"x": x, "y": y, "text": alt.Text("geo_id:N")},
        dy=-13,
        fontSize=11,
        fontWeight="bold",
    )
    chart = layered(fields, *titles, *layers, points, *texts).resolve_scale(color="independent")
    return dress(chart, look=look, height=height)


def behind(frame: pl.DataFrame, *, look: Look) -> alt.LayerChart:
    """How many years small and medium enterprises are behind large ones; `at least` is an arrow.

    Args:
        frame: geo_name, period, lag, lag_lower, lag_upper, lag_status; a figure or a bound each.
        look: colours, and whether to write on the picture that the figures are synthetic.
    """
    colours = look.palette
    data = frame.with_columns(
        pl.coalesce("lag", "lag_lower", "lag_upper").alias("at"),
        pl.lit(0.0).alias("zero"),
        pl.when(pl.col("lag").is_not_null())
        .then(pl.format("{} years ({})", pl.col("lag").round(1), "period"))
        .when(pl.col("lag_lower").is_not_null())
        .then(pl.format("at least {} years ({})", pl.col("lag_lower").round(1), "period"))
        .otherwise(pl.format("at most {} years ({})", pl.col("lag_upper").round(1), "period"))
        .alias("text"),
        pl.when(pl.col("lag").is_not_null())
        .then(pl.lit("years behind"))
        .otherwise(pl.lit("only a bound is known"))
        .alias("kind"),
    ).sort("at", descending=True)
    order = data["geo_name"].to_list()
    y = alt.Y("geo_name:N", sort=order, title=None, axis=alt.Axis(labelLimit=170, grid=False))
    # Now is on the right, the past on the left, as on a line of time.
    scale = alt.Scale(reverse=True, domain=[0, max(1.0, float(data["at"].max() or 0)) * 1.28])
    title = "years ago that large enterprises were where small ones are now"
    axis = alt.Axis(tickMinStep=1, format="d")
    x = alt.X("at:Q", title=title, scale=scale, axis=axis)
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(
            domain=["years behind", "only a bound is known"],
            range=[colours.brand, colours.withheld],
        ),
        legend=alt.Legend(title=None, orient="top"),
    )
    tip = [
        alt.Tooltip("geo_name:N", title="Economy"),
        alt.Tooltip("text:N", title="Behind"),
        alt.Tooltip("lag_status:N", title="Mark"),
    ]
    lines = (
        alt.Chart(data)
        .mark_rule(strokeWidth=3)
        .encode(
            x=alt.X("zero:Q", title=title, scale=scale, axis=axis),
            x2="at:Q",
            y=y,
            color=colour,
            tooltip=tip,
        )
    )
    points = (
        alt.Chart(data)
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            x=x,
            y=y,
            color=colour,
            shape=alt.Shape(
                "kind:N",
                scale=alt.Scale(
                    domain=["years behind", "only a bound is known"],
                    range=["circle", "triangle-left"],
                ),
                legend=None,
            ),
            tooltip=tip,
        )
    )
    texts = (
        alt.Chart(data)
        .mark_text(align="right", dx=-11, color=colours.ink, fontSize=11)
        .encode(x=x, y=y, text="text:N")
    )
    return dress(layered(lines, points, texts), look=look, height=30 * len(order) + 70)


def adoption(
    frame: pl.DataFrame, lag: float | None, period: str, *, look: Look, height: int = 330
) -> alt.LayerChart:
    """Online sellers among large and small enterprises, and the way back from one to the other.

    Args:
        frame: rows of `data.adoption_by_size` of one economy.
        lag: years between the two curves at the level of the small ones in `period`; may be None.
        period: year that the lag is measured in.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    colours = look.palette
    keys = dict(zip(("large_pct", "sme_pct"), CURVES, strict=True))
    long = pl.concat(
        [
            frame.select(
                pl.col("period").cast(pl.Float64).alias("year"),
                pl.col(key).alias("share"),
                pl.lit(name).alias("size"),
                pl.col("gap_status").alias("mark"),
            )
            for key, name in keys.items()
        ]
    )
    x = alt.X(
        "year:Q",
        title=None,
        axis=alt.Axis(format="d", tickMinStep=1),
        scale=alt.Scale(zero=False, nice=False, padding=12),
    )
    y = alt.Y("share:Q", title="percent of enterprises that sell online")
    colour = alt.Color(
        "size:N",
        scale=alt.Scale(domain=list(CURVES), range=[colours.brand, colours.negative]),
        legend=alt.Legend(title=None, orient="top"),
    )
    layers: list[alt.Chart] = [
        alt.Chart(long).mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour),
        alt.Chart(long.drop_nulls("share"))
        .mark_point(filled=True, size=45, opacity=1)
        .encode(
            x=x,
            y=y,
            color=colour,
            shape=alt.Shape(
                "size:N",
                scale=alt.Scale(domain=list(CURVES), range=["circle", "diamond"]),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("size:N", title="Enterprises"),
                alt.Tooltip("year:Q", title="Year", format="d"),
                alt.Tooltip("share:Q", title="Percent", format=".1f"),
                alt.Tooltip("mark:N", title="Mark of the gap"),
            ],
        ),
    ]
    level = frame.filter(pl.col("period") == period)["sme_pct"].drop_nulls()
    if lag is not None and level.len():
        now = float(period)
        step = pl.DataFrame(
            {
                "year": [now - lag],
                "now": [now],
                "share": [level[0]],
                "text": [f"{lag:.1f} years"],
                "middle": [now - lag / 2],
            }
        )
        layers += [
            alt.Chart(step)
            .mark_rule(strokeWidth=2, strokeDash=[5, 3], color=colours.ink)
            .encode(x=x, x2="now:Q", y=y),
            *written(
                alt.Chart(step),
                colours,
                {"x": alt.X("middle:Q"), "y": y, "text": alt.Text("text:N")},
                dy=-10,
                fontWeight="bold",
                fontSize=12,
            ),
        ]
    return dress(layered(*layers), look=look, height=height)


def interaction(frame: pl.DataFrame, *, look: Look) -> alt.LayerChart:
    """Estimates with their 95 % intervals, each placebo below its estimate.

    Args:
        frame: basis_name, value, value_lower, value_upper, p_value, is_placebo; all known.
        look: colours, and whether to write on the picture that the figures are synthetic.
    """
    data = _tagged(frame)
    order = data.sort("outcome", "is_placebo")["basis_name"].to_list()
    title = "more growth (log points over three years)"
    y = alt.Y("basis_name:N", sort=order, title=None, axis=alt.Axis(labelLimit=220, grid=True))
    tip = [
        alt.Tooltip("basis_name:N", title="Growth of"),
        alt.Tooltip("value:Q", title="Estimate", format="+.4f"),
        alt.Tooltip("value_lower:Q", title="At least", format="+.4f"),
        alt.Tooltip("value_upper:Q", title="At most", format="+.4f"),
        alt.Tooltip("p_value:Q", title="p", format=".3f"),
    ]
    zero = (
        alt.Chart(pl.DataFrame({"zero": [0.0]}))
        .mark_rule(color=look.palette.ink, strokeDash=[4, 3])
        .encode(x=alt.X("zero:Q", title=title))
    )
    spans = (
        alt.Chart(data)
        .mark_rule(strokeWidth=5, opacity=0.55)
        .encode(
            x=alt.X("value_lower:Q", title=title),
            x2="value_upper:Q",
            y=y,
            color=_group_colour(look),
            tooltip=tip,
        )
    )
    points = (
        alt.Chart(data)
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            x=alt.X("value:Q", title=title),
            y=y,
            color=_group_colour(look),
            shape=_group_shape(),
            tooltip=tip,
        )
    )
    return dress(layered(zero, spans, points), look=look, height=42 * len(order) + 70)


def slopes(frame: pl.DataFrame, *, look: Look, height: int = 250) -> alt.LayerChart:
    """The effect of broadband where a cluster is weak and where it is strong; placebos dashed.

    Args:
        frame: basis_name, effect_at_lq_p25, effect_at_lq_p75, is_placebo; all known.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    ends = {"effect_at_lq_p25": "weak cluster (LQ p25)", "effect_at_lq_p75": "strong (LQ p75)"}
    long = pl.concat(
        [
            _tagged(frame).select(
                "basis_name", "group", pl.col(key).alias("effect"), pl.lit(name).alias("where")
            )
            for key, name in ends.items()
        ]
    )
    x = alt.X(
        "where:N", sort=list(ends.values()), title=None, axis=alt.Axis(labelAngle=0, labelLimit=160)
    )
    y = alt.Y(
        "effect:Q",
        title="effect of broadband on growth",
        axis=alt.Axis(format="+.3f"),
        scale=alt.Scale(zero=False),
    )
    lines = (
        alt.Chart(long)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=x,
            y=y,
            detail="basis_name:N",
            color=_group_colour(look),
            strokeDash=alt.StrokeDash(
                "group:N",
                scale=alt.Scale(domain=list(GROUPS), range=[[1, 0], [5, 4]]),
                legend=None,
            ),
        )
    )
    points = (
        alt.Chart(long)
        .mark_point(filled=True, size=80, opacity=1)
        .encode(
            x=x,
            y=y,
            color=_group_colour(look),
            shape=_group_shape(),
            tooltip=[
                alt.Tooltip("basis_name:N", title="Growth of"),
                alt.Tooltip("where:N", title="Where"),
                alt.Tooltip("effect:Q", title="Effect", format="+.4f"),
            ],
        )
    )
    return dress(layered(lines, points), look=look, height=height)


def _tagged(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.when("is_placebo").then(pl.lit(GROUPS[1])).otherwise(pl.lit(GROUPS[0])).alias("group"),
        pl.when(pl.col("basis").str.contains("employment"))
        .then(pl.lit("employment"))
        .otherwise(pl.lit("establishments"))
        .alias("outcome"),
    )


def _group_colour(look: Look) -> alt.Color:
    colours = look.palette
    return alt.Color(
        "group:N",
        scale=alt.Scale(domain=list(GROUPS), range=[colours.brand, colours.negative]),
        legend=alt.Legend(title=None, orient="top"),
    )


def _group_shape() -> alt.Shape:
    return alt.Shape(
        "group:N", scale=alt.Scale(domain=list(GROUPS), range=["circle", "diamond"]), legend=None
    )


def over_years(frame: pl.DataFrame, *, title: str, look: Look, height: int = 280) -> alt.LayerChart:
    """A test statistic with its interval in each year, around 0.

    Args:
        frame: period, value, value_lower, value_upper, n_obs.
        title: of the value axis.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    colours = look.palette
    x = alt.X("period:O", title=None, axis=alt.Axis(labelAngle=0))
    y = alt.Y("value:Q", title=title, scale=alt.Scale(domain=[-1, 1]))
    tip = [
        alt.Tooltip("period:O", title="Year"),
        alt.Tooltip("value:Q", title="Value", format="+.2f"),
        alt.Tooltip("value_lower:Q", title="At least", format="+.2f"),
        alt.Tooltip("value_upper:Q", title="At most", format="+.2f"),
        alt.Tooltip("n_obs:Q", title="Sectors"),
    ]
    zero = (
        alt.Chart(pl.DataFrame({"zero": [0.0]}))
        .mark_rule(color=colours.ink, strokeDash=[4, 3])
        .encode(y=alt.Y("zero:Q", title=title))
    )
    spans = (
        alt.Chart(frame.drop_nulls(["value_lower", "value_upper"]))
        .mark_rule(strokeWidth=6, color=colours.quiet)
        .encode(x=x, y=alt.Y("value_lower:Q", title=title), y2="value_upper:Q", tooltip=tip)
    )
    points = (
        alt.Chart(frame)
        .mark_point(filled=True, size=90, color=colours.brand, opacity=1)
        .encode(x=x, y=y, tooltip=tip)
    )
    return dress(layered(zero, spans, points), look=look, height=height)


def turnover(
    frame: pl.DataFrame, highlighted: Sequence[str], *, look: Look, height: int = 430
) -> alt.LayerChart:
    """Entry against exit of establishments: above the line more leave than enter.

    Args:
        frame: rows of `data.business_dynamics` with both rates.
        highlighted: geo_ids to name.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    colours = look.palette
    data = frame.with_columns(
        pl.when(pl.col("entry_rate_pct") > pl.col("exit_rate_pct"))
        .then(pl.lit("more enter"))
        .otherwise(pl.lit("as many or more leave"))
        .alias("group"),
        (pl.col("entry_rate_pct") - pl.col("exit_rate_pct")).alias("net"),
    )
    many = data.height > 400
    low = min(float(data["entry_rate_pct"].min()), float(data["exit_rate_pct"].min()))  # type: ignore[arg-type]
    high = max(float(data["entry_rate_pct"].max()), float(data["exit_rate_pct"].max()))  # type: ignore[arg-type]
    scale = alt.Scale(zero=False, nice=False, padding=18)
    x = alt.X(
        "entry_rate_pct:Q",
        title="entrants per 100 establishments",
        scale=scale,
        axis=alt.Axis(tickCount=10),
    )
    y = alt.Y("exit_rate_pct:Q", title="exits per 100 establishments", scale=scale)
    line = (
        alt.Chart(pl.DataFrame({"a": [low, high], "b": [low, high]}))
        .mark_line(color=colours.mute, strokeDash=[4, 3], clip=True)
        .encode(
            x=alt.X("a:Q", title="entrants per 100 establishments"),
            y=alt.Y("b:Q", title="exits per 100 establishments"),
        )
    )
    domain = ["more enter", "as many or more leave"]
    points = (
        alt.Chart(data.sort("estabs_count", descending=True, nulls_last=True))
        .mark_point(filled=True, opacity=0.35 if many else 0.75, stroke=colours.paper)
        .encode(
            x=x,
            y=y,
            size=alt.Size(
                "estabs_count:Q",
                scale=alt.Scale(type="sqrt", range=[12, 300] if many else [30, 800], domainMin=0),
                legend=None,
            ),
            color=alt.Color(
                "group:N",
                scale=alt.Scale(domain=domain, range=[colours.brand, colours.negative]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                alt.Tooltip("geo_name:N", title="Place"),
                alt.Tooltip("parent_name:N", title="In"),
                alt.Tooltip("entry_rate_pct:Q", title="Entry", format=".1f"),
                alt.Tooltip("exit_rate_pct:Q", title="Exit", format=".1f"),
                alt.Tooltip("estabs_count:Q", title="Establishments", format=","),
                alt.Tooltip("obs_status:N", title="Mark"),
            ],
        )
    )
    texts = written(
        alt.Chart(data.filter(pl.col("geo_id").is_in(list(highlighted)))),
        colours,
        {"x": x, "y": y, "text": alt.Text("geo_name:N")},
        dy=-13,
        fontSize=11,
        limit=170,
    )
    return dress(layered(line, points, *texts), look=look, height=height)


def competition(frame: pl.DataFrame, *, look: Look) -> alt.LayerChart:
    """Local competition over the regions of each cluster: the middle half, and the median.

    Args:
        frame: rows of `data.rivalry_by_cluster`.
        look: colours, and whether to write on the picture that the figures are synthetic.
    """
    colours = look.palette
    order = frame.sort("middle", descending=True)["cluster_name"].to_list()
    title = "establishments a job, against the nation (1 = the same)"
    scale = alt.Scale(type="log", base=2, nice=False, padding=8)
    axis = alt.Axis(format="~g", values=[0.25, 0.5, 1, 2, 4, 8, 16])
    y = alt.Y("cluster_name:N", sort=order, title=None, axis=alt.Axis(labelLimit=240, grid=True))
    tip = [
        alt.Tooltip("cluster_name:N", title="Cluster"),
        alt.Tooltip("quarter:Q", title="Lower quarter", format=".2f"),
        alt.Tooltip("middle:Q", title="Median", format=".2f"),
        alt.Tooltip("three_quarters:Q", title="Upper quarter", format=".2f"),
        alt.Tooltip("middle_strong:Q", title="Median where strong", format=".2f"),
        alt.Tooltip("regions_count:Q", title="Regions", format=","),
        alt.Tooltip("withheld_count:Q", title="Withheld", format=","),
    ]
    one = (
        alt.Chart(pl.DataFrame({"one": [1.0]}))
        .mark_rule(color=colours.ink, strokeDash=[4, 3])
        .encode(x=alt.X("one:Q", title=title, scale=scale, axis=axis))
    )
    spans = (
        alt.Chart(frame.filter(pl.col("quarter") > 0))
        .mark_rule(strokeWidth=6, color=colours.quiet)
        .encode(
            x=alt.X("quarter:Q", title=title, scale=scale, axis=axis),
            x2="three_quarters:Q",
            y=y,
            tooltip=tip,
        )
    )
    kinds = {"middle": "median of regions", "middle_strong": "median where strong"}
    long = pl.concat(
        [
            frame.select("cluster_name", pl.col(key).alias("at"), pl.lit(name).alias("kind"))
            for key, name in kinds.items()
        ]
    ).filter(pl.col("at") > 0)
    domain = list(kinds.values())
    points = (
        alt.Chart(long)
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=alt.X("at:Q", title=title, scale=scale, axis=axis),
            y=y,
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=domain, range=[colours.brand, colours.negative]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            shape=alt.Shape(
                "kind:N",
                scale=alt.Scale(domain=domain, range=["circle", "diamond"]),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("cluster_name:N", title="Cluster"),
                alt.Tooltip("kind:N", title="Which"),
                alt.Tooltip("at:Q", title="Competition", format=".2f"),
            ],
        )
    )
    return dress(layered(one, spans, points), look=look, height=20 * len(order) + 80)


def pair(
    frame: pl.DataFrame,
    highlighted: Sequence[str],
    *,
    x_title: str,
    y_title: str,
    look: Look,
    height: int = 380,
) -> alt.LayerChart:
    """Two measures of the same economies against each other, each at its newest value.

    Args:
        frame: geo_id, geo_name, x, y, x_period, y_period, x_status, y_status; x and y are known.
        highlighted: geo_ids in a colour of their own.
        x_title: of the horizontal axis.
        y_title: of the vertical axis.
        look: colours, and whether to write on the picture that the figures are synthetic.
        height: in pixels.
    """
    colours = look.palette
    data = frame.with_columns(pl.col("geo_id").is_in(list(highlighted)).alias("chosen"))
    scale = alt.Scale(zero=False, nice=False, padding=22)
    x = alt.X("x:Q", title=x_title, scale=scale)
    y = alt.Y("y:Q", title=y_title, scale=scale)
    points = (
        alt.Chart(data)
        .mark_point(filled=True, size=100, opacity=0.95, stroke=colours.paper)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "chosen:N",
                scale=alt.Scale(domain=[True, False], range=[colours.negative, colours.brand]),
                legend=None,
            ),
            shape=alt.Shape(
                "chosen:N",
                scale=alt.Scale(domain=[True, False], range=["diamond", "circle"]),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("geo_name:N", title="Economy"),
                alt.Tooltip("x:Q", title=x_title, format=",.2f"),
                alt.Tooltip("x_period:N", title="Year"),
                alt.Tooltip("x_status:N", title="Mark"),
                alt.Tooltip("y:Q", title=y_title, format=",.2f"),
                alt.Tooltip("y_period:N", title="Year"),
                alt.Tooltip("y_status:N", title="Mark"),
            ],
        )
    )
    texts = written(
        alt.Chart(data),
        colours,
        {"x": x, "y": y, "text": alt.Text("geo_id:N")},
        dy=-12,
        fontSize=11,
    )
    return dress(layered(points, *texts), look=look, height=height)
