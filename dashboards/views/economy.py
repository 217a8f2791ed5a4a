"""Profile: one economy against peers of the reader's choice, guideline by guideline."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from dashboards import charts, data, links, narrative, page, report, tables, words
from dashboards.data import Release

LEAD = (
    "One economy against peers of your choice, guideline by guideline. The bar shows which part of "
    "the peers lies below, as far as the figures tell; there is no score and no league table."
)


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "Profile of an economy", LEAD)
    names = dict(data.economies(release).rows())
    frame = data.newest(release)
    if frame.is_empty():
        st.info("This release holds no indicator of economies.")
        return
    parts = data.snapshots(release)
    left, right = st.columns([1, 3])
    with left:
        geo_id = st.selectbox(
            "Economy",
            list(names),
            format_func=names.__getitem__,
            key="economy",
            bind="query-params",
        )
    others = [code for code in names if code != geo_id]
    with right:
        peers = st.multiselect(
            "Peers (empty: all others)",
            others,
            format_func=names.__getitem__,
            key="peers",
            bind="query-params",
        )
    page.strip(release, parts)
    compared = [peer for peer in peers if peer != geo_id] or others
    rows = narrative.standings(frame, geo_id, compared)
    labels = words.status_labels(data.statuses(release))
    _headline(rows)
    sections = {
        row["guideline_id"]: (f"{row['guideline_no']}. {row['title']}", row["sentence"])
        for row in data.guidelines(release).to_dicts()
    } | {"structure": ("Structure of clusters", "")}
    for guideline_id, (title, quote) in sections.items():
        own = [row for row in rows if row["guideline_id"] == guideline_id]
        if own:
            _section(release, title, quote, own, labels, names[geo_id])
    page.legend(release, sorted({str(row["obs_status"]) for row in rows}))
    _take_away(release, names, geo_id, compared, rows, sections, labels)
    page.end(release, parts)


def _headline(rows: list[dict[str, Any]]) -> None:
    known = [row for row in rows if row["value"] is not None]
    placed = [row for row in known if row["standing"].share is not None]
    means = [narrative.reading(row, row["standing"]) for row in placed]
    unsure = sum(not row["standing"].is_certain for row in placed)
    st.html(
        tables.tiles(
            {
                "Indicators with a value": (f"{len(known)} of {len(rows)}", "newest year of each"),
                "On the favourable side": (str(means.count("favourable")), "of the peers’ middle"),
                "On the other side": (str(means.count("unfavourable")), "of the peers’ middle"),
                "Not distinguishable": (str(unsure), "the interval spans the middle"),
            }
        )
    )


def _section(
    release: Release,
    title: str,
    quote: str,
    rows: list[dict[str, Any]],
    labels: dict[str, str],
    place: str,
) -> None:
    st.header(title, anchor=False)
    if quote:
        st.html(f'<div class="ck-quote">“{tables.escape(quote)}”</div>')
    drawn, told = st.columns([5, 6], gap="large")
    with drawn:
        if any(row["standing"].share is not None for row in rows):
            page.show(
                charts.standings(rows, look=page.look(release)),
                alt=f"{place}: share of peers with a lower value, {title}",
            )
        else:
            st.caption("No indicator of this guideline can be placed among the peers.")
    with told:
        told_of = [(narrative.sentence(row, row["standing"], labels, place), row) for row in rows]
        st.html(
            '<ul class="ck-told">'
            + "".join(
                f"<li>{tables.escape(text)} {links.number('Passport', links.of_row(row))}</li>"
                for text, row in told_of
            )
            + "</ul>"
        )


def _take_away(
    release: Release,
    names: dict[str, str],
    geo_id: str,
    peers: list[str],
    rows: list[dict[str, Any]],
    sections: dict[str, tuple[str, str]],
    labels: dict[str, str],
) -> None:
    parts = data.snapshots(release)
    body = partial(
        report.html,
        names[geo_id],
        [names[peer] for peer in peers],
        rows,
        sections,
        labels,
        {
            "Release": release.release_id,
            "Built": words.moment(release.built_at),
            "Last checked": words.moment(parts["last_checked_at"].max(), "never"),  # type: ignore[arg-type]
        },
        [
            f"{row['source_name']}. {row['attribution']}. Licence: {row['licence_title']}."
            for row in data.by_source(parts).to_dicts()
        ],
        f"{page.DEMO_TITLE}. {release.notice}" if release.is_synthetic else "",
    )
    st.download_button(
        "Download this profile as a report (HTML, prints well)",
        body,
        f"{'SYNTHETIC_' if release.is_synthetic else ''}{geo_id}_report.html",
        "text/html",
        key="report_html",
        on_click="ignore",
    )
    page.download(release, data.newest(release), "newest_values", parts, key="economy_csv")
