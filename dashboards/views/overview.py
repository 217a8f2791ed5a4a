"""Overview: what this release covers, how fresh it is, and what is missing."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import data, links, page, revisions, tables, words
from dashboards.data import Release

LEAD = (
    "Industrial clusters of the 21 APEC economies, measured against the seven guidelines of the "
    "APEC Symposium on Industrial Clustering for SMEs (Taipei, 2005), from official statistics."
)


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "Industrial cluster indicators", LEAD)
    parts = data.snapshots(release)
    size = data.headline(release)
    page.strip(release, parts)
    failed = size["checks_failed"]
    absent = size["economies"] - size["economies_with_values"]
    st.html(
        tables.tiles(
            {
                "Economies with figures": (
                    f"{size['economies_with_values']} of {size['economies']}",
                    "the others are listed with the reason" if absent else "for some indicator",
                ),
                "Indicators": (str(size["indicators"]), f"from {size['sources']} sources"),
                "Cells": (f"{size['cells']:,}", f"{size['values_shown']:,} with a value"),
                "Checks": (
                    f"{size['checks'] - failed:,} of {size['checks']:,}",
                    "passed" if failed else "all passed",
                ),
            }
        )
    )
    _places(release)
    _regions(release)
    _news(release)
    _coverage(release, parts)
    _guidelines(release)
    page.end(release, parts)


def _places(release: Release) -> None:
    st.subheader("Choose an economy", anchor=False)
    frame = data.coverage(release)
    counts = dict(
        frame.group_by("geo_name")
        .agg(pl.col("latest_period").is_not_null().sum())
        .select("geo_name", "latest_period")
        .rows()
    )
    names = data.economies(release)["geo_name"].to_list()
    st.html(
        links.chips(
            "Economies", ((name, str(counts.get(name, 0)), links.economy(name)) for name in names)
        )
    )
    st.caption("The number: indicators with a figure. The page of an economy sets it among peers.")


def _regions(release: Release) -> None:
    kinds = data.region_levels(release)["geo_type"].unique(maintain_order=True).to_list()
    if not kinds:
        return
    st.subheader("Choose a region", anchor=False)
    left, middle, right = st.columns([2, 3, 3], vertical_alignment="bottom")
    with left:
        kind = st.selectbox(
            "Kind of region", kinds, format_func=words.geo_words, key="overview_kind"
        )
    names = {
        row["geo_id"]: row["geo_name"]
        + (f", {row['parent_name']}" if kind == "county" and row["parent_name"] else "")
        for row in data.regions(release, kind).to_dicts()
    }
    with middle:
        chosen = st.selectbox(
            "Region",
            list(names),
            index=None,
            format_func=names.__getitem__,
            placeholder="Choose a region",
            key=f"overview_region_{kind}",
        )
    with right:
        if chosen is not None:
            address = links.region(words.geo_words(kind), kind, names[chosen])
            text = f"Open the portfolio of {names[chosen]}"
            st.html(
                f'<p class="ck-more"><a href="{tables.escape(address)}">'
                f"{tables.escape(text)}</a></p>"
            )


def _news(release: Release) -> None:
    st.subheader("What is new", anchor=False)
    before = revisions.before(data.history(release))
    if before is None:
        st.caption("This is the first release: there is none to compare it with.")
        return
    changes = data.revisions(release, before["seq"])
    st.html(f'<p class="ck-lead">{tables.escape(revisions.sentence(changes, before))}</p>')
    if changes.height:
        st.html(revisions.table(revisions.by_indicator(changes), limit=8))
    st.html(
        f'<p class="ck-more"><a href="{links.QUALITY}">All revisions, since any release</a></p>'
    )


def _coverage(release: Release, parts: pl.DataFrame) -> None:
    st.subheader("What is covered", anchor=False)
    frame = data.coverage(release)
    if frame.is_empty():
        st.info("This release holds no indicator at the level of economies.")
        return
    st.caption(
        "Newest year with a figure, for every indicator and economy. A letter stands where no "
        "year has one, and says why. The codes of economies are those of ISO 3166."
    )
    labels = words.status_labels(data.statuses(release))
    st.html(
        tables.matrix(frame, page.guideline_titles(release), labels)
        + '<div class="ck-key"><span><i class="ck-full"></i>as new as any economy’s</span>'
        '<span><i class="ck-recent"></i>up to two years older</span>'
        '<span><i class="ck-old"></i>older</span>'
        '<span><i class="ck-none"></i>no figure</span></div>'
    )
    used = frame.filter(pl.col("latest_period").is_null())["obs_status"].fill_null("").unique()
    page.legend(release, used.to_list())
    page.download(release, frame, "coverage", parts, key="overview_csv")
    st.html(
        f'<p class="ck-more"><a href="{links.COVERAGE}">All indicators of the catalogue, with the '
        "reason for each blank</a></p>"
    )


def _guidelines(release: Release) -> None:
    st.subheader("The seven guidelines", anchor=False)
    indicators = data.indicators(release)
    rows = [
        {
            "no": str(guide["guideline_no"]),
            "title": guide["title"],
            "indicators": _named(indicators, guide["guideline_id"]),
        }
        for guide in data.guidelines(release).to_dicts()
    ]
    rows.append(
        {"no": "", "title": "Structure of clusters", "indicators": _named(indicators, "structure")}
    )
    headings = {"no": "No.", "title": "Guideline", "indicators": "Indicators in this release"}
    st.html(tables.plain(pl.DataFrame(rows), headings))


def _named(indicators: pl.DataFrame, guideline_id: str) -> str:
    names = [
        row["indicator_name"] + (" (context)" if row["role"] == "context" else "")
        for row in indicators.filter(pl.col("guideline_id") == guideline_id).to_dicts()
    ]
    return "; ".join(names) or "none yet"
