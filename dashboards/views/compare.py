"""Compare: up to ten economies side by side, each value on its own basis and of its own year."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import data, links, page, tables, words
from dashboards.data import Release

LEAD = (
    "Economies side by side over all indicators. Each cell is the newest value of that economy, "
    "with its year; the stroke below it shows where it lies between the lowest and the highest of "
    "the 21 economies on the same basis."
)
MOST = 10


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "Compare economies", LEAD)
    names = dict(data.economies(release).rows())
    frame = data.newest(release)
    if frame.is_empty():
        st.info("This release holds no indicator of economies.")
        return
    chosen = st.multiselect(
        f"Economies (up to {MOST})",
        list(names),
        default=_best_covered(frame, 4),
        max_selections=MOST,
        format_func=names.__getitem__,
        key="economies",
        bind="query-params",
    )
    parts = data.snapshots(release)
    page.strip(release, parts)
    if not chosen:
        st.info("Choose at least one economy.")
        return
    labels = words.status_labels(data.statuses(release))
    titles = page.guideline_titles(release)
    shown = frame.filter(pl.col("geo_id").is_in(chosen))
    st.html(
        tables.side_by_side(
            shown, {geo: names[geo] for geo in chosen}, titles, labels, links.of_row
        )
    )
    st.caption(
        "A click on a number shows where it comes from. Rows are not added up: two bases measure "
        "different things, and more is not always better. "
        "The address of this page keeps the choice; share it."
    )
    page.legend(release, shown["obs_status"].unique().to_list())
    page.download(release, shown.drop("low", "high"), "comparison", parts, key="compare_csv")
    page.end(release, parts)


def _best_covered(frame: pl.DataFrame, n: int) -> list[str]:
    """The economies with most values; the first by code of several."""
    counts = frame.group_by("geo_id").agg(pl.col("value").count().alias("n"))
    return counts.sort(["n", "geo_id"], descending=[True, False])["geo_id"].head(n).to_list()
