"""People: what the work force knows, what is being learnt, and whether firms teach."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import charts, charts_families, data, page, shapes, tables, words
from dashboards.data import Release
from dashboards.style import CATEGORIES
from dashboards.tables import Measure

LEAD = (
    "A cluster needs people who know its trade. The stock of graduates, the flow of students, what "
    "they study, and whether firms train: each from its own source, never added up."
)
PICKS = {
    "enrolment": ("tertiary_enrolment", "wdi_gross_pct"),
    "attainment": ("tertiary_attainment", "wdi_bachelor_25plus_pct"),
    "stem": ("stem_graduate_share", "uis_stem_pct"),
    "ict": ("stem_graduate_share", "uis_ict_pct"),
    "training": ("employer_training_share", "wes_firms_pct"),
    "ict_training": ("employer_training_share", "oecd_ict_training_pct"),
}
TITLES = {
    "enrolment": "Tertiary enrolment",
    "attainment": "Bachelor or more, 25+",
    "stem": "STEM graduates",
    "ict": "ICT graduates",
    "training": "Firms that train",
    "ict_training": "Firms with ICT training",
}
COLUMNS = tuple(Measure(key, heading, 0, 1, "%") for key, heading in TITLES.items())
PAIRS = (
    (
        "Stock and flow: graduates among adults, students now",
        "attainment",
        "enrolment",
        "percent of adults with a bachelor’s degree or more",
        "gross tertiary enrolment, percent",
        "Up and left: many students where few adults have a degree, so that the stock will rise.",
    ),
    (
        "What they study: science and technology, and ICT within it",
        "stem",
        "ict",
        "STEM, percent of graduates",
        "ICT, percent of graduates",
        "Shares of those who graduate, not of an age group: read them with the enrolment beside.",
    ),
)


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "People", LEAD)
    names = dict(data.economies(release).rows())
    cells = data.newest(release).filter(
        pl.col("indicator_id").is_in([indicator for indicator, _ in PICKS.values()])
    )
    if cells.is_empty():
        st.info("This release holds no indicator of people for economies.")
        return
    chosen = st.multiselect(
        "Highlight",
        list(names),
        max_selections=len(CATEGORIES),
        format_func=names.__getitem__,
        key="people_economies",
        bind="query-params",
    )
    parts = _parts(release)
    page.strip(release, parts)
    rows = pl.DataFrame({"geo_id": list(names), "geo_name": list(names.values())})
    wide = shapes.widened(cells, rows, "geo_id", PICKS)
    st.header(_finding(wide), anchor=False)
    left, right = st.columns(2, gap="large")
    for column, (title, x, y, x_title, y_title, reading) in zip((left, right), PAIRS, strict=True):
        with column:
            _pair(release, wide, chosen, title, (x, y), (x_title, y_title), reading, parts)
    _training(release, wide, chosen, parts)
    st.subheader("All economies, newest value of each", anchor=False)
    st.caption("Years differ between columns and economies: they are in the download.")
    st.html(tables.measures(wide.sort("geo_name"), "geo_name", "Economy", COLUMNS, kind="economy"))
    table = cells.select(
        "indicator_id",
        "basis",
        "unit",
        "geo_id",
        "period",
        "value",
        "value_lower",
        "value_upper",
        "obs_status",
    )
    page.download(release, table, "people", parts, key="people_csv")
    page.legend(release, cells["obs_status"].unique().to_list())
    measured = data.indicators(release).filter(
        pl.col("indicator_id").is_in(cells["indicator_id"].unique().to_list())
    )
    page.caveats(*measured.to_dicts())
    page.end(release, parts)


def _parts(release: Release) -> pl.DataFrame:
    found = [data.snapshots_behind(release, *pick) for pick in PICKS.values()]
    return pl.concat(found).unique("snapshot_id", maintain_order=True)


def _finding(wide: pl.DataFrame) -> str:
    comparable = wide.filter(
        pl.col("stem").is_not_null() & ~pl.col("stem_status").is_in(["U", "C", "Q"])
    )
    if comparable.is_empty():
        return "Science and technology graduates: no economy has a figure"
    first = comparable.sort("stem", "geo_name", descending=[True, False]).row(0, named=True)
    middle = float(comparable["stem"].median())  # type: ignore[arg-type]
    return (
        f"STEM graduates: {middle:.0f}% in the middle of {comparable.height} economies, "
        f"most in {first['geo_name']} ({first['stem']:.0f}%, {first['stem_period']})"
    )


def _pair(
    release: Release,
    wide: pl.DataFrame,
    chosen: list[str],
    title: str,
    keys: tuple[str, str],
    titles: tuple[str, str],
    reading: str,
    parts: pl.DataFrame,
) -> None:
    st.subheader(title, anchor=False)
    st.caption(reading)
    x, y = keys
    drawn = wide.drop_nulls([x, y]).select(
        "geo_id",
        "geo_name",
        pl.col(x).alias("x"),
        pl.col(y).alias("y"),
        pl.col(f"{x}_period").alias("x_period"),
        pl.col(f"{y}_period").alias("y_period"),
        pl.col(f"{x}_status").alias("x_status"),
        pl.col(f"{y}_status").alias("y_status"),
    )
    if drawn.is_empty():
        st.info("No economy has both figures.")
        return
    page.draw(
        charts_families.pair,
        drawn,
        chosen,
        x_title=titles[0],
        y_title=titles[1],
        look=page.look(release),
        alt=f"{title}: {drawn.height} economies; the table below has the figures",
    )
    years = [*drawn["x_period"], *drawn["y_period"]]
    page.credit("percent", _used(release, keys), words.span(min(years), max(years)))


def _used(release: Release, keys: tuple[str, ...]) -> pl.DataFrame:
    found = [data.snapshots_behind(release, *PICKS[key]) for key in keys]
    return pl.concat(found).unique("snapshot_id", maintain_order=True)


def _training(release: Release, wide: pl.DataFrame, chosen: list[str], parts: pl.DataFrame) -> None:
    st.header("Do firms teach?", anchor=False)
    st.caption(
        "Two surveys with different questions: neither their values nor their ranks compare. Each "
        "stroke is an economy, the long one the median, the dots are those highlighted above."
    )
    for column, key in zip(st.columns(2, gap="large"), ("training", "ict_training"), strict=True):
        with column:
            st.subheader(TITLES[key], anchor=False)
            drawn = wide.drop_nulls(key)
            if drawn.is_empty():
                st.info("No economy has a figure.")
                continue
            first = drawn.sort(key, descending=True)["geo_id"].to_list()
            page.draw(
                charts.spread,
                drawn.select("geo_id", "geo_name", pl.col(key).alias("value")),
                chosen or [first[0], first[-1]],
                unit="percent of firms",
                look=page.look(release),
                alt=f"{TITLES[key]}: spread over {drawn.height} economies",
            )
            years = drawn[f"{key}_period"]
            page.credit(
                "percent of firms",
                _used(release, (key,)),
                words.span(years.min(), years.max()),  # type: ignore[arg-type]
            )
