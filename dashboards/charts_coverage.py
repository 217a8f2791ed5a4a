"""Pictures of what is covered and of what was revised: frame → Altair chart.

Belongs here: those pictures. Does not belong here: queries, layout, other charts.
"""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboards.charts import dress
from dashboards.style import Look

# Status of the coverage matrix → how the legend calls it, the best first.
STATUSES = {
    "observed": "as new as anybody’s",
    "carried": "up to three years behind",
    "outdated": "older",
    "suppressed": "withheld",
    "missing": "covered, without a figure",
    "no source": "no landed source",
}


def by_economy(frame: pl.DataFrame, *, look: Look) -> alt.LayerChart:
    """One bar an economy: its indicators by status, the economy with most figures first.

    Args:
        frame: geo_name, coverage_status, count.
        look: colours, and whether to write on the picture that the figures are synthetic.
    """
    colours = look.palette
    filled = ("observed", "carried", "outdated")
    order = (
        frame.group_by("geo_name")
        .agg(pl.col("count").filter(pl.col("coverage_status").is_in(filled)).sum().alias("n"))
        .sort("n", "geo_name", descending=[True, False])["geo_name"]
        .to_list()
    )
    places = {status: number for number, status in enumerate(STATUSES)}
    data = frame.with_columns(
        pl.col("coverage_status").replace_strict(STATUSES).alias("status"),
        pl.col("coverage_status").replace_strict(places, return_dtype=pl.Int64).alias("place"),
    )
    tones = [
        colours.brand,
        colours.sequence[2],
        colours.warning_line,
        colours.held,
        colours.quiet,
        colours.empty,
    ]
    bars = (
        alt.Chart(data)
        .mark_bar(stroke=colours.line, strokeWidth=0.5)
        .encode(
            y=alt.Y("geo_name:N", sort=order, title=None, axis=alt.Axis(labelLimit=200)),
            x=alt.X("sum(count):Q", title="indicators", axis=alt.Axis(format="d", tickMinStep=1)),
            order=alt.Order("place:Q"),
            color=alt.Color(
                "status:N",
                scale=alt.Scale(domain=list(STATUSES.values()), range=tones),
                legend=alt.Legend(title=None, orient="top", columns=3, labelLimit=220),
            ),
            tooltip=[
                alt.Tooltip("geo_name:N", title="Economy"),
                alt.Tooltip("status:N", title="Status"),
                alt.Tooltip("sum(count):Q", title="Indicators"),
            ],
        )
    )
    return dress(alt.layer(bars), look=look, height=22 * len(order) + 40)
