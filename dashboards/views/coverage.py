"""Coverage: every indicator of the catalogue × 21 economies, and why a cell is blank."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import streamlit as st

from dashboards import charts_coverage, data, page, tables, words
from dashboards.charts_coverage import STATUSES
from dashboards.data import Release

LEAD = (
    "What there is of every indicator for each of the 21 economies, built or only planned: the "
    "newest period, and where there is nothing, the reason and what would fill it."
)
FILLED = ("observed", "carried", "outdated")
SIGNS = (
    "Signs of StatsAPEC: … unavailable, (c) confidential, - nil (a true zero), 0.0 less than half "
    "of the last digit."
)
SHOW = {"period": "Newest period", "value": "Newest value"}
IN_REGIONS = "reg."  # values of an economy's regions only
IN_CLUSTERS = "•"  # values by cluster only: there is not one number


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "Coverage", LEAD)
    parts = data.snapshots(release)
    page.strip(release, parts)
    everything = data.coverage_matrix(release)
    if everything.is_empty():
        st.info("This release holds no coverage matrix.")
        page.end(release, parts)
        return
    _headline(everything)
    blocks = {**page.guideline_titles(release), "advantages": "Advantages of clusters"}
    frame, show = _choose(everything, blocks)
    if frame.is_empty():
        st.info("No indicator fits this choice.")
        page.end(release, parts)
        return
    st.subheader(f"{SHOW[show]} of {frame['indicator_id'].n_unique()} indicators", anchor=False)
    st.caption(f"{SIGNS} A click on a cell shows where its newest number comes from.")
    shown = cell_texts(frame, show)
    st.html(tables.coverage(frame, blocks, shown) + _key(show))
    keys = zip(frame["indicator_id"], frame["geo_id"], strict=True)
    table = frame.with_columns(pl.Series("shown", [shown[key] for key in keys]))
    page.download(release, table, "coverage_matrix", parts, key="coverage_csv")
    _economies(release, frame)
    _reasons(frame)
    _regions(release, frame)
    page.end(release, parts)


def cell_texts(frame: pl.DataFrame, show: str) -> dict[tuple[str, str], str]:
    """(indicator, economy) → what stands in its cell of the matrix.

    Args:
        frame: rows of `data.coverage_matrix`.
        show: `period` or `value`; a value is written in StatsAPEC's notation.
    """
    texts: dict[tuple[str, str], str] = {}
    for (indicator_id,), rows in frame.group_by("indicator_id", maintain_order=True):
        digits = words.decimals(rows["value"])
        for row in rows.to_dicts():
            sign = tables.COVERED[row["coverage_status"]][1]
            if row["coverage_status"] not in FILLED:
                text = sign
            elif show == "period":
                text = row["latest_period"]
            elif row["value"] is not None:
                text = words.statsapec(row["value"], row["obs_status"], digits)
            else:
                text = IN_REGIONS if row["observed_at"] == "regions" else IN_CLUSTERS
            texts[str(indicator_id), row["geo_id"]] = text
    return texts


def _headline(frame: pl.DataFrame) -> None:
    filled = frame.filter(pl.col("coverage_status").is_in(FILLED))
    core = frame.filter("is_core")
    core_filled = filled.filter("is_core")["indicator_id"].n_unique()
    newest = filled.filter(pl.col("coverage_status") == "observed").height
    blank = frame.filter(pl.col("coverage_status") == "no source")
    places = frame["geo_id"].n_unique()
    st.html(
        tables.tiles(
            {
                "Core indicators with values": (
                    f"{core_filled} of {core['indicator_id'].n_unique()}",
                    "for some economy or region",
                ),
                "Cells with a value": (
                    f"{filled.height:,} of {frame.height:,}",
                    f"{frame['indicator_id'].n_unique()} indicators × {places} economies",
                ),
                "As new as anybody’s": (f"{newest:,}", f"of {filled.height:,} with a value"),
                "Without any source": (f"{blank.height:,}", "each with what would fill it"),
            }
        )
    )


def _choose(frame: pl.DataFrame, blocks: Mapping[str, str]) -> tuple[pl.DataFrame, str]:
    left, middle, right = st.columns([3, 2, 2], vertical_alignment="bottom")
    known = [block for block in blocks if block in set(frame["block"])]
    with left:
        chosen = st.multiselect(
            "Guidelines (empty: all)",
            known,
            format_func=blocks.__getitem__,
            key="coverage_guideline",
            bind="query-params",
        )
    with middle:
        show = st.segmented_control(
            "Show",
            list(SHOW),
            default="period",
            required=True,
            format_func=SHOW.__getitem__,
            key="coverage_show",
            bind="query-params",
        )
    with right:
        core = st.toggle("Core set only", key="coverage_core", bind="query-params")
        built = st.toggle("Only what has a formula here", key="coverage_built", bind="query-params")
    kept = frame.filter(pl.col("block").is_in(chosen or known))
    kept = kept.filter("is_core") if core else kept
    return (kept.filter("is_built") if built else kept), show or "period"


def _key(show: str) -> str:
    names = {
        "ck-full": STATUSES["observed"],
        "ck-recent": STATUSES["carried"],
        "ck-old": STATUSES["outdated"],
        "ck-withheld": f"{STATUSES['suppressed']} (c)",
        "ck-asked": f"… {STATUSES['missing']}",
        "ck-none": f"… {STATUSES['no source']}",
    }
    entries = "".join(f'<span><i class="{tone}"></i>{text}</span>' for tone, text in names.items())
    if show == "value":
        entries += f"<span>{IN_CLUSTERS} by cluster only</span>"
        entries += f"<span>{IN_REGIONS} in its regions only</span>"
    return f'<div class="ck-key">{entries}</div>'


def _economies(release: Release, frame: pl.DataFrame) -> None:
    counts = frame.group_by("geo_name", "coverage_status").agg(pl.len().alias("count"))
    filled = (
        frame.group_by("geo_name")
        .agg(pl.col("coverage_status").is_in(FILLED).sum().alias("n"))
        .sort("n", "geo_name", descending=[True, False])
    )
    of = frame["indicator_id"].n_unique()
    most, least = filled.row(0, named=True), filled.row(-1, named=True)
    title = (
        f"Most covered: {most['geo_name']}, {most['n']} of {of} indicators; least: "
        f"{least['geo_name']}, {least['n']}"
    )
    st.subheader(title, anchor=False)
    page.draw(
        charts_coverage.by_economy,
        counts.sort("geo_name", "coverage_status"),
        look=page.look(release),
        alt=f"Bars of the number of indicators by status for each economy. {title}",
    )
    st.caption("Unit: indicators. Source: the coverage matrix of this release (status of today).")


def _reasons(frame: pl.DataFrame) -> None:
    st.subheader("Why a cell is blank, or not of the newest period", anchor=False)
    blank = frame.filter(pl.col("coverage_status") != "observed")
    if blank.is_empty():
        st.caption("No cell of this choice is.")
        return
    rows = (
        blank.group_by("indicator_name", "coverage_status", "reason", maintain_order=True)
        .agg(pl.len().alias("count"), pl.col("geo_id").str.join(", "))
        .with_columns(
            pl.col("coverage_status").replace(STATUSES),
            pl.when(pl.col("count") == frame["geo_id"].n_unique())
            .then(pl.lit("all"))
            .otherwise("geo_id")
            .alias("geo_id"),
        )
    )
    headings = {
        "indicator_name": "Indicator",
        "coverage_status": "Status",
        "geo_id": "Economies",
        "reason": "Reason",
    }
    st.html(tables.plain(rows, headings))


def _regions(release: Release, frame: pl.DataFrame) -> None:
    st.subheader("Regions", anchor=False)
    found = data.regions_covered(release).filter(
        pl.col("indicator_id").is_in(frame["indicator_id"].unique().to_list())
    )
    if found.is_empty():
        st.caption("No indicator of this choice has cells of regions.")
        return
    st.caption("Regions that have a cell at all; a withheld one has no value in any period.")
    shown = found.with_columns(
        words.written(found, "geo_type", words.geo_words, "kind"),
        *(
            words.written(found, name, "{:,}".format, name)
            for name in ("regions", "with_value", "suppressed")
        ),
    )
    headings = {
        "indicator_name": "Indicator",
        "kind": "Regions",
        "regions": "Number",
        "with_value": "With a value",
        "suppressed": "Withheld",
        "latest_period": "Newest",
    }
    st.html(tables.plain(shown, headings, numeric=["regions", "with_value", "suppressed"]))
