"""One cluster over all US regions of a kind: quotient, strength, significance, map, ranking."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import polars as pl
import streamlit as st

from dashboards import charts, charts_regions, data, maps, page, tables, words
from dashboards.data import Release, Slice

INDICATOR = "location_quotient"
LEAD = (
    "Where a cluster is, how strong, and how sure. A location quotient compares a cluster’s share "
    "of a place with its share of the country: 1 means the same share, 2 twice the share."
)
COLOURINGS = {"quotient": "Location quotient", "strength": "Strength", "rivalry": "Competition"}
SHOWN_FIRST = 15


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "Clusters by region", LEAD)
    found = data.indicators(release).filter(pl.col("indicator_id") == INDICATOR)
    available = data.bases(release, INDICATOR).filter(pl.col("geo_type") != "economy")
    if found.is_empty() or available.is_empty():
        st.info("This release holds no location quotients.")
        return
    indicator = found.row(0, named=True)
    part, basis, period = _choose(release, available)
    geo_type = basis["geo_type"]
    frame = data.region_cross_section(release, part, geo_type, period)
    labels = words.status_labels(data.statuses(release))
    names = dict(data.clusters(release).select("cluster_id", "cluster_name").rows())
    name = names[part.cluster_id]
    st.header(_finding(frame, name, geo_type, period), anchor=False)
    parts = data.snapshots_behind(release, INDICATOR, part.basis, period)
    page.strip(release, parts)
    _headline(frame, geo_type)
    if geo_type in maps.OUTLINES:
        _map(release, frame, geo_type, labels, f"{name}, {period}", basis, parts, period)
    else:
        st.info(f"There are no outlines of {words.many(geo_type)} to draw a map with.")
    ranking, strengths = st.columns([5, 6], gap="large")
    with ranking:
        _ranking(frame, labels, basis)
    with strengths:
        _strengths(release, frame, name, geo_type, period, parts)
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
            sorted(level_names, key=_level_order),
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


def _level_order(geo_type: str) -> tuple[int, str]:
    drawn = list(maps.OUTLINES)
    return (drawn.index(geo_type) if geo_type in drawn else len(drawn), geo_type)


def _finding(frame: pl.DataFrame, name: str, geo_type: str, period: str) -> str:
    sure = frame.filter(pl.col("strength_least") >= 3).height
    if not frame["strength_least"].is_not_null().any():
        return f"{name}, {period}: {words.many(geo_type)}"
    if not sure:
        return f"{name}, {period}: surely strong in none of the {words.many(geo_type)}"
    kind = words.many(geo_type) if sure > 1 else words.one(geo_type)
    return f"{name}, {period}: strong in {sure:,} {kind}"


def _map(
    release: Release,
    frame: pl.DataFrame,
    geo_type: str,
    labels: dict[str, str],
    title: str,
    basis: dict[str, Any],
    parts: pl.DataFrame,
    period: str,
) -> None:
    shown = st.segmented_control(
        "Colour the map by",
        list(COLOURINGS),
        default="quotient",
        required=True,
        format_func=COLOURINGS.__getitem__,
        key="colour",
        bind="query-params",
    )
    look, alt = page.look(release), f"Map by {COLOURINGS[shown or 'quotient'].lower()}: {title}"
    if shown == "strength":
        page.draw_map(maps.strength_map, frame, geo_type, labels, look=look, alt=alt)
        page.credit("strength within the class, by rank over regions of the kind", parts, period)
        return
    drawn, unit = frame, f"{basis['unit']} ({basis['basis_name'].lower()})"
    if shown == "rivalry":
        unit = "establishments a job, against the same in the nation"
        drawn = frame.with_columns(
            pl.col("rivalry").alias("value"),
            pl.col("rivalry_lower").alias("value_lower"),
            pl.col("rivalry_upper").alias("value_upper"),
        )
    page.draw_map(maps.quotient_map, drawn, geo_type, labels, look=look, alt=alt)
    page.credit(unit, parts, period)


def _strengths(
    release: Release,
    frame: pl.DataFrame,
    name: str,
    geo_type: str,
    period: str,
    parts: pl.DataFrame,
) -> None:
    st.subheader("How strong, in how many", anchor=False)
    held = frame.filter(pl.col("strength_least").is_not_null())
    if held.is_empty():
        st.info("Nothing is published that a strength could rest on.")
        return
    st.caption(
        "Ranks within traded or local employment, over regions of this kind with known "
        "employment. See the table for the test of significance (p)."
    )
    page.draw(
        charts_regions.strength_steps,
        held.select("geo_id", "strength_least", "strength_most"),
        look=page.look(release),
        alt=f"Number of {words.many(geo_type)} by strength in {name}, {period}",
    )
    page.credit(words.many(geo_type), parts, period)


def _headline(frame: pl.DataFrame, geo_type: str) -> None:
    known = frame.filter(pl.col("value").is_not_null())
    compared = words.rankable(frame)
    held = frame.filter(pl.col("obs_status").is_in(["C", "Q"]))
    sure = frame.filter(pl.col("strength_least") >= 3).height
    maybe = frame.filter((pl.col("strength_least") < 3) & (pl.col("strength_most") >= 3)).height
    tested = frame.filter(pl.col("p_value") <= words.ALPHA).height
    small = known.height - compared.height
    st.html(
        tables.tiles(
            {
                "With a value": (
                    f"{known.height:,} of {frame.height:,}",
                    words.many(geo_type),
                ),
                "Strong": (
                    f"{sure:,} – {sure + maybe:,}" if maybe else f"{sure:,}",
                    "the span is what is withheld" if maybe else "whatever is withheld",
                ),
                f"Significant (p ≤ {words.ALPHA:g})": (f"{tested:,}", "bootstrap test"),
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
        pl.col("p_value").alias("p"),
        words.written(frame, ["strength_least", "strength_most"], words.strength, "Strength"),
        pl.col("emp_count").alias("Employees"),
        pl.col("emp_lower_count").alias("Employees, least"),
        pl.col("emp_upper_count").alias("most"),
        pl.col("estabs_count").alias("Establishments"),
        (100 * pl.col("estabs_growth")).alias("Growth"),
        pl.col("rivalry").alias("Competition"),
        (100 * pl.col("sme_estabs_share")).alias("SMEs"),
        (100 * pl.col("sme_estabs_share_lower")).alias("SMEs, least"),
        pl.col("obs_status").replace({"": words.NO_CELL}).alias("Mark"),
        pl.col("obs_status").replace_strict(labels, default="").alias("Meaning"),
    )
    if geo_type != "county":
        shown = shown.drop("In")
    two = st.column_config.NumberColumn(format="%.2f", width="small")
    three = st.column_config.NumberColumn(format="%.3f", width="small")
    whole = st.column_config.NumberColumn(format="localized", width="small")
    percent = st.column_config.NumberColumn(format="%.1f%%", width="small")
    st.dataframe(
        shown,
        hide_index=True,
        height=420,
        placeholder="–",
        column_config={
            **dict.fromkeys(("Value", "At least", "At most", "Competition"), two),
            **dict.fromkeys(("Employees", "Employees, least", "most", "Establishments"), whole),
            **dict.fromkeys(("Growth", "SMEs", "SMEs, least"), percent),
            "p": three,
        },
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
    st.html(
        f'<p class="ck-lead"><a href="{_address(geo_type, names[geo_id])}">The whole portfolio of '
        f"{tables.escape(names[geo_id])}</a>: strength, growth, suppliers, what is near.</p>"
    )
    rows = data.profile(release, INDICATOR, basis["basis"], geo_id, period)
    drawn, listed = st.columns([5, 4], gap="large")
    with drawn:
        page.draw(
            charts.profile,
            rows,
            unit=basis["unit"],
            look=page.look(release),
            alt=f"Location quotients of all clusters in {names[geo_id]}, {period}",
        )
    with listed:
        st.html(tables.cells(rows.filter(pl.col("obs_status") != ""), "cluster_name", labels))
        absent = rows.filter(pl.col("obs_status") == "")["cluster_name"].to_list()
        if absent:
            st.caption(f"No cell in this release: {', '.join(absent)}.")


def _address(geo_type: str, name: str) -> str:
    """Of the page of one region, with that region chosen."""
    chosen = {"region_level": words.geo_words(geo_type), f"region_{geo_type}": name}
    return tables.escape(f"region?{urlencode(chosen)}")


def _most_present(frame: pl.DataFrame, column: str) -> str:
    """What has most values that are not zero; the first of several."""
    return str(frame.sort("present", descending=True, maintain_order=True)[column][0])
