"""Clusters in US states and counties: location quotients on a map, in a list and for one place."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import charts, data, maps, page, tables, words
from dashboards.data import Release, Slice

INDICATOR = "location_quotient"
LEAD = (
    "A location quotient compares a cluster’s share of a place with its share of the country. "
    "1 means the same share, 2 twice the share."
)
SHOWN_FIRST = 15


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "Clusters by region", LEAD)
    found = data.indicators(release).filter(pl.col("indicator_id") == INDICATOR)
    available = data.bases(release, INDICATOR).filter(pl.col("geo_type").is_in(list(maps.OUTLINES)))
    if found.is_empty() or available.is_empty():
        st.info("This release holds no location quotients.")
        return
    indicator = found.row(0, named=True)
    part, basis, period = _choose(release, available)
    geo_type = basis["geo_type"]
    frame = data.cross_section(release, part, geo_type, period)
    labels = words.status_labels(data.statuses(release))
    names = dict(data.clusters(release).select("cluster_id", "cluster_name").rows())
    title = f"{names[part.cluster_id]}, {words.geo_words(geo_type)}, {period}"
    st.header(title, anchor=False)
    parts = data.snapshots_behind(release, INDICATOR, part.basis, period)
    page.strip(release, parts)
    _headline(frame, geo_type)
    chart, filled = maps.quotient_map(frame, geo_type, labels, look=page.look(release))
    page.map_chart(chart, f"Map of location quotients: {title}")
    page.unmapped(filled.without_outline)
    ranking, everything = st.columns(2, gap="large")
    with ranking:
        _ranking(frame, labels, basis)
    with everything:
        _everything(frame, labels, geo_type)
    table = frame.with_columns(
        pl.lit(INDICATOR).alias("indicator_id"),
        pl.lit(part.basis).alias("basis"),
        pl.lit(part.cluster_id).alias("cluster_id"),
    )
    page.download(release, table, f"{INDICATOR}_{part.cluster_id}_{period}", parts, key="lq_csv")
    _profile(release, basis, period, labels)
    page.legend(release, frame["obs_status"].unique().to_list())
    page.caveats(indicator)
    page.end(release, parts)


def _choose(release: Release, available: pl.DataFrame) -> tuple[Slice, dict[str, Any], str]:
    cluster_box, level_box, basis_box, year_box = st.columns([3, 2, 3, 1.5])
    level_names = {kind: words.geo_words(kind) for kind in available["geo_type"].unique()}
    with level_box:
        geo_type = st.selectbox(
            "Level",
            [kind for kind in maps.OUTLINES if kind in level_names],
            format_func=level_names.__getitem__,
            key="level",
            bind="query-params",
        )
    rows = {
        row["basis"]: row for row in available.filter(pl.col("geo_type") == geo_type).to_dicts()
    }
    with basis_box:
        basis = st.selectbox(
            "Basis",
            list(rows),
            format_func=lambda b: rows[b]["basis_name"],
            key="basis",
            bind="query-params",
        )
    listed = data.clusters_with_cells(release, INDICATOR, basis)
    found = dict(listed.select("cluster_id", "cluster_name").rows())
    traded = listed.filter(pl.col("cluster_class") == "traded")
    first = _most_present(listed if traded.is_empty() else traded, "cluster_id")
    with cluster_box:
        cluster_id = st.selectbox(
            "Cluster",
            list(found),
            index=list(found).index(first),
            format_func=found.__getitem__,
            key="cluster",
            bind="query-params",
        )
    with year_box:
        period = st.selectbox(
            "Year",
            data.periods(release, INDICATOR, basis, geo_type),
            key="year",
            bind="query-params",
        )
    return Slice(INDICATOR, basis, cluster_id), rows[basis], period


def _headline(frame: pl.DataFrame, geo_type: str) -> None:
    known = frame.filter(pl.col("value").is_not_null())
    compared = words.rankable(frame)
    held = frame.filter(pl.col("obs_status").is_in(["C", "Q"]))
    strong = compared.filter(pl.col("value") >= maps.QUOTIENT_STEPS[2]).height
    small = known.height - compared.height
    st.html(
        tables.tiles(
            {
                "With a value": (
                    f"{known.height:,} of {frame.height:,}",
                    words.many(geo_type),
                ),
                f"At or above {maps.QUOTIENT_STEPS[2]:g}": (f"{strong:,}", "small cells left out"),
                "Withheld by the source": (f"{held.height:,}", "an interval is shown if known"),
                "Small cells": (f"{small:,}", "on the map, not in the ranking"),
            }
        )
    )


def _ranking(frame: pl.DataFrame, labels: dict[str, str], basis: dict[str, Any]) -> None:
    st.subheader("Most specialised places", anchor=False)
    st.caption(
        f"The first {SHOWN_FIRST}. Small cells and withheld cells are not ranked: a few jobs can "
        "make a large quotient."
    )
    ordered = words.ranked(words.rankable(frame), "up")
    if ordered.is_empty():
        st.info("No place has a value that can be ranked.")
        return
    st.html(
        tables.ranking(
            ordered, labels, unit=basis["unit"], place_heading="Place", limit=SHOWN_FIRST
        )
    )


def _everything(frame: pl.DataFrame, labels: dict[str, str], geo_type: str) -> None:
    st.subheader("All places", anchor=False)
    st.caption("Where a figure is withheld, the interval that it lies in. Click a heading to sort.")
    shown = frame.select(
        pl.col("geo_name").alias("Place"),
        pl.col("parent_name").alias("In"),
        pl.col("value").alias("Value"),
        pl.col("value_lower").alias("At least"),
        pl.col("value_upper").alias("At most"),
        pl.col("obs_status").replace({"": words.NO_CELL}).alias("Mark"),
        pl.col("obs_status").replace_strict(labels, default="").alias("Meaning"),
    )
    if geo_type == "state":
        shown = shown.drop("In")
    two = st.column_config.NumberColumn(format="%.2f", width="small")
    st.dataframe(
        shown,
        hide_index=True,
        height=525,
        placeholder="–",
        column_config={"Value": two, "At least": two, "At most": two},
    )


def _profile(
    release: Release,
    basis: dict[str, Any],
    period: str,
    labels: dict[str, str],
) -> None:
    geo_type = basis["geo_type"]
    places = data.places(release, INDICATOR, basis["basis"], geo_type)
    names = {
        row["geo_id"]: row["geo_name"]
        + (f", {row['parent_name']}" if geo_type == "county" and row["parent_name"] else "")
        for row in places.to_dicts()
    }
    st.header("Profile of one place", anchor=False)
    ids = list(names)
    geo_id = st.selectbox(
        "Place",
        ids,
        index=ids.index(_most_present(places, "geo_id")),
        format_func=names.__getitem__,
        key=f"place_{geo_type}",
        bind="query-params",
    )
    rows = data.profile(release, INDICATOR, basis["basis"], geo_id, period)
    drawn, listed = st.columns([5, 4], gap="large")
    with drawn:
        st.altair_chart(
            charts.profile(rows, unit=basis["unit"], look=page.look(release)),
            theme=None,
            width="stretch",
            alt=f"Location quotients of all clusters in {names[geo_id]}, {period}",
        )
    with listed:
        st.html(tables.cells(rows.filter(pl.col("obs_status") != ""), "cluster_name", labels))
        absent = rows.filter(pl.col("obs_status") == "")["cluster_name"].to_list()
        if absent:
            st.caption(f"No cell in this release: {', '.join(absent)}.")


def _most_present(frame: pl.DataFrame, column: str) -> str:
    """What has most values that are not zero; the first of several."""
    return str(frame.sort("present", descending=True, maintain_order=True)[column][0])
